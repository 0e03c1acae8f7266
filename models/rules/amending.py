"""What of a return may still change, by how far it is."""

from collections import Counter

from models.messages import Amended, AmendedLine, Amendment
from models.rules.counters import Line
from models.rules.progress import Progress
from models.rules.refused import conflict, invalid


def check_amendment(progress: Progress, asked: Amendment) -> None:
    """Whether a change may be made now; whether the policy takes it is judged later.

    Raises:
        Refused: it may not.
    """
    if progress.ended:
        raise conflict("already_ended", f"This return has ended; it is {progress.status}.")
    if any(line.accepted or line.rejected for line in progress.lines):
        raise conflict(
            "already_inspected",
            "Goods of this return were inspected; it can't be changed any more.",
        )
    if progress.ahead_units:
        raise conflict(
            "paid_ahead", "This return was paid ahead of its goods; it can't be changed any more."
        )
    if asked.lines is None and asked.resolution is None and asked.exchange is None:
        raise invalid(
            "nothing_to_change", "Say what shall change: lines, resolution, exchange or several."
        )
    for index, item in enumerate(asked.exchange or ()):
        if item.quantity < 1:
            raise invalid(
                "quantity", "A quantity is a whole number from 1.", f"/exchange/{index}/quantity"
            )
    if asked.lines is None:
        return
    if not asked.lines:
        raise invalid(
            "no_lines", "Name a line that comes back, or cancel the return instead.", "/lines"
        )
    for index, part in enumerate(asked.lines):
        if part.quantity < 1:
            raise invalid(
                "quantity", "A quantity is a whole number from 1.", f"/lines/{index}/quantity"
            )
    if progress.decided:
        _check_decided(progress, asked.lines)


def _check_decided(progress: Progress, asked: list[AmendedLine]) -> None:
    approved, wanted = Counter[str](), Counter[str]()
    for line in progress.lines:
        approved[line.line] += line.approved
    for part in asked:
        wanted[part.line] += part.quantity
    if progress.received_units and +approved != wanted:
        raise conflict(
            "already_received",
            "Goods of this return have come; only what is given for them can change.",
        )
    if any(units > approved[line] for line, units in wanted.items()):
        raise conflict(
            "more_than_approved",
            "This return was decided; it can only become smaller. "
            "Ask for another return for what is to come on top.",
        )


def declined_lines(progress: Progress) -> list[int]:
    """Numbers of the lines that were declined."""
    return [line.no for line in progress.lines if progress.decided and not line.approved]


def amend(progress: Progress, amended: Amended) -> None:
    """Takes the lines as they are now; what was counted of them stays."""
    before = [line for line in progress.lines if line.approved or not progress.decided]
    gone = [line for line in progress.lines if line not in before]
    lines = []
    for no, now in enumerate(amended.lines, start=1):
        pool = gone if no in amended.declined else before
        found = next((line for line in pool if line.line == now.line), None)
        if found is None:
            found = Line(no=no, line=now.line, requested=now.quantity)
        else:
            pool.remove(found)
        found.no, found.requested = no, now.quantity
        if progress.decided and no not in amended.declined:
            found.approved = now.quantity
        lines.append(found)
    progress.lines = lines
    if not progress.decided:
        progress.first_approval = None
