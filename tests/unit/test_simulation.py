"""Outcomes of two policies compared and added up."""

from models.rules.simulation import CHANGES_SHOWN, JudgedTwice, Outcome, Tally, Verdict

APPROVED = Outcome(verdict=Verdict.APPROVE, total=5000)
REVIEWED = Outcome(verdict=Verdict.REVIEW, total=5000, rule="Look twice")
DENIED = Outcome(verdict=Verdict.DENY, total=0, words="Too late.")


def judged(
    number: int, before: Outcome, after: Outcome, buyer: str = "a", currency: str = "GBP"
) -> JudgedTwice:
    return JudgedTwice(
        rma=f"R-{number}",
        order=str(number),
        customer=buyer,
        buyer=buyer,
        currency=currency,
        before=before,
        after=after,
    )


def test_what_stays_is_counted_and_not_shown() -> None:
    tally = Tally()
    tally.add([judged(1, APPROVED, APPROVED), judged(2, DENIED, DENIED)])
    assert tally.to_json() == {
        "returns": 2,
        "changed": 0,
        "customers": 0,
        "decisions": {},
        "amounts": {"GBP": {"before": 5000, "after": 5000, "difference": 0}},
        "changes": [],
    }


def test_decisions_and_amounts_are_added_up_by_kind_and_currency() -> None:
    tally = Tally()
    less = Outcome(verdict=Verdict.APPROVE, total=4200)
    tally.add([judged(1, APPROVED, REVIEWED), judged(2, APPROVED, DENIED, "b")])
    tally.add([judged(3, APPROVED, less), judged(4, APPROVED, DENIED, "b", "EUR")])
    told = tally.to_json()
    assert (told["returns"], told["changed"], told["customers"]) == (4, 4, 2)
    # The third one's amount alone differs: no decision does.
    assert told["decisions"] == {"approve→deny": 2, "approve→review": 1}
    assert told["amounts"] == {
        "EUR": {"before": 5000, "after": 0, "difference": -5000},
        "GBP": {"before": 15000, "after": 9200, "difference": -5800},
    }
    assert [change["rma"] for change in told["changes"]] == ["R-1", "R-2", "R-3", "R-4"]
    assert told["changes"][0]["after"] == {
        "decision": "review",
        "total": 5000,
        "rule": "Look twice",
        "words": "",
    }


def test_only_the_first_changes_are_kept() -> None:
    tally = Tally()
    tally.add(judged(number, APPROVED, DENIED) for number in range(CHANGES_SHOWN + 5))
    told = tally.to_json()
    assert told["changed"] == CHANGES_SHOWN + 5
    assert len(told["changes"]) == CHANGES_SHOWN
