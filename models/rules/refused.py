"""How a step is refused: it is not possible now, or it asks for something wrong."""

from models.messages import Refusal


class Refused(Exception):
    """A step is not possible now (`conflict`) or asks for something wrong (`invalid`)."""

    def __init__(self, kind: str, refusal: Refusal) -> None:
        """Takes "conflict" or "invalid", and what to say."""
        super().__init__(refusal.message)
        self.kind = kind
        self.refusal = refusal


def conflict(code: str, message: str) -> Refused:
    """The step doesn't fit the present state."""
    return Refused("conflict", Refusal(code=code, message=message))


def invalid(code: str, message: str, pointer: str = "") -> Refused:
    """The step's content can't be right."""
    return Refused("invalid", Refusal(code=code, message=message, pointer=pointer))
