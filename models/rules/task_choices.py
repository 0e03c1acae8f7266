"""The ways in which a task can end by word."""

from models.messages import NOTE_SUFFICES, TASK_CHOICES, TaskChoice, TaskKind
from models.rules.refused import invalid


def check_reference(kind: TaskKind, choice: str, note: str) -> None:
    """Whether it is noted where money that came back can be found.

    Raises:
        Refused: it is not.
    """
    if kind is TaskKind.CLAWBACK and choice == TaskChoice.PAID and not note.strip():
        raise invalid(
            "reference_needed",
            "Give the reference of the customer's payment in the note, so that it can be found.",
            "/note",
        )


def check_choice(kind: TaskKind, choice: str) -> None:
    """Whether a task of this kind can end so.

    Raises:
        Refused: it is no choice here, or one is needed.
    """
    offered = TASK_CHOICES.get(kind, ())
    if choice in offered:
        return
    if not choice and (not offered or TaskChoice.WAIT in offered or kind in NOTE_SUFFICES):
        return
    if not offered:
        raise invalid(
            "unknown_choice", "This task ends in one way only; leave choice out.", "/choice"
        )
    raise invalid("unknown_choice", f"Choose one of these: {', '.join(offered)}.", "/choice")
