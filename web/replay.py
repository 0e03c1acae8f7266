"""Goes through returns that a shop recorded once more, every step of the real process."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from sqlalchemy import select

from models.database import Database
from models.messages import (
    CarrierStatus,
    CountedLine,
    Deadlines,
    DecisionKind,
    Disposition,
    Grade,
    Reason,
    ReturnStatus,
)
from models.rules.rma import make_rma
from models.store.recorded_returns import RecordedReturn
from models.tables import Return
from web.access import Actor, Permission
from web.gateway import Gateway
from web.requests import (
    Answer,
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineRequest,
    ReceiptRequest,
    Refused,
    ReturnRequest,
    ScanRequest,
    Unavailable,
)

ACTOR = Actor(id="service:replay", name="Replay", permissions=frozenset(Permission))
# Nobody answers a follow-up to a return of years ago, so it closes as soon as it is resolved.
DEADLINES = Deadlines(follow_up_after=0)
_AT_ONCE = 12
_POLL = 0.1
# Worker and server may be gone for a while; then the replay waits for them this long.
_PATIENCE = 600.0
_RETRY_AFTER = 1.0


class Stuck(Exception):
    """A return does not go on by itself; the message says which and where it is."""


class Interrupted(Exception):
    """Somebody stopped the replay; running it again goes on from where it was."""


def rma_of(recorded: RecordedReturn) -> str:
    """The number a recorded return always gets, so that a second run finds the first one's."""
    digest = hashlib.sha256(reference_of(recorded).encode()).digest()
    return make_rma(int.from_bytes(digest[:8], "big") % 32**7)


def reference_of(recorded: RecordedReturn) -> str:
    """The shop's own name of a recorded return."""
    return f"{recorded.credit_note}/{recorded.order}"


class Replay:
    """Sends recorded returns through the gateway, several at a time.

    Every step has an id made from the return's number, so that going through it again after a
    crash on either side does nothing twice.
    """

    def __init__(self, gateway: Gateway, database: Database) -> None:
        """Takes the door to the workflows, and the database that tells where returns are."""
        self._gateway = gateway
        self._database = database
        self._stopped = threading.Event()

    def run(self, returns: Sequence[RecordedReturn], advance: Callable[[], None]) -> None:
        """Goes through all of them.

        Args:
            returns: what to go through.
            advance: called once for each that is closed, from one thread.

        Raises:
            Interrupted: by Ctrl-C.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = [pool.submit(self._go_through, recorded) for recorded in returns]
            try:
                for future in as_completed(futures):
                    future.result()
                    advance()
            except BaseException as error:
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                if isinstance(error, KeyboardInterrupt):
                    raise Interrupted from error
                raise

    def _go_through(self, recorded: RecordedReturn) -> None:
        """Does whatever step comes next until the return is closed, from wherever it stands."""
        rma = rma_of(recorded)
        deadline = time.monotonic() + _PATIENCE
        while (status := self._status(rma)) is not ReturnStatus.CLOSED:
            try:
                if self._step(rma, status, recorded):
                    deadline = time.monotonic() + _PATIENCE
                    continue
                pause = _POLL
            except Unavailable:  # The server is being started again.
                pause = _RETRY_AFTER
            if time.monotonic() > deadline:
                raise Stuck(f"Return {rma} stays {status or 'unrecorded'}; look at its page.")
            if self._stopped.wait(pause):
                raise Interrupted

    def _step(self, rma: str, status: ReturnStatus | None, recorded: RecordedReturn) -> bool:
        """Does the step that a status asks for; false when there is nothing to do but wait."""
        if status is None:
            return self._request(rma, recorded).settled
        if status is ReturnStatus.REQUESTED:
            decision = DecisionRequest(decision=DecisionKind.APPROVE)
            return self._gateway.decide(rma, decision, ACTOR, id=f"{rma}/decide").settled
        if status is ReturnStatus.AWAITING_PARCEL:
            return self._scan(rma, CarrierStatus.IN_TRANSIT, recorded).settled
        if status is ReturnStatus.IN_TRANSIT:
            self._scan(rma, CarrierStatus.DELIVERED, recorded)
            receipt = ReceiptRequest(
                lines=[
                    CountedLine(line=line, quantity=units) for line, units in _per_line(recorded)
                ]
            )
            return self._gateway.receive(rma, receipt, ACTOR, id=f"{rma}/receive").settled
        if status is ReturnStatus.RECEIVED:
            inspection = InspectionRequest(
                lines=[
                    InspectionLineRequest(
                        line=line, quantity=units, grade=Grade.A, disposition=Disposition.RESTOCK
                    )
                    for line, units in _per_line(recorded)
                ]
            )
            return self._gateway.inspect(rma, inspection, ACTOR, id=f"{rma}/inspect").settled
        return False

    def _scan(self, rma: str, status: CarrierStatus, recorded: RecordedReturn) -> Answer:
        scan = ScanRequest(event_id=f"{rma}/{status}", status=status, at=recorded.returned_at)
        return self._gateway.scan(rma, scan, ACTOR)

    def _request(self, rma: str, recorded: RecordedReturn) -> Answer:
        asked = _asked(recorded, override_reason=None)
        try:
            return self._ask(rma, asked, recorded)
        except Refused as refused:
            if any(refusal.code != "window_passed" for refusal in refused.refusals):
                raise
        reason = f"The shop took it back after the window, with {recorded.credit_note}."
        return self._ask(rma, _asked(recorded, override_reason=reason), recorded)

    def _ask(self, rma: str, asked: ReturnRequest, recorded: RecordedReturn) -> Answer:
        return self._gateway.request_return(
            asked, ACTOR, rma=rma, deadlines=DEADLINES, judged_at=recorded.returned_at
        )

    def _status(self, rma: str) -> ReturnStatus | None:
        with self._database.read() as session:
            found = session.scalar(select(Return.status).where(Return.rma == rma))
        return None if found is None else ReturnStatus(found)


def _asked(recorded: RecordedReturn, override_reason: str | None) -> ReturnRequest:
    return ReturnRequest(
        order=recorded.order,
        lines=[
            LineRequest(line=line, quantity=units, reason=Reason.OTHER)
            for line, units in recorded.lines
        ],
        override_reason=override_reason,
        reference=reference_of(recorded),
    )


def _per_line(recorded: RecordedReturn) -> list[tuple[str, int]]:
    """Units per order line: the dock counts things, not rows of a credit note."""
    units: dict[str, int] = {}
    for line, quantity in recorded.lines:
        units[line] = units.get(line, 0) + quantity
    return list(units.items())
