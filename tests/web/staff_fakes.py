"""A gateway that remembers what it was asked and answers as told."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from models.database import Database
from models.messages import ReturnStatus
from models.rules.orders import AddressInput
from models.rules.policy import Policy
from models.store.policies import current_policy
from models.store.simulating import begin_simulation, simulate
from web.access import Actor
from web.requests import (
    AmendRequest,
    Answer,
    DecisionRequest,
    GatewayError,
    GoodwillRequest,
    InspectionRequest,
    ReceiptRequest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the gateway."""

    name: str
    about: tuple[Any, ...]
    actor: Actor
    id: str | None


@dataclass
class FakeGateway:
    """Stands in for `web.gateway.Gateway` where staff pages call it."""

    calls: list[Call] = field(default_factory=list)
    error: GatewayError | None = None
    settled: bool = True
    # The reconciliation that one leads to.
    run: str = "run-1"
    # Where drafts are tried out, and whether a worker does it.
    database: Database | None = None
    works: bool = True
    # The webhook endpoints for which something waits.
    nudged: list[str] = field(default_factory=list)

    def decide(
        self, rma: str, asked: DecisionRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        return self._took("decide", (rma, asked), actor, id)

    def photo_added(self, rma: str, photo: str, actor: Actor) -> None:
        self._took("photo_added", (rma, photo), actor, None)

    def receive(
        self, rma: str, asked: ReceiptRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        return self._took("receive", (rma, asked), actor, id)

    def inspect(
        self, rma: str, asked: InspectionRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        return self._took("inspect", (rma, asked), actor, id)

    def amend(
        self, rma: str, asked: AmendRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        return self._took("amend", (rma, asked), actor, id)

    def cancel(self, rma: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        return self._took("cancel", (rma, note), actor, id)

    def make_label(
        self,
        rma: str,
        actor: Actor,
        *,
        id: str | None = None,
        sender: AddressInput | None = None,
    ) -> Answer:
        return self._took("make_label", (rma,) if sender is None else (rma, sender), actor, id)

    def retry_refund(self, rma: str, refund: str, actor: Actor, *, id: str | None = None) -> Answer:
        return self._took("retry_refund", (rma, refund), actor, id)

    def give_goodwill(
        self, rma: str, asked: GoodwillRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        return self._took("give_goodwill", (rma, asked), actor, id)

    def resolve_manually(
        self,
        rma: str,
        refund: str,
        method: str,
        reference: str,
        note: str,
        actor: Actor,
        *,
        id: str | None = None,
    ) -> Answer:
        about = (rma, refund, method, reference, note)
        return self._took("resolve_manually", about, actor, id)

    def reconcile(self, actor: Actor) -> str:
        self._took("reconcile", (self.run,), actor, None)
        return self.run

    def simulate(
        self,
        draft: Policy,
        actor: Actor,
        *,
        text: str | None = None,
        days: tuple[date | None, date | None] = (None, None),
    ) -> str:
        self._took("simulate", (draft, days), actor, None)
        if self.database is None:
            return self.run
        run = str(uuid4())
        with self.database.write() as session:
            version = current_policy(session).version
            begin_simulation(
                session,
                run,
                actor=actor.id,
                version=version,
                draft=draft,
                text=text,
                days=days,
                at=datetime.now(UTC),
            )
        if self.works:
            simulate(self.database, run, lambda: datetime.now(UTC))
        return run

    def nudge_webhooks(self, endpoint: str) -> None:
        self.nudged.append(endpoint)

    def reopen(self, rma: str, note: str, actor: Actor, *, id: str | None = None) -> Answer:
        return self._took("reopen", (rma, note), actor, id)

    def claim_task(
        self, task: str, actor: Actor, *, id: str | None = None, note: str = ""
    ) -> Answer:
        return self._took("claim_task", (task, note) if note else (task,), actor, id)

    def release_task(self, task: str, actor: Actor, *, id: str | None = None) -> Answer:
        return self._took("release_task", (task,), actor, id)

    def complete_task(
        self, task: str, note: str, actor: Actor, *, id: str | None = None, choice: str = ""
    ) -> Answer:
        about = (task, note, choice) if choice else (task, note)
        return self._took("complete_task", about, actor, id)

    def _took(self, name: str, about: tuple[Any, ...], actor: Actor, id: str | None) -> Answer:
        self.calls.append(Call(name=name, about=about, actor=actor, id=id))
        if self.error is not None:
            raise self.error
        return Answer(rma=str(about[0]), status=ReturnStatus.APPROVED, settled=self.settled)
