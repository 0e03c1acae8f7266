"""Sends messages to a return's workflow, with their notes stored first."""

import uuid
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.database import Database
from models.messages import ReturnStatus, workflow_id
from models.settings import Settings
from models.store.refunds import RefundNotPossible
from models.tables import Event, Note, Return, Submission
from web.access import Actor
from web.composer import Composer
from web.delivery import Delivery, Message, NoAnswer, WorkflowEnded
from web.requests import Answer, Conflict, NotFound, Refused
from web.temporal import TemporalBridge

Sent = TypeVar("Sent", bound=Message)


class Messenger:
    """What every call on a return does: look whether there is one, keep notes, deliver, answer."""

    def __init__(self, settings: Settings, database: Database, bridge: TemporalBridge) -> None:
        """Takes what it works with."""
        self._settings = settings
        self._database = database
        self._delivery = Delivery(bridge, settings.task_queue)

    def _send(
        self,
        rma: str,
        actor: Actor,
        id: str | None,
        make: Callable[[Composer], Sent],
        late: Callable[[Session, Sent], None] | None = None,
        to: str | None = None,
    ) -> Answer:
        """Stores a message's notes and delivers it; a refused one leaves no note behind.

        `late` keeps the message instead when the return has ended.
        """
        self._require(rma)
        composer = Composer(rma, actor, call_id(id))
        message = make(composer)
        if composer.notes:
            with self._database.write() as session:
                for note in composer.notes:
                    session.merge(note)
        try:
            return self._deliver(
                rma,
                message,
                None if late is None else lambda session: late(session, message),
                to=to,
            )
        except (Conflict, Refused):
            self._forget([note.id for note in composer.notes])
            raise

    def _forget(self, notes: list[str]) -> None:
        """Removes notes that no timeline tells of; a repeated call's first notes stay."""
        if not notes:
            return
        told = select(Event.note_id).where(Event.note_id.in_(notes))
        with self._database.write() as session:
            session.execute(delete(Note).where(Note.id.in_(notes), Note.id.not_in(told)))

    def _deliver(
        self,
        rma: str,
        message: Message,
        late: Callable[[Session], None] | None = None,
        *,
        to: str | None = None,
    ) -> Answer:
        """Brings a message to the return, or to the workflow beside it that looks after a refund;
        `late` keeps it instead when the return has ended.
        """
        status = self._require(rma)
        own = self._workflow_of(rma)
        try:
            state = self._delivery.deliver(to or own, message)
        except NoAnswer:
            return Answer(rma=rma, status=self._status_of(rma) or status, settled=False)
        except WorkflowEnded:
            status = self._status_of(rma) or status
            ended = Conflict(
                f"This return has ended; it is {status}.", code="already_ended", state=status
            )
        except Conflict as conflict:
            status = conflict.state = self._status_of(rma) or status
            if conflict.code != "already_ended":
                raise
            ended = conflict
        else:
            beside = to not in (None, own)
            now = self._status_of(rma) if beside else None
            return Answer(rma=rma, status=now or state.status)
        if late is None:
            raise ended
        try:
            with self._database.write() as session:
                late(session)
        except RefundNotPossible as error:
            raise Conflict(str(error), code="refund_not_possible", state=status) from error
        return Answer(rma=rma, status=status)

    def _require(self, rma: str) -> ReturnStatus:
        status = self._status_of(rma)
        if status is not None:
            return status
        with self._database.read() as session:
            if session.get(Submission, rma) is not None:
                raise Conflict(
                    "This return is still being recorded; try again in a moment.",
                    code="not_recorded",
                    state=ReturnStatus.REQUESTED,
                )
        raise NotFound(f"There is no return {rma}.")

    def _workflow_of(self, rma: str) -> str:
        with self._database.read() as session:
            found = session.scalar(select(Return.workflow).where(Return.rma == rma))
        return found or workflow_id(rma)

    def _status_of(self, rma: str) -> ReturnStatus | None:
        with self._database.read() as session:
            found = session.scalar(select(Return.status).where(Return.rma == rma))
        return None if found is None else ReturnStatus(found)


def call_id(given: str | None) -> str:
    """The id of a call: its own, or a new one for a call that nobody repeats."""
    return given or str(uuid.uuid4())
