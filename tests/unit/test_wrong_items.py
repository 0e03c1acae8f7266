"""Another thing came instead of what was announced."""

import pytest

from models.messages import CountedLine, Reason, Reception, RequestedLine, UnexpectedItem
from models.rules.progress import Progress
from models.rules.refused import Refused


def approved(**units: int) -> Progress:
    made = Progress.of(
        [
            RequestedLine(line=line.strip("_"), quantity=count, reason=Reason.STYLE)
            for line, count in units.items()
        ]
    )
    made.approve_all()
    return made


def instead(line: str, quantity: int = 1) -> UnexpectedItem:
    return UnexpectedItem(sku="HAT", quantity=quantity, instead_of=line)


def reception(progress: Progress) -> Reception:
    return progress.snapshot()[0].reception


def test_a_line_whose_units_came_as_another_thing_says_so_until_they_come() -> None:
    progress = approved(_1=2)
    progress.check_instead([], [instead("1")])
    progress.receive_instead("1")
    assert reception(progress) is Reception.WRONG_ITEM
    assert progress.outstanding_units == 2
    progress.receive([CountedLine(line="1", quantity=1)])
    assert reception(progress) is Reception.WRONG_ITEM
    progress.receive([CountedLine(line="1", quantity=1)])
    assert reception(progress) is Reception.RECEIVED


def test_it_stays_so_when_nobody_waits_for_them_any_more() -> None:
    progress = approved(_1=1)
    progress.receive_instead("1")
    progress.give_up_missing()
    assert reception(progress) is Reception.WRONG_ITEM


def test_no_more_can_have_come_as_another_thing_than_is_expected() -> None:
    progress = approved(_1=2)
    with pytest.raises(Refused, match="1 of line 1 are still expected, so 2") as refused:
        progress.check_instead([CountedLine(line="1", quantity=1)], [instead("1", 2)])
    assert refused.value.refusal.pointer == "/unexpected/0/instead_of"
    with pytest.raises(Refused, match="has no line 9"):
        progress.check_instead([], [instead("9")])
    progress.check_instead([CountedLine(line="1", quantity=1)], [instead("1")])
