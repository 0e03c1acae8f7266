"""The ways in which a task can end by word."""

from models.messages import TASK_CHOICES, TaskChoice, TaskKind
from models.rules.refused import invalid


def check_choice(kind: TaskKind, choice: str) -> None:
    """Whether a task of this kind can end so.

    Raises:
        Refused: it is no choice here, or one is needed.
    """
    offered = TASK_CHOICES.get(kind, ())
    if choice in offered or (not choice and (not offered or TaskChoice.WAIT in offered)):
        return
    if not offered:
        raise invalid(
            "unknown_choice", "This task ends in one way only; leave choice out.", "/choice"
        )
    raise invalid("unknown_choice", f"Choose one of these: {', '.join(offered)}.", "/choice")
