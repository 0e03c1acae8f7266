"""Exchanges: what is set aside for a return, paid for, sent out, or called off.

Every change is made under the order's lock. `shipped` and `cancelled` are final and exclude each
other: a line is priced as exchanged until its exchange is cancelled, and as refunded only then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session, selectinload

from models.messages import (
    EXCHANGING,
    ExchangeOpened,
    ExchangeOpening,
    ExchangeOutcome,
    ExchangeStatus,
    ExchangeStep,
    Granted,
)
from models.rules.accounts import Posting
from models.rules.orders import PaymentKind, TaxMode
from models.rules.postings import difference_postings, exchange_postings
from models.rules.quote import exchange_items
from models.rules.quote_lines import ExchangeItem
from models.rules.refused import conflict
from models.store import journal
from models.store.approval_limits import instead_of
from models.store.exchange_names import entry_name, paid_entry_name
from models.store.exchange_payback import give_back, payback_id, release
from models.store.exchange_stock import FINAL, difference, keep, sum_of
from models.store.granting import granted_message
from models.store.policies import policy_at
from models.store.pricing import order_facts, quoted_lines
from models.store.products import lock_product
from models.store.returns import lock_order, of_the_whole
from models.tables import Exchange, GrantedRefund, Note, Order, OrderLine, Payment, Return

# Where the difference can't be refunded to, so that it isn't expected from there either.
_NO_PROVIDER = (PaymentKind.CASH, PaymentKind.GIFT_CARD, PaymentKind.STORE_CREDIT)


def open_exchange(session: Session, asked: ExchangeOpening) -> ExchangeOpened:
    """Holds the stock of what was approved, and says what has to be paid before it goes out."""
    row, order, found = _locked(session, asked.start.rma)
    changed = found.round != asked.start.round
    if not changed and found.status not in FINAL and not found.paid:
        items = _items(session, row, asked.start.approved)
        keep(session, found, {item.no: item.quantity for item in items})
        found.difference = difference(items)
        due = found.difference > 0
        found.status = ExchangeStatus.AWAITING_PAYMENT if due else ExchangeStatus.RESERVED
    customer = order.customer
    return ExchangeOpened(
        status=ExchangeStatus.CANCELLED if changed else ExchangeStatus(found.status),
        due=max(0, found.difference) - found.paid,
        currency=found.currency,
        units=sum(line.quantity for line in found.lines),
        mailable=bool(row.contact_email or (customer and customer.email)),
        changed=changed,
    )


def pay(session: Session, asked: ExchangeStep) -> ExchangeOutcome:
    """Writes down that the customer paid the difference: another payment of the order, held until
    the item has gone out or the money goes back. Doing it again changes nothing.
    """
    row, order, found = _locked(session, asked.rma)
    name = _payment_name(found, asked.round)
    if any(each.payment == name for each in order.payments):
        return _outcome(session, found, asked)
    _check_round(found, asked)
    if found.status != ExchangeStatus.AWAITING_PAYMENT:
        return _outcome(session, found, asked)
    note = session.get(Note, asked.reference)
    example = next(
        (each for each in order.payments if each.kind not in _NO_PROVIDER), order.payments[0]
    )
    payment = Payment(
        order_number=order.number,
        payment=name,
        position=1 + max(each.position for each in order.payments),
        kind=example.kind,
        provider=example.provider,
        reference=note.body if note else asked.reference,
        amount=found.difference,
        currency=found.currency,
        refunded_before=0,
        reserved=found.difference,
        origin=row.rma,
    )
    session.add(payment)
    session.flush()
    order.paid += found.difference
    order.reserved += found.difference
    exchanged = sum_of(_items(session, row, {line.no: line.quantity for line in found.lines}))
    found.payment_id, found.paid = payment.id, found.difference
    found.paid_tax = -exchanged.tax_to_customer
    found.status = ExchangeStatus.RESERVED
    _post(
        session,
        row,
        source=paid_entry_name(found),
        at=datetime.fromisoformat(asked.at),
        memo=f"Difference paid for exchange {row.rma}",
        postings=difference_postings(exchanged, payment.kind),
    )
    return _outcome(session, found, asked)


def ship(session: Session, asked: ExchangeStep) -> ExchangeOutcome:
    """Writes down that the item went out: it leaves the stock and becomes a line of the order.

    Fewer units than were set aside go out when fewer were accepted; what was paid for the others
    goes back. Doing it again changes nothing.

    Raises:
        Refused: the exchange was called off or changed, or not paid for.
    """
    row, order, found = _locked(session, asked.rma)
    _check_round(found, asked)
    if found.status == ExchangeStatus.SHIPPED:
        return _outcome(session, found, asked)
    if found.status != ExchangeStatus.RESERVED:
        raise conflict(
            f"exchange_{found.status}", f"This exchange is {found.status}; nothing can go out."
        )
    at = datetime.fromisoformat(asked.at)
    accepted = asked.accepted
    items = _items(session, row, accepted or {line.no: line.quantity for line in found.lines})
    keep(session, found, {item.no: item.quantity for item in items})
    lines = {line.no: line for line in found.lines}
    for item in items:
        product = lock_product(session, item.replacement.sku)
        if product is not None:
            product.reserved -= item.quantity
            if product.stock is not None:
                product.stock -= item.quantity
        stored = next(part for part in row.lines if part.no == item.no)
        stored.order_line.reserved += item.exchanged.old
        added = _new_line(order, row, item, at, product.variant if product else {})
        session.add(added)
        session.flush()
        lines[item.no].order_line_id = added.id
    release(session, order, found)
    back = found.paid - max(0, difference(items)) if found.paid else 0
    found.status, found.tracking, found.shipped_at = ExchangeStatus.SHIPPED, asked.tracking, at
    found.difference = difference(items)
    _post(
        session,
        row,
        source=entry_name(found),
        at=at,
        memo=f"Exchange {row.rma} shipped",
        postings=[posting for item in items for posting in exchange_postings(item.exchanged)],
    )
    if back:
        give_back(session, row, order, found, amount=back, actor=asked.actor, at=at)
    session.expire(order, ["lines"])
    return _outcome(session, found, asked)


def call_off(session: Session, asked: ExchangeStep) -> ExchangeOutcome:
    """Gives stock and payment free, and has the accepted units refunded instead of exchanged.

    One that was shipped stays shipped: its status says so. Of one that was changed since, nothing
    is left to call off. Doing it again changes nothing.
    """
    row, order, found = _locked(session, asked.rma)
    if found.round == asked.round and found.status not in FINAL:
        at = datetime.fromisoformat(asked.at)
        keep(session, found, {})
        found.status, found.cancelled_at = ExchangeStatus.CANCELLED, at
        if asked.to_refund:
            instead = instead_of(row)
            for line in row.lines:
                if line.resolution in EXCHANGING:
                    line.resolution = instead
            row.resolution = of_the_whole((line.resolution for line in row.lines), row.resolution)
        release(session, order, found)
        if found.paid:
            give_back(session, row, order, found, amount=found.paid, actor=asked.actor, at=at)
    return _outcome(session, found, asked)


# --- within the order's lock -------------------------------------------------------------------


def _locked(session: Session, rma: str) -> tuple[Return, Order, Exchange]:
    order = lock_order(session, session.get_one(Return, rma).order_number)
    row = session.get_one(
        Return,
        rma,
        options=[selectinload(Return.lines), selectinload(Return.exchange)],
        populate_existing=True,
    )
    if order is None or row.exchange is None:
        raise LookupError(f"return {rma} has no exchange")
    return row, order, row.exchange


def _items(
    session: Session, row: Return, units: Sequence[int] | Mapping[int, int]
) -> Sequence[ExchangeItem]:
    """What goes out for so many units: of each return line, or of those named by number."""
    counts = (
        [units.get(line.no, 0) for line in row.lines] if isinstance(units, Mapping) else list(units)
    )
    policy = policy_at(session, row.policy_version)
    facts = order_facts(session, row.order, policy, apart_from=row.rma)
    return exchange_items(quoted_lines(row, facts, counts, policy))


def _new_line(
    order: Order, row: Return, item: ExchangeItem, at: datetime, variant: Mapping[str, str]
) -> OrderLine:
    """The item as a line of the order, worth the old line's value plus the difference paid."""
    new, tax, quantity = item.exchanged.new, item.exchanged.new_tax, item.quantity
    listed = new if order.tax_mode == TaxMode.INCLUSIVE else new - tax
    unit_price = -(-listed // quantity)
    old = next(line for line in order.lines if line.line == item.line)
    return OrderLine(
        order_number=order.number,
        line=f"{item.line}-{row.rma}-{item.no}",
        position=1 + max(line.position for line in order.lines),
        sku=item.replacement.sku,
        name=item.replacement.name,
        variant=dict(variant),
        category=old.category,
        quantity=quantity,
        unit_price=unit_price,
        discount=unit_price * quantity - listed,
        order_discount=0,
        tax_rate=old.tax_rate if item.replacement.same_product else item.replacement.tax_rate,
        tax=tax,
        paid=new,
        final_sale=old.final_sale,
        # Its own window begins when it went out.
        delivered_at=at,
        gift_card_code=None,
        reserved_units=0,
        reserved=0,
        origin=row.rma,
    )


def _post(
    session: Session,
    row: Return,
    *,
    source: str,
    at: datetime,
    memo: str,
    postings: Sequence[Posting],
) -> None:
    journal.post(
        session,
        source=source,
        rma=row.rma,
        order=row.order_number,
        at=at,
        currency=row.currency,
        memo=memo,
        postings=postings,
    )


def _payment_name(found: Exchange, round: int) -> str:
    return f"exchange-{found.rma}" if round == 1 else f"exchange-{found.rma}-{round}"


def _check_round(found: Exchange, asked: ExchangeStep) -> None:
    if found.round != asked.round:
        raise conflict(
            "exchange_changed",
            "What goes out was changed meanwhile; look at the return again before you go on.",
        )


def _outcome(session: Session, found: Exchange, asked: ExchangeStep) -> ExchangeOutcome:
    """How a round stands, with what was granted back of its payment."""
    made = session.get(GrantedRefund, payback_id(found.rma, asked.round))
    changed = found.round != asked.round
    return ExchangeOutcome(
        status=ExchangeStatus.CANCELLED if changed else ExchangeStatus(found.status),
        granted=Granted(refunds=[], amount=0, currency=found.currency)
        if made is None
        else granted_message(made),
        units=sum(line.quantity for line in found.lines),
        changed=changed,
    )
