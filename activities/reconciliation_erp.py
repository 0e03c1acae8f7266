"""Comparing our credit memos with the ERP, and telling it what it was never told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.providers.erp.protocol import ErpProvider, ErpRefused, ErpUnclear
from models.database import Database
from models.rules.reconciliation import DifferenceKind, Found
from models.rules.reconciliation_erp import compare_with_erp
from models.store import erp, erp_papers
from models.store.reconciling_erp import our_memos

# What is asked for is tried for a day; what is older than that, nobody asks for any more.
LATE_AFTER = timedelta(hours=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpCompared:
    """What was found. `repaired`: places in `found`; `tell`: returns to tell the ERP of."""

    found: list[Found]
    repaired: set[int]
    tell: list[str]
    documents: int


def compare_erp(
    database: Database,
    provider: ErpProvider,
    since: datetime,
    clock: Callable[[], datetime],
) -> ErpCompared:
    """Compares; an ERP that doesn't answer is a difference of its own and stops nothing else.

    A memo of a return is told by the return's workflow; one of no return is recorded here.
    """
    now = clock()
    with database.read() as session:
        linked = erp.active(session)
    if linked is None:
        return ErpCompared(found=[], repaired=set(), tell=[], documents=0)
    since = max(since, linked.since)
    try:
        theirs = list(provider.list_credit_notes(since))
    except (ErpUnclear, ErpRefused) as error:
        problem = Found(
            kind=DifferenceKind.ERP_NOT_COMPARED,
            amount=0,
            currency="",
            explanation=f"The ERP could not be compared: {error.message}",
            provider=linked.name,
        )
        return ErpCompared(found=[problem], repaired=set(), tell=[], documents=0)
    with database.read() as session:
        ours = our_memos(
            session, since, {each.reference for each in theirs}, late_before=now - LATE_AFTER
        )
    found, repaired, tell = [], set(), []
    for place, (each, mends) in enumerate(compare_with_erp(linked.name, ours, theirs)):
        found.append(each)
        if not mends:
            continue
        if each.rma is not None:
            tell.append(each.rma)
            repaired.add(place)
        elif _record(database, provider, str(each.provider_reference), now):
            repaired.add(place)
    return ErpCompared(found=found, repaired=repaired, tell=tell, documents=len(theirs))


def _record(database: Database, provider: ErpProvider, reference: str, now: datetime) -> bool:
    with database.read() as session:
        note = erp_papers.credit_note(session, reference)
    try:
        held = provider.record_credit_note(note)
    except (ErpUnclear, ErpRefused):
        return False
    with database.write() as session:
        erp.acknowledge(session, held, now)
    return True
