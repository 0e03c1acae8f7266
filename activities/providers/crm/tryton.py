"""Tryton's complaints as the customers' record: one for each return, with a note a milestone."""

from datetime import UTC
from threading import Lock

from activities.providers.crm.protocol import Case, CrmProvider, CrmRefused, CrmUnclear, Standing
from activities.providers.erp.tryton.directory import Directory, find_company
from activities.providers.tryton.client import Record, Tryton
from activities.providers.tryton.translating import translated
from models.system_settings import SystemSettings

_COMPLAINT = "sale.complaint"
_NOTE = "ir.note"
# Tryton processes what is approved by itself, and so ends it.
_ENDED = {
    Standing.OPEN: ("waiting",),
    Standing.DONE: ("approved", "done"),
    Standing.DECLINED: ("rejected",),
    Standing.CANCELLED: ("cancelled",),
}
_TO_DRAFT = frozenset({"rejected", "done", "cancelled"})
_FROM_WAITING = {
    Standing.DONE: "approve",
    Standing.DECLINED: "reject",
    Standing.CANCELLED: "cancel",
}
_translated = translated(CrmUnclear, CrmRefused)


class TrytonCrm:
    """The complaints of one company in one Tryton database."""

    def __init__(self, settings: SystemSettings) -> None:
        """Calls nothing yet."""
        self._settings = settings
        self._lock = Lock()
        self._known: tuple[Tryton, Directory] | None = None

    @_translated
    def record(self, case: Case) -> None:
        """See `CrmProvider`."""
        complaint = self._complaint(case)
        self._note(complaint["id"], case)
        self._move(complaint, case.standing)

    def _complaint(self, case: Case) -> Record:
        """The one complaint of a return, made if there is none."""
        tryton, directory = self._open()
        found = self._search(case.rma)
        if not found:
            sale = directory.sale(case.order)
            values = {
                "reference": case.rma,
                "date": case.opened_at.date(),
                "company": directory.company,
                "customer": sale.party,
                "type": self._type(),
                "origin": f"sale.sale,{sale.id}",
                "description": f"Return {case.rma} of order {case.order}",
            }
            tryton.create(_COMPLAINT, values)
            # Two that asked at once both found nothing: the first one counts.
            found = self._search(case.rma)
        if not found:
            raise CrmUnclear(f"Tryton does not show {case.rma}, which was just recorded.")
        first, *others = found
        for other in others:
            if other["state"] == "draft":
                tryton.delete(_COMPLAINT, other["id"])
        return first

    def _note(self, complaint: int, case: Case) -> None:
        """Adds what the complaint has no note of yet, in order."""
        tryton, _ = self._open()
        resource = f"{_COMPLAINT},{complaint}"
        notes = tryton.search(_NOTE, [["resource", "=", resource]], ["message"])
        # Each ends with its key.
        there = {(note["message"] or "").rpartition("\n")[2] for note in notes}
        for milestone in case.milestones:
            if milestone.key not in there:
                at = f"{milestone.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
                message = f"{at}: {milestone.words}\n{milestone.key}"
                tryton.create(_NOTE, {"resource": resource, "message": message})

    def _move(self, complaint: Record, standing: Standing) -> None:
        """Presses what leads from the state it is in to the one it should be in."""
        tryton, _ = self._open()
        state = complaint["state"]
        if state in _ENDED[standing] or state == "approved":
            return
        buttons = []
        if state in _TO_DRAFT:
            buttons.append("draft")
            state = "draft"
        if state == "draft":
            buttons.append("wait")
        if standing in _FROM_WAITING:
            buttons.append(_FROM_WAITING[standing])
        for button in buttons:
            tryton.press(_COMPLAINT, complaint["id"], button)

    def _type(self) -> int:
        """The oldest kind of complaint that is about sales."""
        tryton, _ = self._open()
        found = tryton.search(
            "sale.complaint.type",
            [["origin.name", "=", "sale.sale"]],
            ["id"],
            limit=1,
            order=[("id", "ASC")],
        )
        if not found:
            raise CrmRefused(
                "Tryton has no complaint type whose origin is Sale; add one in the configuration "
                "of its sales."
            )
        return int(found[0]["id"])

    def _search(self, rma: str) -> list[Record]:
        tryton, directory = self._open()
        return tryton.search(
            _COMPLAINT,
            [["reference", "=", rma], ["company", "=", directory.company]],
            ["state"],
            order=[("id", "ASC")],
        )

    def _open(self) -> tuple[Tryton, Directory]:
        """The database as the company sees it; which company it is, is asked for once."""
        with self._lock:
            if self._known is None:
                settings = self._settings
                company = find_company(Tryton(settings.url, settings.key), settings.company)
                tryton = Tryton(settings.url, settings.key, company=company)
                self._known = tryton, Directory(tryton, company)
            return self._known


def connect(settings: SystemSettings) -> CrmProvider:
    """What the entry point `tryton` of `redress.crm` names."""
    return TrytonCrm(settings)
