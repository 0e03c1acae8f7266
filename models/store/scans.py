"""What carriers said of a return's parcel."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import CarrierStatus
from models.tables import Scan


def keep_scan(
    session: Session, rma: str, event: str, status: CarrierStatus, at: datetime, detail: str
) -> None:
    """Keeps a scan; an event id counts once per return."""
    known = select(Scan.id).where(Scan.rma == rma, Scan.event == event)
    if session.scalar(known) is None:
        session.add(Scan(rma=rma, event=event, status=status, at=at, detail=detail or None))
