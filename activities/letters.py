"""What a mail to a customer tells: the facts of a return, read once and kept apart from words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.messages import EventKind, PayoutMethod, Reason, Reception, RefundStatus, ReturnKind
from models.rules.policy import Policy
from models.rules.reasons import FAULTS
from models.rules.terms import Fault
from models.store.credit_rows import MovementKind
from models.store.policies import policy_at
from models.store.recipients import greeted_as
from models.tables import (
    Event,
    GrantedRefund,
    Label,
    Note,
    Payment,
    Refund,
    Return,
    ReturnLine,
    StoreCredit,
)

# The shop chose its carrier, so it also says sorry for what happened on the way.
_OUR_DOING = {
    Reason.NOT_AS_DESCRIBED,
    Reason.DEFECTIVE,
    Reason.DAMAGED_IN_TRANSIT,
    Reason.WRONG_ITEM,
    Reason.MISSING_PARTS,
    Reason.ARRIVED_LATE,
}
_NOT_THEIRS = {Fault.MERCHANT, Fault.CARRIER}
_HELD_BACK = {RefundStatus.FAILED, RefundStatus.CANCELED, RefundStatus.REQUIRES_ACTION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A line of the return; counts are in units, `granted_amount` in minor units.

    `note` is what the shop wrote when it declined this line, `reason` why it comes back, in words.
    `swapped`: another thing was in the parcel in its place.
    """

    name: str
    variant: str
    requested: int
    approved: int
    received: int
    accepted: int
    rejected: int
    missing: int
    granted: int
    granted_amount: int
    grade: str | None
    note: str | None
    reason: str
    swapped: bool
    # Money or goods were given for it before it came.
    ahead: bool = False

    @property
    def declined(self) -> int:
        """Units that were asked for and not approved."""
        return self.requested - self.approved

    @property
    def outstanding(self) -> int:
        """Units that are still expected."""
        return self.approved - self.received - self.missing

    @property
    def unsettled(self) -> int:
        """Units still expected, or here and not yet checked."""
        return self.approved - self.accepted - self.rejected - self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A line of the quote, in minor units, with the words that explain it."""

    explanation: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money at one payment, in minor units. `kind` is the payment's: card, gift_card …

    Exactly one of `paid`, `on_its_way` and `held_back` is true. `by_hand` names the way when a
    person paid it otherwise.
    """

    kind: str
    amount: int
    paid: bool
    on_its_way: bool
    held_back: bool
    by_hand: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCredit:
    """Store credit the mail is about, in minor units; `amount` includes `bonus`."""

    code: str
    origin: str
    amount: int
    bonus: int
    balance: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodwill:
    """Money given without goods, and the payments it goes to."""

    amount: int
    payouts: tuple[Payout, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What goes out in exchange: names with units, what is still to be paid, and its tracking."""

    items: tuple[tuple[str, int], ...]
    due: int
    tracking: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLabel:
    """The label that goes with the mail."""

    tracking: str
    carrier: str
    pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything the templates may use. Amounts are minor units of `currency`.

    Attributes:
        name: how to greet the customer; None when unknown.
        locale: the customer's, as the shop sent it.
        country: the order's, likewise.
        asked_at: when the request reached us.
        our_doing: the reasons for which the shop should say sorry.
        granted: what was decided to pay so far for goods, and `granted_lines` how it came about;
            `short` was owed but can't go back to a payment.
        credited: what of it is store credit, its bonus included.
        paid_ahead: the money was granted before the goods came.
        payouts: the money moving for goods.
        credit: the store credit a mail brings; None in other mails.
        exchange: what goes out instead; None: nothing does.
        given: the goodwill a mail tells of; None in other mails.
        post_by: the last moment to hand the parcel in.
        note: what the shop wrote when it declined the whole.
        gift: it goes to whom the goods were given: no prices, no payments, nothing of the buyer.
    """

    rma: str
    order_number: str
    name: str | None
    locale: str | None
    country: str | None
    currency: str
    asked_at: datetime
    claim: bool
    gift: bool
    our_doing: frozenset[str]
    items: tuple[Item, ...]
    quote: tuple[Amount, ...]
    quote_total: int
    granted: int
    granted_lines: tuple[Amount, ...]
    short: int
    credited: int
    paid_ahead: bool
    payouts: tuple[Payout, ...]
    credit: IssuedCredit | None
    exchange: Outgoing | None
    given: Goodwill | None
    label: PrintedLabel | None
    post_by: datetime | None
    note: str | None

    @property
    def all_approved(self) -> bool:
        """Everything that was asked for may come back."""
        return not any(item.declined for item in self.items)

    @property
    def left_out(self) -> bool:
        """Something on the list was not accepted, or not yet."""
        return any(item.accepted < item.requested for item in self.items)

    @property
    def outstanding(self) -> int:
        """Units that are still expected."""
        return sum(item.outstanding for item in self.items)

    @property
    def paid(self) -> int:
        """What has been paid back so far."""
        return sum(payout.amount for payout in self.payouts if payout.paid)

    @property
    def unpaid(self) -> tuple[Payout, ...]:
        """What was decided to be paid and is not."""
        return tuple(payout for payout in self.payouts if not payout.paid)


def read_letter(session: Session, found: Return, key: str) -> Letter:
    """Reads all facts of a return that a mail may tell.

    `key` is the mail's: what beside the return it is about stands at its beginning.
    """
    gift = found.kind == ReturnKind.GIFT
    customer = None if gift else found.order.customer
    grants = session.scalars(
        select(GrantedRefund)
        .where(GrantedRefund.rma == found.rma)
        .options(selectinload(GrantedRefund.lines))
        .order_by(GrantedRefund.created_at, GrantedRefund.id)
    ).all()
    for_goods = [made for made in grants if made.kind == "return"]
    beside = next((made for made in grants if key.startswith(f"{made.id}/mail/")), None)
    whole_note, line_notes = _decision_notes(session, found.rma)
    lines = session.scalars(
        select(ReturnLine)
        .where(ReturnLine.rma == found.rma)
        .order_by(ReturnLine.no)
        .options(selectinload(ReturnLine.order_line))
    ).all()
    post_by = found.deadlines.get("parcel")
    return Letter(
        rma=found.rma,
        order_number=found.order_number,
        name=greeted_as(found),
        locale=customer.locale if customer else None,
        country=found.order.country,
        currency=found.currency,
        asked_at=found.created_at,
        claim=found.kind == ReturnKind.CLAIM,
        gift=gift,
        our_doing=_our_doing(policy_at(session, found.policy_version), lines),
        items=tuple(_item(line, line_notes) for line in lines),
        quote=()
        if gift
        else tuple(
            Amount(explanation=line.explanation, amount=line.amount) for line in found.quote_lines
        ),
        quote_total=found.quote_total,
        granted=sum(made.amount + made.bonus for made in for_goods),
        granted_lines=()
        if gift
        else tuple(
            Amount(explanation=line.explanation, amount=line.amount)
            for made in for_goods
            for line in made.lines
        ),
        short=sum(made.short for made in for_goods),
        credited=sum(
            made.amount + made.bonus
            for made in for_goods
            if made.method == PayoutMethod.STORE_CREDIT
        ),
        paid_ahead=any(line.ahead for line in lines),
        payouts=() if gift else _payouts(session, for_goods),
        credit=_credit(session, found.rma, beside),
        exchange=_outgoing(found),
        given=None
        if beside is None
        else Goodwill(amount=beside.amount, payouts=_payouts(session, [beside])),
        label=_label(session, found.rma),
        post_by=datetime.fromisoformat(post_by) if post_by else None,
        note=whole_note,
    )


def _our_doing(policy: Policy, lines: Sequence[ReturnLine]) -> frozenset[str]:
    """The reasons that the shop says sorry for; of its own ones those that aren't the customer's
    fault.
    """
    return frozenset(
        line.reason
        for line in lines
        if line.reason in _OUR_DOING
        or (line.reason not in FAULTS and policy.on_reason(line.reason).fault in _NOT_THEIRS)
    )


def _item(line: ReturnLine, notes: dict[str, str]) -> Item:
    sold = line.order_line
    return Item(
        name=sold.name,
        variant=", ".join(str(value) for value in sold.variant.values() if value),
        requested=line.requested,
        approved=line.approved,
        received=line.received,
        accepted=line.accepted,
        rejected=line.rejected,
        missing=line.missing,
        granted=line.granted,
        granted_amount=line.granted_amount,
        grade=line.grade,
        note=notes.get(sold.line),
        reason=line.why,
        ahead=line.ahead > 0,
        swapped=line.reception == Reception.WRONG_ITEM,
    )


def _decision_notes(session: Session, rma: str) -> tuple[str | None, dict[str, str]]:
    whole, lines = None, {}
    rows = session.execute(
        select(Event, Note)
        .join(Note, Event.note_id == Note.id)
        .where(
            Event.rma == rma,
            Event.kind.in_([EventKind.DECLINED, EventKind.LINE_DECLINED]),
        )
        .order_by(Event.at, Event.id)
    )
    for event, note in rows:
        if event.kind == EventKind.DECLINED:
            whole = note.body
        else:
            lines[str(event.data.get("line"))] = note.body
    return whole, lines


def _outgoing(found: Return) -> Outgoing | None:
    exchange = found.exchange
    if exchange is None:
        return None
    return Outgoing(
        items=tuple((line.name, line.quantity) for line in exchange.lines if line.quantity),
        due=max(0, exchange.difference - exchange.paid),
        tracking=exchange.tracking,
    )


def _credit(session: Session, rma: str, beside: GrantedRefund | None) -> IssuedCredit | None:
    """The store credit of the grant beside the return, else the newest one of the return."""
    query = select(StoreCredit).where(StoreCredit.rma == rma)
    if beside is not None:
        query = query.where(StoreCredit.source == f"grant/{beside.id}")
    row = session.scalar(query.order_by(StoreCredit.created_at.desc()).limit(1))
    if row is None:
        return None
    bonus = sum(moved.amount for moved in row.movements if moved.kind == MovementKind.BONUS)
    return IssuedCredit(
        code=row.code,
        origin=row.origin,
        amount=row.amount,
        bonus=bonus,
        balance=row.balance,
        expires_at=row.expires_at,
    )


def _payouts(session: Session, grants: Sequence[GrantedRefund]) -> tuple[Payout, ...]:
    rows = session.execute(
        select(Refund, Payment.kind)
        .join(Payment, Refund.payment_id == Payment.id)
        # One that was tried again is told by the transaction that did.
        .where(
            Refund.granted_refund_id.in_([made.id for made in grants]),
            Refund.replaced_by.is_(None),
        )
        .order_by(Refund.created_at, Refund.id)
    )
    payouts = []
    for refund, kind in rows:
        paid = refund.status == RefundStatus.SUCCEEDED or refund.paid_by is not None
        held_back = not paid and refund.status in _HELD_BACK
        payouts.append(
            Payout(
                kind=kind,
                amount=refund.amount,
                paid=paid,
                on_its_way=not paid and not held_back,
                held_back=held_back,
                by_hand=refund.paid_by,
            )
        )
    return tuple(payouts)


def _label(session: Session, rma: str) -> PrintedLabel | None:
    row = session.execute(
        select(Label.tracking, Label.carrier, Label.pdf)
        .where(Label.rma == rma)
        .order_by(Label.created_at.desc(), Label.key.desc())
        .limit(1)
    ).one_or_none()
    return PrintedLabel(tracking=row.tracking, carrier=row.carrier, pdf=row.pdf) if row else None
