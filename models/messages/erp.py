"""Telling the ERP of a return: its credit notes and its goods, each once."""

from dataclasses import dataclass, field


def erp_workflow_id(rma: str) -> str:
    """The id of the workflow that tells the ERP of a return."""
    return f"return/{rma}/erp"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpStart:
    """Starts telling the ERP. `run` is unique for each start, for the keys of its events."""

    rma: str
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpDue:
    """What the ERP has not acknowledged yet: references of ours, oldest first."""

    references: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpOrder:
    """Asks to have one document recorded in the ERP."""

    rma: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpRecorded:
    """The ERP's own numbers of a document. `final`: posted; else it is a draft there."""

    reference: str
    numbers: list[str] = field(default_factory=list)
    final: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpByHand:
    """A person recorded a document in the ERP. `note` is the id of a stored note: its number
    there.
    """

    rma: str
    reference: str
    note: str | None
    actor: str
    at: str
