"""Mails to customers: written from what the database knows, sent once, kept as sent."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from activities.letters import Letter, read_letter
from activities.providers.mail.protocol import (
    Attachment,
    Mail,
    MailRefused,
    MailTransport,
    MailUnclear,
)
from activities.rendering import RenderedMail, render
from models.database import Database
from models.messages import EventKind, MailOrder, Template, TimelineEvent
from models.settings import Settings
from models.store.recipients import recipient_of
from models.store.returns import add_events
from models.tables import Event, Message, Return

_WITH_LABEL = {Template.APPROVED, Template.LABEL_REMINDER}


class Notifications:
    """The activities that write to customers.

    Args:
        database: where mails are kept.
        transport: the way they leave.
        settings: the shop's name, address and time zone.
    """

    def __init__(self, database: Database, transport: MailTransport, settings: Settings) -> None:
        self._database = database
        self._transport = transport
        self._settings = settings
        self._time_zone = ZoneInfo(settings.time_zone)

    @uninterrupted
    def send_mail(self, order: MailOrder) -> None:
        """Writes to the customer of a return, once per key; to nobody when there is no address.

        A mail server's permanent refusal is written on the timeline and is no error: a return
        must not hang on a bad mailbox. A crash between sending and storing sends again, with the
        same Message-ID.

        Raises:
            ApplicationError: type `mail_unclear` (retryable): not taken, or nobody knows;
                `unknown_return` (not retryable).
        """
        with self._database.read() as session:
            if _is_done(session, order):
                return
            found = session.get(Return, order.rma)
            if found is None:
                raise ApplicationError(
                    f"there is no return {order.rma}", type="unknown_return", non_retryable=True
                )
            recipient = recipient_of(found)
            if recipient is None:
                return
            letter = read_letter(session, found, order.key)
        words = render(
            order.template,
            letter,
            shop_name=self._settings.shop_name,
            time_zone=self._time_zone,
        )
        try:
            self._transport.send(self._mail(order, recipient, letter, words))
        except MailUnclear as problem:
            raise ApplicationError(str(problem), type="mail_unclear") from None
        except MailRefused as refusal:
            self._record_failure(order, str(refusal))
        else:
            self._record_sent(order, recipient, words)

    def _mail(self, order: MailOrder, recipient: str, letter: Letter, words: RenderedMail) -> Mail:
        attachments: tuple[Attachment, ...] = ()
        if letter.label is not None and order.template in _WITH_LABEL:
            attachments = (
                Attachment(
                    name=f"return-label-{order.rma}.pdf",
                    media_type="application/pdf",
                    content=letter.label.pdf,
                ),
            )
        return Mail(
            key=order.key,
            sender=self._settings.shop_email,
            sender_name=self._settings.shop_name,
            recipient=recipient,
            subject=words.subject,
            text=words.text,
            html=words.html,
            at=datetime.fromisoformat(order.at),
            attachments=attachments,
        )

    def _record_sent(self, order: MailOrder, recipient: str, words: RenderedMail) -> None:
        with self._database.write() as session:
            if _is_done(session, order):
                return
            session.add(
                Message(
                    key=order.key,
                    rma=order.rma,
                    template=order.template,
                    recipient=recipient,
                    subject=words.subject,
                    text=words.text,
                    html=words.html,
                    transport=self._transport.name,
                    sent_at=datetime.fromisoformat(order.at),
                )
            )
            facts: dict[str, str | int | None] = {
                "template": order.template,
                "message": order.key,
            }
            _add_event(session, order, EventKind.MAIL_SENT, facts)

    def _record_failure(self, order: MailOrder, problem: str) -> None:
        with self._database.write() as session:
            facts: dict[str, str | int | None] = {"template": order.template, "problem": problem}
            _add_event(session, order, EventKind.MAIL_FAILED, facts)


def _is_done(session: Session, order: MailOrder) -> bool:
    # Sent or refused for good: either way it is on the timeline.
    return (
        session.scalar(
            select(Event.id).where(Event.rma == order.rma, Event.key == _event_key(order))
        )
        is not None
    )


def _add_event(
    session: Session, order: MailOrder, kind: EventKind, facts: dict[str, str | int | None]
) -> None:
    event = TimelineEvent(
        key=_event_key(order), at=order.at, kind=kind, actor="redress", data=facts
    )
    add_events(session, order.rma, [event])


def _event_key(order: MailOrder) -> str:
    return f"mail/{order.key}"
