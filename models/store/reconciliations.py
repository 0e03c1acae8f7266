"""Runs of the reconciliation: what they found, kept to be read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from models.rules.reconciliation import Found
from models.store.dialects import insert_or_ignore
from models.store.queries import Place
from models.tables import Difference, Reconciliation

RUNNING, DONE, FAILED = "running", "done", "failed"
OPEN, REPAIRED = "open", "repaired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSums:
    """A run, and how many differences it found and repaired."""

    run: Reconciliation
    open: int
    repaired: int


def begin_run(session: Session, id: str, actor: str, at: datetime) -> None:
    """Takes note that a run has begun; once."""
    values = {"id": id, "status": RUNNING, "actor": actor, "started_at": at, "counts": {}}
    session.execute(insert_or_ignore(session, Reconciliation), [values])


def forget_run(session: Session, id: str) -> None:
    """Removes a run that could not be started."""
    session.execute(delete(Reconciliation).where(Reconciliation.id == id))


def save_found(
    session: Session,
    id: str,
    found: Iterable[Found],
    repaired: Collection[int],
    counts: dict[str, int],
) -> None:
    """Writes what a run found; a run that is tried again tells it afresh.

    `repaired`: places in `found`, from 0, that are repaired already.
    """
    session.execute(delete(Difference).where(Difference.reconciliation_id == id))
    session.add_all(
        Difference(
            reconciliation_id=id,
            kind=each.kind,
            state=REPAIRED if place in repaired else OPEN,
            amount=each.amount,
            currency=each.currency,
            rma=each.rma,
            order_number=each.order,
            refund=each.refund,
            provider=each.provider,
            provider_reference=each.provider_reference,
            explanation=each.explanation,
        )
        for place, each in enumerate(found)
    )
    session.execute(update(Reconciliation).where(Reconciliation.id == id).values(counts=counts))


def end_run(
    session: Session, id: str, at: datetime, *, told: Collection[str], problem: str | None
) -> None:
    """Ends a run.

    Args:
        session: a writing session.
        id: the run.
        at: when.
        told: the refunds whose workflows were told what the provider says; those are repaired.
        problem: why it could not be done; None: it was.
    """
    session.execute(
        update(Difference)
        .where(
            Difference.reconciliation_id == id,
            Difference.refund.in_(told),
            Difference.kind.in_(("lost_answer", "status_differs")),
        )
        .values(state=REPAIRED)
    )
    session.execute(
        update(Reconciliation)
        .where(Reconciliation.id == id)
        .values(status=FAILED if problem else DONE, ended_at=at, problem=problem)
    )


def load_run(session: Session, id: str) -> Reconciliation | None:
    """A run; None when there is none with this id."""
    return session.get(Reconciliation, id)


def list_runs(
    session: Session, *, limit: int, after: Place | None = None
) -> tuple[list[RunSums], Place | None]:
    """Runs, newest first, and where the next page starts."""
    query = select(Reconciliation).order_by(
        Reconciliation.started_at.desc(), Reconciliation.id.desc()
    )
    if after is not None and after.at is not None:
        query = query.where(
            or_(
                Reconciliation.started_at < after.at,
                (Reconciliation.started_at == after.at) & (Reconciliation.id < after.id),
            )
        )
    found = list(session.scalars(query.limit(limit + 1)))
    page = found[:limit]
    more = len(found) > limit
    place = Place(at=page[-1].started_at, id=page[-1].id) if more else None
    return _with_sums(session, page), place


def sums_of(session: Session, run: Reconciliation) -> RunSums:
    """A run with what it found, counted."""
    return _with_sums(session, [run])[0]


def differences_of(session: Session, id: str, *, limit: int | None = None) -> Sequence[Difference]:
    """What a run found; what is open comes first, the largest amounts first."""
    return session.scalars(
        select(Difference)
        .where(Difference.reconciliation_id == id)
        .order_by(Difference.state, Difference.amount.desc(), Difference.id)
        .limit(limit)
    ).all()


def _with_sums(session: Session, runs: Sequence[Reconciliation]) -> list[RunSums]:
    counted = {
        (run, state): count
        for run, state, count in session.execute(
            select(Difference.reconciliation_id, Difference.state, func.count())
            .where(Difference.reconciliation_id.in_([run.id for run in runs]))
            .group_by(Difference.reconciliation_id, Difference.state)
        )
    }
    return [
        RunSums(
            run=run,
            open=counted.get((run.id, OPEN), 0),
            repaired=counted.get((run.id, REPAIRED), 0),
        )
        for run in runs
    ]
