"""Compares our refunds with a provider's own list, and names each difference (money rule 14)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.messages import ManualMethod, RefundStatus
from models.money import to_text


class DifferenceKind(StrEnum):
    """How refunds, books and a provider's list disagree."""

    MISSING_AT_PROVIDER = "missing_at_provider"
    UNKNOWN_REFUND = "unknown_refund"
    LOST_ANSWER = "lost_answer"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    STATUS_DIFFERS = "status_differs"
    PAID_TWICE = "paid_twice"
    NOT_BOOKED = "not_booked"
    BOOKED_AMOUNT_DIFFERS = "booked_amount_differs"
    NOT_A_REFUND = "not_a_refund"
    STORE_CREDIT_DIFFERS = "store_credit_differs"
    CHAIN_BROKEN = "chain_broken"
    MISSING_IN_ERP = "missing_in_erp"
    ERP_AMOUNT_DIFFERS = "erp_amount_differs"
    TWICE_IN_ERP = "twice_in_erp"
    UNKNOWN_IN_ERP = "unknown_in_erp"
    ERP_NOT_COMPARED = "erp_not_compared"


_OPEN = frozenset({RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION})
_STANDING = _OPEN | {RefundStatus.SUCCEEDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRefund:
    """A refund transaction as our table has it. Amounts in minor units.

    Attributes:
        order: the order's number.
        workflow: what looks after it; None: nothing does, it was adopted.
        payment: the payment's reference at the provider.
        paid_reference: what a person typed when it was paid by hand.
        replaced: another transaction was made in its place.
    """

    id: str
    rma: str | None
    order: str
    workflow: str | None
    provider: str
    payment: str
    amount: int
    currency: str
    status: RefundStatus
    provider_reference: str | None
    paid_by: str | None
    paid_reference: str | None
    replaced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirRefund:
    """A refund as the provider lists it.

    Attributes:
        refund_id: our id, if the provider was given one.
        payment: the payment it was made at.
        charge: the payment's other name, "" for none.
        settled: what it took off the shop's balance, in minor units of `settled_in`.
    """

    reference: str
    refund_id: str | None
    payment: str
    charge: str
    amount: int
    currency: str
    status: RefundStatus
    failure: str | None = None
    settled: int | None = None
    settled_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPayment:
    """A payment of one of our orders.

    `left`: what it can still give back; `before`: what had come back when the order reached us.
    """

    id: int
    order: str
    currency: str
    left: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What the journal has for one refund: the sum on the account of what is owed, and where."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference.

    Attributes:
        amount: the money in question, in minor units; 0 when nobody's money is.
        adopt: the refund to take into our books: it was made at the provider by hand.
        adopt_at: the id of the payment it was made at.
        news: what the provider says, for the workflow that looks after the refund.
    """

    kind: DifferenceKind
    amount: int
    currency: str
    explanation: str
    rma: str | None = None
    order: str | None = None
    refund: str | None = None
    workflow: str | None = None
    provider: str | None = None
    provider_reference: str | None = None
    adopt: TheirRefund | None = None
    adopt_at: int | None = None
    news: TheirRefund | None = None


def compare_with_provider(
    provider: str,
    ours: Sequence[OurRefund],
    theirs: Sequence[TheirRefund],
    payments: Mapping[str, KnownPayment],
) -> Iterator[Found]:
    """Names what our refunds and a provider's list tell differently.

    Args:
        provider: its name.
        ours: every refund of ours that could be among theirs, and every one that has to be.
        theirs: what the provider lists, oldest first; of ours that it did not list, what it says
            when asked.
        payments: the payments of our orders that they were made at, by reference.
    """
    by_reference = {their.reference: their for their in theirs}
    by_refund: dict[str, list[TheirRefund]] = defaultdict(list)
    for their in theirs:
        if their.refund_id is not None:
            by_refund[their.refund_id].append(their)
    taken: set[str] = set()
    for our in ours:
        copies = by_refund.get(our.id, [])
        taken.update(copy.reference for copy in copies)
        if our.provider_reference is None:
            yield from _without_reference(our, copies)
            continue
        taken.add(our.provider_reference)
        found = by_reference.get(our.provider_reference)
        if found is None:
            yield _of(
                our,
                DifferenceKind.MISSING_AT_PROVIDER,
                f"The provider knows no refund {our.provider_reference}.",
            )
            continue
        yield from _paired(our, found)
        for copy in copies:
            if copy.reference != found.reference and copy.status in _STANDING:
                yield _paid_twice(our, copy, f"The provider paid it as {found.reference}, too.")
    foreign = [their for their in theirs if their.reference not in taken]
    yield from _made_elsewhere(provider, ours, foreign, payments)


def _without_reference(our: OurRefund, copies: Sequence[TheirRefund]) -> Iterator[Found]:
    """Of a refund whose answer we never got, what the provider has under our id."""
    standing = [copy for copy in copies if copy.status in _STANDING]
    if our.paid_by is not None or our.replaced:
        for copy in standing:
            yield _paid_twice(our, copy, "Without a clear answer it was paid in another way, too.")
        return
    told = standing[:1] or [copy for copy in copies[:1] if our.status in _OPEN]
    for copy in told:
        yield _of(
            our,
            DifferenceKind.LOST_ANSWER,
            f"The provider's answer never came; it has the refund as {copy.reference}, "
            f"{copy.status}.",
            their=copy,
            news=copy,
        )
    for copy in standing[1:]:
        yield _paid_twice(our, copy, f"The provider paid it as {standing[0].reference}, too.")


def _paired(our: OurRefund, their: TheirRefund) -> Iterator[Found]:
    """One refund as both have it."""
    if our.currency != their.currency:
        yield _of(
            our,
            DifferenceKind.CURRENCY_DIFFERS,
            f"We have it in {our.currency}, the provider in {their.currency}.",
            their=their,
        )
        return
    if our.amount != their.amount:
        yield _of(
            our,
            DifferenceKind.AMOUNT_DIFFERS,
            f"We have {_money(our.amount, our.currency)}, the provider "
            f"{_money(their.amount, their.currency)}.",
            their=their,
            amount=abs(our.amount - their.amount),
        )
        return
    if our.status is their.status or {our.status, their.status} <= _OPEN:
        return
    if our.status not in _STANDING:
        if their.status not in _STANDING:
            return
        if our.paid_by is not None or our.replaced:
            yield _paid_twice(our, their, "It had failed and was paid in another way, too.")
            return
    told = our.status in _OPEN or their.status not in _STANDING
    yield _of(
        our,
        DifferenceKind.STATUS_DIFFERS,
        f"We have it as {our.status}, the provider as {their.status}.",
        their=their,
        news=their if told else None,
    )


def _made_elsewhere(
    provider: str,
    ours: Sequence[OurRefund],
    foreign: Iterable[TheirRefund],
    payments: Mapping[str, KnownPayment],
) -> Iterator[Found]:
    """Refunds that somebody made at the provider itself, at payments of our orders."""
    by_hand = [our for our in ours if our.paid_by == ManualMethod.PAID_BY_HAND]
    left = {payment.id: payment.left for payment in payments.values()}
    before = {payment.id: payment.before for payment in payments.values()}
    for their in foreign:
        payment = payments.get(their.payment) or payments.get(their.charge)
        if payment is None or their.status not in _STANDING:
            continue
        of_order = [our for our in by_hand if our.order == payment.order]
        if any(their.reference in (our.paid_reference or "") for our in of_order):
            continue  # A person wrote down that this is how it was paid.
        if their.amount <= before[payment.id] and their.currency == payment.currency:
            before[payment.id] -= their.amount
            continue  # The order came with it.
        perhaps = [our.id for our in of_order if our.amount == their.amount]
        safe = False
        if their.currency != payment.currency:
            why = f"the payment is in {payment.currency}."
        elif perhaps:
            why = f"it may be what was written down as paid by hand for {', '.join(perhaps)}."
        elif before[payment.id]:
            why = (
                f"the order came with {_money(before[payment.id], payment.currency)} refunded at "
                "this payment, which may be part of it."
            )
        elif their.amount > left[payment.id]:
            why = (
                f"in our books the payment has only {_money(left[payment.id], payment.currency)} "
                "left to give."
            )
        else:
            safe, why = True, "it is taken into our books."
            left[payment.id] -= their.amount
        yield Found(
            kind=DifferenceKind.UNKNOWN_REFUND,
            amount=their.amount,
            currency=their.currency,
            explanation=f"A refund was made at the provider and not by Redress; {why}",
            order=payment.order,
            provider=provider,
            provider_reference=their.reference,
            adopt=their if safe else None,
            adopt_at=payment.id,
        )


def compare_with_books(ours: Iterable[OurRefund], booked: Mapping[str, Booked]) -> Iterator[Found]:
    """Names refunds whose entries are missing or have another amount.

    Args:
        ours: the refunds.
        booked: what the journal has for each, by its id; nothing for those it has nothing for.
    """
    for our in ours:
        due = our.amount if our.status is RefundStatus.SUCCEEDED or our.paid_by else 0
        entry = booked.get(our.id)
        if entry is None:
            if due:
                yield _of(our, DifferenceKind.NOT_BOOKED, "It was paid, and has no entry.")
        elif entry.amount != due or entry.currency != our.currency:
            yield _of(
                our,
                DifferenceKind.BOOKED_AMOUNT_DIFFERS,
                f"Its entries come to {_money(entry.amount, entry.currency)} instead of "
                f"{_money(due, our.currency)}.",
                amount=abs(due - entry.amount),
            )


def _of(
    our: OurRefund,
    kind: DifferenceKind,
    explanation: str,
    *,
    amount: int | None = None,
    their: TheirRefund | None = None,
    news: TheirRefund | None = None,
) -> Found:
    return Found(
        kind=kind,
        amount=our.amount if amount is None else amount,
        currency=our.currency,
        explanation=explanation,
        rma=our.rma,
        order=our.order,
        refund=our.id,
        workflow=our.workflow,
        provider=our.provider,
        provider_reference=their.reference if their else our.provider_reference,
        news=news,
    )


def _paid_twice(our: OurRefund, copy: TheirRefund, why: str) -> Found:
    return _of(our, DifferenceKind.PAID_TWICE, why, amount=copy.amount, their=copy)


def _money(amount: int, currency: str) -> str:
    return f"{to_text(amount, currency)} {currency}"
