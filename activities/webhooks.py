"""Sends events to webhook endpoints: what is due, in order, and what came of it written down."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from activities.definition import uninterrupted
from activities.providers.webhooks.protocol import Webhook, WebhookSender
from activities.webhook_letters import render_webhook_trouble
from models.database import Database
from models.messages import WebhookPlan, WebhookPlanning, WebhookSending, WebhooksWaiting
from models.settings import Settings
from models.store.outgoing import event_body
from models.store.sending import Outcome, endpoints_waiting, first_due, note_answer, plan
from models.store.task_watch import Staff
from models.store.webhooks import PENDING, forget_delivered
from models.tables import StaffMail, User, WebhookDelivery, WebhookEndpoint

# One activity sends for so long, in seconds; then others get their turn.
_TURN = 45.0
_KEPT_FOR = timedelta(days=30)


class Webhooks:
    """The activities that send webhooks.

    Args:
        database: where events and endpoints are kept.
        sender: the way webhooks leave.
        settings: the shop's name and the addresses of links.
        staff: who the managers are.
    """

    def __init__(
        self, database: Database, sender: WebhookSender, settings: Settings, staff: Staff
    ) -> None:
        self._database = database
        self._sender = sender
        self._settings = settings
        self._staff = staff

    @uninterrupted
    def find_waiting(self, at: str) -> WebhooksWaiting:
        """The endpoints with something to send; drops deliveries of long ago. Local."""
        with self._database.write() as session:
            forget_delivered(session, datetime.fromisoformat(at) - _KEPT_FOR)
            return WebhooksWaiting(endpoints=list(endpoints_waiting(session)))

    @uninterrupted
    def plan_sending(self, asked: WebhookPlanning) -> WebhookPlan:
        """Plans new events for an endpoint, and says which streams to send now. Local."""
        with self._database.write() as session:
            due = plan(
                session,
                asked.endpoint,
                at=datetime.fromisoformat(asked.at),
                busy=frozenset(asked.busy),
                free=asked.free,
            )
        return WebhookPlan(
            streams=list(due.streams),
            look_again_at=None if due.next_at is None else due.next_at.isoformat(),
            more=due.more,
        )

    @uninterrupted
    def send_stream(self, asked: WebhookSending) -> int:
        """Sends what waits of a stream, in order, until an attempt fails; how many were taken.

        A crash between sending and writing it down sends again, under the same id.
        """
        clock = _clock(datetime.fromisoformat(asked.at))
        until = time.monotonic() + _TURN
        taken = 0
        while time.monotonic() < until:
            with self._database.read() as session:
                row = first_due(session, asked.endpoint, asked.stream, clock())
            if row is None:
                break
            answer = self._sender.send(self._webhook(row))
            with self._database.write() as session:
                outcome = note_answer(session, asked.endpoint, row.number, answer, at=clock())
                self._tell_managers(session, asked.endpoint, outcome, clock())
            taken += answer.taken
            if outcome.status == PENDING:
                break
        return taken

    def _webhook(self, row: WebhookDelivery) -> Webhook:
        endpoint = row.endpoint
        api = f"{self._settings.web_url.rstrip('/')}/api/v1"
        secrets = [endpoint.secret]
        until = endpoint.previous_until
        if endpoint.previous_secret and until is not None and until > datetime.now(UTC):
            secrets.append(endpoint.previous_secret)
        return Webhook(
            id=row.event.id,
            url=endpoint.url,
            body=json.dumps(event_body(row.event, api), separators=(",", ":")),
            secrets=tuple(secrets),
        )

    def _tell_managers(
        self, session: Session, endpoint: str, outcome: Outcome, at: datetime
    ) -> None:
        """Writes the mails; the watch over tasks sends them within a quarter of an hour."""
        if outcome.tell is None:
            return
        words = render_webhook_trouble(
            session.get_one(WebhookEndpoint, endpoint),
            outcome.tell,
            shop_name=self._settings.shop_name,
            web_url=self._settings.web_url,
        )
        managers = select(User).where(
            User.disabled_at.is_(None), User.role.in_(self._staff.managers)
        )
        for user in session.scalars(managers.order_by(User.id)):
            session.add(
                StaffMail(
                    key=f"{endpoint}/{user.id}/{at:%Y%m%d%H%M%S}",
                    user_id=user.id,
                    subject=words.subject,
                    text=words.text,
                    html=words.html,
                    written_at=at,
                )
            )


def _clock(at: datetime) -> Callable[[], datetime]:
    """Tells the workflow's time, which may not be the real one, as it goes on from `at`."""
    began = time.monotonic()
    return lambda: at + timedelta(seconds=time.monotonic() - began)
