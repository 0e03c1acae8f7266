"""How far a return is: the one status of every situation, and every step that is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages import (
    Acceptance,
    CountedLine,
    Decision,
    DecisionKind,
    Disposition,
    Grade,
    InspectedLine,
    LineDecision,
    Reason,
    Reception,
    RequestedLine,
    ReturnStatus,
)
from models.rules.progress import Progress
from models.rules.refused import Refused

APPROVE, DECLINE = DecisionKind.APPROVE, DecisionKind.DECLINE


def requested(*quantities: int, lines: str = "123456") -> Progress:
    return Progress.of(
        [
            RequestedLine(line=line, quantity=quantity, reason=Reason.TOO_SMALL)
            for line, quantity in zip(lines, quantities, strict=False)
        ]
    )


def approved(*quantities: int, lines: str = "123456") -> Progress:
    progress = requested(*quantities, lines=lines)
    progress.approve_all()
    return progress


def decision(kind: DecisionKind, actor: str = "user:1", **lines: DecisionKind) -> Decision:
    return Decision(
        id="d-1",
        actor=actor,
        decision=kind,
        lines=[LineDecision(line=name[1:], decision=each) for name, each in lines.items()],
    )


def count(line: str, quantity: int) -> CountedLine:
    return CountedLine(line=line, quantity=quantity)


def verdict(line: str, quantity: int, *, accepted: bool = True) -> InspectedLine:
    return InspectedLine(
        line=line,
        quantity=quantity,
        grade=Grade.A if accepted else Grade.D,
        disposition=Disposition.RESTOCK if accepted else Disposition.RETURN_TO_CUSTOMER,
        accepted=accepted,
    )


def received(*quantities: int) -> Progress:
    progress = approved(*quantities)
    progress.receive([count(line.line, line.requested) for line in progress.lines])
    return progress


def inspected(*quantities: int, accepted: bool = True) -> Progress:
    progress = received(*quantities)
    for line in progress.lines:
        progress.inspect(verdict(line.line, line.requested, accepted=accepted))
    return progress


def refusal(step: Callable[..., object], *args: object) -> tuple[str, str, str]:
    """Kind, sentence and pointer of the refusal."""
    with pytest.raises(Refused) as caught:
        step(*args)
    found = caught.value
    return found.kind, str(found), found.refusal.pointer


# --- each status -------------------------------------------------------------------------------


def granted(progress: Progress, *, paid: bool) -> Progress:
    for line in progress.lines:
        line.granted = line.accepted
        line.refunded = line.accepted if paid else 0
    return progress


def with_flags(progress: Progress, **flags: object) -> Progress:
    for name, value in flags.items():
        setattr(progress, name, value)
    return progress


@pytest.mark.parametrize(
    ("progress", "status"),
    [
        (requested(1), ReturnStatus.REQUESTED),
        (approved(1), ReturnStatus.APPROVED),
        (with_flags(approved(1), label_made=True), ReturnStatus.AWAITING_PARCEL),
        (with_flags(approved(1), label_made=True, moving=True), ReturnStatus.IN_TRANSIT),
        (with_flags(approved(1), moving=True), ReturnStatus.IN_TRANSIT),
        (with_flags(approved(1), moving=True, lost=True), ReturnStatus.LOST),
        (received(1), ReturnStatus.RECEIVED),
        (inspected(1), ReturnStatus.INSPECTED),
        (granted(inspected(1), paid=False), ReturnStatus.RESOLVING),
        (granted(inspected(1), paid=True), ReturnStatus.RESOLVED),
        (inspected(1, accepted=False), ReturnStatus.REJECTED),
        (with_flags(approved(1), blocked_by={"task"}), ReturnStatus.NEEDS_ATTENTION),
        *(
            (with_flags(approved(1), blocked_by={"task"}, ended_as=status), status)
            for status in (
                ReturnStatus.CLOSED,
                ReturnStatus.DECLINED,
                ReturnStatus.CANCELLED,
                ReturnStatus.EXPIRED,
                ReturnStatus.REJECTED,
            )
        ),
    ],
)
def test_a_return_has_the_status_of_where_it_is(progress: Progress, status: ReturnStatus) -> None:
    assert progress.status is status


def test_a_return_is_as_far_as_its_least_advanced_open_unit() -> None:
    progress = approved(2, 1)
    progress.receive([count("1", 1)])
    assert progress.status is ReturnStatus.PARTIALLY_RECEIVED
    progress.inspect(verdict("1", 1))
    granted(progress, paid=True)
    assert progress.status is ReturnStatus.PARTIALLY_RECEIVED
    progress.receive([count("1", 1), count("2", 1)])
    assert progress.status is ReturnStatus.RECEIVED
    progress.inspect(verdict("1", 1, accepted=False))
    progress.inspect(verdict("2", 1))
    assert progress.status is ReturnStatus.INSPECTED
    granted(progress, paid=False)
    assert progress.status is ReturnStatus.RESOLVING


def test_units_given_up_hold_nothing_up() -> None:
    progress = approved(3)
    progress.receive([count("1", 2)])
    assert progress.give_up_missing() == 1
    assert progress.status is ReturnStatus.RECEIVED
    progress.inspect(verdict("1", 2))
    assert granted(progress, paid=True).status is ReturnStatus.RESOLVED


# --- the decision --------------------------------------------------------------------------------


def test_a_decision_on_a_line_wins_over_the_one_on_the_whole() -> None:
    progress = requested(1, 2)
    declined = progress.decide(decision(APPROVE, _1=DECLINE))
    assert [line.line for line in declined] == ["1"]
    assert [line.approved for line in progress.lines] == [0, 2]
    assert progress.status is ReturnStatus.APPROVED


def test_declining_every_line_ends_it() -> None:
    progress = requested(1, 2)
    progress.decide(decision(APPROVE, _1=DECLINE, _2=DECLINE))
    assert progress.status is ReturnStatus.DECLINED


def test_a_line_named_twice_is_decided_twice_alike() -> None:
    progress = requested(1, 2, 1, lines="112")
    progress.decide(decision(APPROVE, _1=DECLINE))
    assert [line.approved for line in progress.lines] == [0, 0, 1]


def test_a_decision_is_refused_twice_and_for_unknown_lines() -> None:
    progress = requested(1)
    assert refusal(progress.check_decision, decision(APPROVE, _9=DECLINE)) == (
        "invalid",
        "The return has no line 9.",
        "/lines/0/line",
    )
    progress.decide(decision(APPROVE))
    assert refusal(progress.check_decision, decision(DECLINE))[:2] == (
        "conflict",
        "This return was already decided; it is approved.",
    )


def test_the_first_of_two_may_not_approve_again_but_may_decline() -> None:
    progress = requested(1)
    progress.first_approval = decision(APPROVE)
    assert refusal(progress.check_decision, decision(APPROVE))[:2] == (
        "conflict",
        "You approved this return already; a second person must approve it, too.",
    )
    progress.check_decision(decision(DECLINE))
    progress.check_decision(decision(APPROVE, actor="user:2"))


def test_what_the_first_of_two_declined_stays_declined() -> None:
    progress = requested(1, 1, 1)
    progress.first_approval = decision(APPROVE, _1=DECLINE)
    second = decision(APPROVE, actor="user:2", _2=DECLINE, _1=APPROVE)
    assert [line.line for line in progress.decide(second)] == ["1", "2"]
    assert [line.approved for line in progress.lines] == [0, 0, 1]


# --- cancelling -------------------------------------------------------------------------------


def test_it_can_be_cancelled_until_something_was_inspected() -> None:
    for progress in (requested(1), approved(1), received(1)):
        progress.check_cancel()
    for progress in (inspected(1), inspected(1, accepted=False)):
        assert refusal(progress.check_cancel)[:2] == (
            "conflict",
            "Goods of this return were inspected; it can't be cancelled.",
        )
    ended = with_flags(approved(1), ended_as=ReturnStatus.EXPIRED)
    assert refusal(ended.check_cancel)[:2] == (
        "conflict",
        "This return has ended; it is expired.",
    )


# --- the dock ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted", "refused"),
    [
        ([count("9", 1)], ("invalid", "The return has no line 9.", "/lines/0/line")),
        (
            [count("1", 1), count("1", 0)],
            ("invalid", "A quantity is a whole number from 1.", "/lines/1/quantity"),
        ),
        (
            [count("1", -1)],
            ("invalid", "A quantity is a whole number from 1.", "/lines/0/quantity"),
        ),
        (
            [count("1", 2), count("1", 1)],
            (
                "invalid",
                "0 of line 1 are still expected, not 1; put what is extra under unexpected.",
                "/lines/1/quantity",
            ),
        ),
    ],
)
def test_a_wrong_count_is_refused_at_its_place(
    counted: list[CountedLine], refused: tuple[str, str, str]
) -> None:
    progress = approved(2)
    assert refusal(progress.check_receipt, counted) == refused
    assert progress.received_units == 0


def test_nothing_is_received_before_the_decision_or_after_the_end() -> None:
    assert "decide it first" in refusal(requested(1).check_receipt, [count("1", 1)])[1]
    ended = with_flags(approved(1), ended_as=ReturnStatus.CANCELLED)
    assert "it is cancelled" in refusal(ended.check_receipt, [count("1", 1)])[1]


def test_units_of_a_line_named_twice_fill_the_first_place_first() -> None:
    progress = approved(2, 3, lines="11")
    assert progress.receive([count("1", 3)]) == 3
    assert [line.received for line in progress.lines] == [2, 1]
    progress.inspect(verdict("1", 3))
    assert [line.accepted for line in progress.lines] == [2, 1]


def test_a_found_parcel_is_not_lost() -> None:
    progress = with_flags(approved(2), lost=True)
    progress.receive([count("1", 1)])
    assert progress.status is ReturnStatus.PARTIALLY_RECEIVED


# --- inspection -------------------------------------------------------------------------------


def test_only_what_came_and_was_not_yet_looked_at_is_inspected() -> None:
    assert "receive it first" in refusal(approved(1).check_inspection, [verdict("1", 1)])[1]
    progress = received(2)
    progress.inspect(verdict("1", 1))
    assert refusal(progress.check_inspection, [verdict("1", 2)]) == (
        "invalid",
        "1 of line 1 are received and not yet inspected, not 2.",
        "/lines/0/quantity",
    )
    assert "no line 7" in refusal(progress.check_inspection, [verdict("7", 1)])[1]
    ended = with_flags(received(1), ended_as=ReturnStatus.CANCELLED)
    assert "it is cancelled" in refusal(ended.check_inspection, [verdict("1", 1)])[1]


# --- what is recorded -------------------------------------------------------------------------


def test_a_snapshot_tells_each_lines_counters_and_what_they_mean() -> None:
    progress = approved(3, 1)
    progress.receive([count("1", 2)])
    progress.inspect(verdict("1", 1))
    progress.inspect(verdict("1", 1, accepted=False))
    progress.give_up_missing()
    first, second = progress.snapshot()
    assert (first.accepted, first.rejected, first.missing, first.held) == (1, 1, 1, 1)
    assert first.reception is Reception.SHORT_SHIPPED
    assert first.acceptance is Acceptance.ACCEPTED
    assert (first.grade, first.disposition) == (Grade.D, Disposition.RETURN_TO_CUSTOMER)
    assert (second.missing, second.held) == (1, 0)
    assert second.acceptance is Acceptance.PENDING


@pytest.mark.parametrize(
    ("status", "held"),
    [
        (ReturnStatus.DECLINED, 0),
        (ReturnStatus.CANCELLED, 0),
        (ReturnStatus.EXPIRED, 0),
        (ReturnStatus.CLOSED, 2),
    ],
)
def test_a_return_that_came_to_nothing_holds_no_units(status: ReturnStatus, held: int) -> None:
    progress = with_flags(approved(2), ended_as=status)
    assert [line.held for line in progress.snapshot()] == [held]


def test_a_requested_return_holds_what_it_asks_for_and_a_declined_line_nothing() -> None:
    progress = requested(2, 1)
    assert [line.held for line in progress.snapshot()] == [2, 1]
    progress.decide(decision(APPROVE, _1=DECLINE))
    assert [line.held for line in progress.snapshot()] == [0, 1]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["receive", "accept", "reject", "give_up"]),
        st.sampled_from("12"),
        st.integers(min_value=1, max_value=3),
    ),
    max_size=12,
)


@given(STEPS)
def test_whatever_happens_the_counters_never_contradict_each_other(
    steps: list[tuple[str, str, int]],
) -> None:
    progress = approved(3, 2, 2, lines="121")
    for step, line, quantity in steps:
        try:
            if step == "receive":
                progress.check_receipt([count(line, quantity)])
                progress.receive([count(line, quantity)])
            elif step == "give_up":
                progress.give_up_missing()
            else:
                verdicts = verdict(line, quantity, accepted=step == "accept")
                progress.check_inspection([verdicts])
                progress.inspect(verdicts)
        except Refused:
            continue
        for each in progress.lines:
            assert 0 <= each.accepted + each.rejected <= each.received
            assert each.received + each.missing <= each.approved <= each.requested
        for told in progress.snapshot():
            assert told.accepted <= told.held <= told.requested
