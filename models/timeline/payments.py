"""Where the money is: refunds, store credit, goodwill, disputes and the ERP."""

from models.messages import EventKind
from models.timeline.facts import Facts, Words


def _granted(facts: Facts) -> str:
    if facts.number("ahead") and not facts.number("amount"):
        return "What went out in exchange is given ahead of the goods"
    words = f"Refund of {facts.money()} granted"
    if facts.number("ahead"):
        words += ", ahead of the goods"
    if facts.number("short"):
        words += f"; {facts.money('short')} of the quote can no longer be refunded"
    return words


def _credit(facts: Facts) -> str:
    words = f"Store credit of {facts.money()} issued"
    if facts.number("bonus"):
        words += f", {facts.money('bonus')} of it a bonus"
    return words


def _goodwill(facts: Facts) -> str:
    how = "as store credit" if facts.text("method") == "store_credit" else "to the payment"
    return f"Goodwill of {facts.money()} given {how}"


def _paid_otherwise(facts: Facts) -> str:
    if facts.text("method") == "store_credit":
        return f"{facts.refund()} given as store credit instead"
    if facts.text("method") == "lost_dispute":
        return f"{facts.refund()} counts as paid: the customer got it by the lost dispute"
    return f"{facts.refund()} paid by hand"


def _clawback(facts: Facts) -> str:
    if facts.number("graded"):
        return f"{facts.money()} more was paid ahead than {facts.units()} of their grade are worth"
    return (
        f"{facts.money()} was paid ahead for {facts.units()} that never came or had to be refused"
    )


def _clawback_settled(facts: Facts) -> str:
    if facts.text("outcome") == "written_off":
        return f"{facts.money()} that was paid ahead is written off"
    return f"The customer paid {facts.money()} back that was paid ahead"


def _dispute_answered(facts: Facts) -> str:
    if facts.text("outcome") == "accepted":
        return "The dispute is accepted: the customer keeps the money"
    return "The dispute is contested: evidence went to the bank"


def _dispute_closed(facts: Facts) -> str:
    if facts.text("outcome") == "lost":
        return "The dispute is lost: the bank has given the customer the money"
    return "The dispute is won: the money stays with the shop"


def _erp_recorded(facts: Facts) -> str:
    draft = ", as a draft" if facts.number("draft") else ""
    return f"The ERP has {facts.text('reference')} as {facts.text('numbers')}{draft}"


def _erp_failed(facts: Facts) -> str:
    problem = facts.text("problem").rstrip(".")  # With codes in it, which are left as they are.
    return f"The ERP has not taken {facts.text('reference')}: {problem}"


WORDS: Words = {
    EventKind.REFUND_GRANTED: _granted,
    EventKind.REFUND_PENDING: lambda facts: f"{facts.refund()} is with the payment provider",
    EventKind.REFUND_SUCCEEDED: lambda facts: f"{facts.refund()} paid{facts.destination()}",
    EventKind.REFUND_FAILED: lambda facts: f"{facts.refund()} failed{facts.because('failure')}",
    EventKind.REFUND_RETRIED: lambda _: "The refund is tried once more",
    EventKind.REFUND_PAID_BY_HAND: _paid_otherwise,
    EventKind.REFUND_MOVED: lambda _: "The refund goes to another payment of the order",
    EventKind.STORE_CREDIT_ISSUED: _credit,
    EventKind.GOODWILL_GRANTED: _goodwill,
    EventKind.CLAWBACK_NEEDED: _clawback,
    EventKind.CLAWBACK_SETTLED: _clawback_settled,
    EventKind.CLAWBACK_DROPPED: lambda facts: (
        f"{facts.money()} that was paid ahead is no longer asked back: the goods came"
    ),
    EventKind.DISPUTE_OPENED: lambda facts: (
        f"The customer disputes {facts.money()} with their bank; refunds of that payment wait"
    ),
    EventKind.DISPUTE_ANSWERED: _dispute_answered,
    EventKind.DISPUTE_CLOSED: _dispute_closed,
    EventKind.ERP_RECORDED: _erp_recorded,
    EventKind.ERP_FAILED: _erp_failed,
    EventKind.ERP_RETRIED: lambda facts: f"The ERP is asked for {facts.text('reference')} again",
    EventKind.ERP_BY_HAND: lambda facts: (
        f"{facts.text('reference')} was entered in the ERP by hand"
    ),
}
