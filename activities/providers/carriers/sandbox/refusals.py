"""The errors the sandbox carrier answers with, in EasyPost's shape."""

from http import HTTPStatus


class Refused(Exception):
    """Carries a refusal to the edge, where it becomes the answer.

    Args:
        status: the HTTP status.
        code: EasyPost's code.
        message: a sentence for people.
    """

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, object]:
        """EasyPost's `{"error": {...}}`."""
        return {"error": {"code": self.code, "message": self.message, "errors": []}}


def invalid(message: str) -> Refused:
    """422: the request can't be done as it stands."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "SHIPMENT.INVALID_PARAMS", message)


def missing(what: str) -> Refused:
    """404: there is none."""
    return Refused(HTTPStatus.NOT_FOUND, "NOT_FOUND", f"The requested {what} could not be found.")
