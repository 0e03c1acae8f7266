"""Mails to customers: to whom they go, once, and what becomes of a bad mailbox."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.notifications import Notifications
from activities.providers.mail.protocol import MailRefused, MailUnclear
from models.database import Database
from models.messages import EventKind, MailOrder, Template
from models.tables import Event, Message
from tests.activities.postbox import Postbox, both
from tests.activities.stored_returns import ADDRESS, AT, RMA, store_return, zoe
from tests.activities.stored_returns import MAIL_KEY as KEY

Send = Callable[..., None]


def timeline(database: Database) -> list[Event]:
    with database.read() as session:
        return list(session.scalars(select(Event).order_by(Event.id)))


def messages(database: Database) -> list[Message]:
    with database.read() as session:
        return list(session.scalars(select(Message)))


# --- sent once, and kept -----------------------------------------------------------------------


def test_a_mail_is_sent_kept_and_told_on_the_timeline(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    send(Template.REQUESTED)
    (mail,) = postbox.sent
    assert (mail.key, mail.recipient, mail.at) == (KEY, ADDRESS, AT)
    assert (mail.sender, mail.sender_name) == ("returns@larkspur.example", "Larkspur & Daughters")
    (kept,) = messages(database)
    assert (kept.key, kept.rma, kept.template, kept.recipient) == (KEY, RMA, "requested", ADDRESS)
    assert (kept.subject, kept.text, kept.html) == (mail.subject, mail.text, mail.html)
    assert (kept.transport, kept.sent_at) == ("postbox", AT)
    (event,) = timeline(database)
    assert (event.key, event.kind, event.actor, event.at) == (
        f"mail/{KEY}",
        EventKind.MAIL_SENT,
        "redress",
        AT,
    )
    assert event.data == {"template": "requested", "message": KEY}


def test_the_same_key_is_sent_once(database: Database, postbox: Postbox, send: Send) -> None:
    store_return(database, customer=zoe())
    send(Template.REQUESTED)
    send(Template.REQUESTED)
    assert len(postbox.sent) == len(messages(database)) == len(timeline(database)) == 1


def test_another_key_is_another_mail(database: Database, postbox: Postbox, send: Send) -> None:
    store_return(database, customer=zoe())
    send(Template.RECEIVED)
    send(Template.RECEIVED, f"{RMA}/mail/2")
    assert len(postbox.sent) == len(messages(database)) == 2


def test_two_attempts_at_once_are_kept_as_one(
    database: Database, postbox: Postbox, send: Send, notifications: Notifications
) -> None:
    store_return(database, customer=zoe())
    order = MailOrder(rma=RMA, key=KEY, template=Template.REQUESTED, at=AT.isoformat())
    postbox.meanwhile = lambda: ActivityEnvironment().run(notifications.send_mail, order)
    send(Template.REQUESTED)
    # Both went out, as they would after a crash: the same mail with the same key.
    assert postbox.sent[0] == postbox.sent[1]
    assert len(messages(database)) == len(timeline(database)) == 1


# --- to whom -----------------------------------------------------------------------------------


def test_without_an_address_nobody_is_written_to(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe(email=None))
    send(Template.REQUESTED)
    assert postbox.tried == 0
    assert timeline(database) == []


def test_a_contact_is_written_to_and_greeted_instead_of_the_buyer(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe(), contact_email="aunt@example.com")
    send(Template.REQUESTED)
    assert postbox.sent[0].recipient == "aunt@example.com"
    assert "\nHello,\n" in f"\n{postbox.sent[0].text}"
    assert "Dvořáková" not in postbox.sent[0].text + postbox.sent[0].html


def test_a_contacts_own_name_is_used(database: Database, postbox: Postbox, send: Send) -> None:
    store_return(database, contact_email="aunt@example.com", contact_name="Aunt Jo")
    send(Template.REQUESTED)
    assert all("Hello Aunt Jo," in words for words in both(postbox.sent[0]))


# --- when it can't be sent ---------------------------------------------------------------------


def test_a_bad_mailbox_is_told_on_the_timeline_and_is_no_error(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    postbox.problems = [MailRefused("the mail server refused the recipient (550)")]
    send(Template.REQUESTED)
    (event,) = timeline(database)
    assert event.kind == EventKind.MAIL_FAILED
    assert event.data == {
        "template": "requested",
        "problem": "the mail server refused the recipient (550)",
    }
    assert messages(database) == []
    send(Template.REQUESTED)
    assert postbox.tried == 1


def test_an_unclear_answer_is_tried_again_until_it_is_sent(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    postbox.problems = [MailUnclear("the mail server did not take the mail now (451)")]
    with pytest.raises(ApplicationError) as caught:
        send(Template.REQUESTED)
    assert not caught.value.non_retryable
    assert caught.value.__suppress_context__  # Temporal would store the context, too.
    assert timeline(database) == []
    send(Template.REQUESTED)
    assert len(postbox.sent) == len(messages(database)) == 1


def test_a_mail_about_an_unknown_return_is_refused_for_good(send: Send) -> None:
    with pytest.raises(ApplicationError, match=f"no return {RMA}") as caught:
        send(Template.REQUESTED)
    assert caught.value.non_retryable
