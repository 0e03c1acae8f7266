"""Claims against carriers for parcels they lost."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.messages import ClaimStatus
from models.tables import CarrierClaim, Label, Return


def open_claim(session: Session, task: str, rma: str, at: datetime) -> None:
    """Records what the carrier of the newest label owes; doing it again changes nothing."""
    label = session.scalars(
        select(Label).where(Label.rma == rma).order_by(Label.created_at.desc())
    ).first()
    if label is None or session.get(CarrierClaim, task) is not None:
        return
    row = session.get_one(Return, rma)
    session.add(
        CarrierClaim(
            id=task,
            rma=rma,
            carrier=label.carrier,
            tracking=label.tracking,
            status=ClaimStatus.OPEN,
            amount=row.quote_total,
            currency=row.currency,
            opened_at=at,
        )
    )


def settle_claim(session: Session, task: str, outcome: str, at: datetime) -> None:
    """Records how a claim ended; the first word counts."""
    claim = session.get(CarrierClaim, task)
    if claim is not None and claim.status == ClaimStatus.OPEN:
        claim.status = ClaimStatus(outcome)
        claim.closed_at = at
