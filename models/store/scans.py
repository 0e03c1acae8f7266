"""What carriers said of a return's parcel."""

from datetime import datetime

from sqlalchemy.orm import Session

from models.messages import CarrierStatus
from models.store.dialects import insert_or_ignore
from models.tables import Scan


def keep_scan(
    session: Session, rma: str, event: str, status: CarrierStatus, at: datetime, detail: str
) -> None:
    """Keeps a scan; an event id counts once per return."""
    values = {"rma": rma, "event": event, "status": status, "at": at, "detail": detail or None}
    session.execute(insert_or_ignore(session, Scan), [values])
