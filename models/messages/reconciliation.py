"""Comparing refunds, books and the providers' lists."""

from dataclasses import dataclass, field

from models.messages.refunds import RefundNews


def reconciliation_workflow_id(run: str) -> str:
    """The id of a run's workflow."""
    return f"reconciliation/{run}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationStart:
    """Starts a run. `id`: of a run somebody asked for; None: each night's gets one of its own."""

    id: str | None = None
    actor: str = "redress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Asks to compare everything. `told`: refunds whose workflows were told by now."""

    id: str
    actor: str
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsForWorkflow:
    """What a provider says of a refund, and the workflow that looks after it.

    `rma`: its return, in which a recovery begins when that workflow has ended.
    """

    workflow: str
    rma: str
    news: RefundNews


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison found. `news`: what to pass on; `more`: compare again for the rest."""

    differences: int
    news: list[NewsForWorkflow]
    more: bool = False
    # Returns whose ERP workflow is to look at what it should have told.
    erp: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationEnd:
    """Ends a run. `at`: RFC 3339; `told`: refunds whose workflows were told; `problem`: in words,
    why it could not be done.
    """

    id: str
    at: str
    told: list[str] = field(default_factory=list)
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationResult:
    """A run that has ended. `differences`: how many it found, repaired ones included."""

    id: str
    differences: int
    told: int
    problem: str | None = None
