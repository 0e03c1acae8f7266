"""What payment providers and carriers reported, and what came of it; never what they wrote."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.tables import Dispute, Payment, ProviderEvent, Refund, Scan, UntoldCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ended: the moment of its last row, and what tells that one apart."""

    at: datetime
    id: str
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What an event was about here. `rma`: the return; "": it has none, or none is known."""

    words: str
    rma: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """An event that came, with what it was about here."""

    event: ProviderEvent
    led: list[Led]


def list_incoming(
    session: Session,
    *,
    limit: int,
    provider: str = "",
    taken: bool | None = None,
    about: str = "",
    before: Place | None = None,
) -> list[Incoming]:
    """Events that came, newest first; at most five queries.

    Args:
        session: a reading session.
        limit: at most so many.
        provider: of this sender; "": of all.
        taken: that meant something here, or not; None: both.
        about: the provider's id of the event or of what it is about; "": any.
        before: where the page before ended.
    """
    query = select(ProviderEvent)
    if provider:
        query = query.where(ProviderEvent.provider == provider)
    if taken is not None:
        query = query.where(ProviderEvent.taken == taken)
    if about:
        query = query.where(or_(ProviderEvent.about == about, ProviderEvent.event == about))
    at, name, sender = ProviderEvent.received_at, ProviderEvent.event, ProviderEvent.provider
    if before is not None:
        same = or_(name < before.id, and_(name == before.id, sender < before.provider))
        query = query.where(or_(at < before.at, and_(at == before.at, same)))
    rows = session.scalars(query.order_by(at.desc(), name.desc(), sender.desc()).limit(limit)).all()
    led = _led(session, rows)
    return [Incoming(event=row, led=led[row.provider, row.event]) for row in rows]


def providers_heard(session: Session) -> Sequence[str]:
    """Who has sent something."""
    query = select(ProviderEvent.provider).distinct().order_by(ProviderEvent.provider)
    return session.scalars(query).all()


def list_untold(
    session: Session, *, limit: int, rma: str = "", before: Place | None = None
) -> Sequence[UntoldCase]:
    """Returns that the CRM refused, the latest refusal first. `rma`: only this one."""
    query = select(UntoldCase)
    if rma:
        query = query.where(UntoldCase.rma == rma)
    if before is not None:
        same = and_(UntoldCase.at == before.at, UntoldCase.rma > before.id)
        query = query.where(or_(UntoldCase.at < before.at, same))
    return session.scalars(query.order_by(UntoldCase.at.desc(), UntoldCase.rma).limit(limit)).all()


def _led(session: Session, rows: Sequence[ProviderEvent]) -> dict[tuple[str, str], list[Led]]:
    """What taken events were about, found by the provider's ids of it."""
    found: dict[tuple[str, str], list[Led]] = defaultdict(list)
    taken = [row for row in rows if row.taken]
    abouts = {row.about for row in taken if row.about}
    by_about: dict[tuple[str, str], list[Led]] = defaultdict(list)
    if abouts:
        for refund, provider in session.execute(
            select(Refund, Payment.provider)
            .join(Payment, Payment.id == Refund.payment_id)
            .where(Refund.provider_reference.in_(abouts))
        ):
            led = Led(words=f"refund {refund.id}", rma=refund.rma or "", order=refund.order_number)
            by_about[provider, str(refund.provider_reference)].append(led)
        for dispute, order in session.execute(
            select(Dispute, Payment.order_number)
            .join(Payment, Payment.id == Dispute.payment_id)
            .where(Dispute.dispute.in_(abouts))
        ):
            led = Led(words=f"dispute, {dispute.status}", rma="", order=order)
            by_about[dispute.provider, dispute.dispute].append(led)
        for payment in session.scalars(select(Payment).where(Payment.reference.in_(abouts))):
            led = Led(words=f"payment {payment.payment}", rma="", order=payment.order_number)
            by_about[payment.provider, payment.reference].append(led)
    names = [row.event for row in taken]
    scans: dict[str, list[Led]] = defaultdict(list)
    if names:
        for scan in session.scalars(select(Scan).where(Scan.event.in_(names)).order_by(Scan.rma)):
            scans[scan.event].append(Led(words=f"scan, {scan.status}", rma=scan.rma, order=""))
    for row in taken:
        key = row.provider, row.event
        found[key] = by_about[row.provider, row.about] or scans[row.event]
    return defaultdict(list, found)
