"""What the mails say, in plain text and in HTML alike."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models.database import Database
from models.messages import EventKind, Reason, Reception, RefundStatus, Template
from models.rules.policy import Policy
from models.rules.reasons import ReasonTerms
from models.rules.terms import Fault
from models.store.policy_versions import save_policy
from models.store.store_credits import issue
from models.tables import Event, GrantedRefund, GrantLine, Label, Note, Payment, Refund, StoreCredit
from tests.activities.postbox import Postbox, Words, both, in_order
from tests.activities.stored_returns import AT, ORDER, RMA, add_exchange, store_return, zoe

Send = Callable[..., None]


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """One kind of database will do: what is read from it does not depend on the kind."""
    return make_database("sqlite")


def add_label(database: Database, number: int, pdf: bytes) -> None:
    with database.write() as session:
        session.add(
            Label(
                key=f"{RMA}/label/{number}",
                rma=RMA,
                carrier="Sandbox Parcel",
                tracking=f"TRACK-{number}",
                pdf=pdf,
                created_at=AT + timedelta(hours=number),
            )
        )


def add_note(database: Database, kind: EventKind, body: str, line: str | None = None) -> None:
    with database.write() as session:
        session.add(Note(id=kind, rma=RMA, actor="user:1", body=body, created_at=AT))
        session.flush()
        facts = {"line": line} if line else {}
        session.add(
            Event(rma=RMA, key=kind, at=AT, kind=kind, actor="user:1", data=facts, note_id=kind)
        )


def add_refunds(
    database: Database, *refunds: tuple[str, int, str, dict[str, str]], short: int = 0
) -> None:
    """Grants what the refunds come to: for each its payment, amount, status and more columns."""
    with database.write() as session:
        payments = {payment.payment: payment.id for payment in session.scalars(select(Payment))}
        granted = sum(amount for _, amount, _, more in refunds if "replaced_by" not in more)
        session.add(
            GrantedRefund(
                id=f"{RMA}/grant/1",
                kind="return",
                method="refund",
                rma=RMA,
                order_number=ORDER,
                amount=granted,
                tax=0,
                short=short,
                bonus=0,
                currency="GBP",
                accepted=[1, 1],
                actor="redress",
                created_at=AT,
                lines=[
                    GrantLine(
                        position=1,
                        kind="goods",
                        line="1",
                        return_line=1,
                        amount=granted + short,
                        explanation="1 of 3 × Linen tee",
                    )
                ],
            )
        )
        session.flush()
        session.add_all(
            Refund(
                id=f"{RMA}-{number}",
                granted_refund_id=f"{RMA}/grant/1",
                rma=RMA,
                order_number=ORDER,
                payment_id=payments[payment],
                amount=amount,
                currency="GBP",
                status=status,
                idempotency_key=f"{RMA}/refund/{number}",
                created_at=AT,
                updated_at=AT,
                **more,
            )
            for number, (payment, amount, status, more) in enumerate(refunds, start=1)
        )


BESIDE = f"{RMA}/goodwill/1"


def add_goodwill(database: Database) -> None:
    """7.00 given without goods: 5.00 to the card, and a code of 2.00 that is a bonus in part."""
    with database.write() as session:
        card = session.scalars(select(Payment).where(Payment.payment == "p-1")).one()
        session.add(
            GrantedRefund(
                id=BESIDE,
                kind="goodwill",
                method="refund",
                rma=RMA,
                order_number=ORDER,
                amount=500,
                tax=0,
                short=0,
                bonus=0,
                currency="GBP",
                accepted=[],
                actor="user:1",
                created_at=AT,
            )
        )
        session.flush()
        session.add(
            Refund(
                id=f"{RMA}-9",
                granted_refund_id=BESIDE,
                rma=RMA,
                order_number=ORDER,
                payment_id=card.id,
                amount=500,
                currency="GBP",
                status=RefundStatus.SUCCEEDED,
                idempotency_key=f"{RMA}/refund/9",
                created_at=AT,
                updated_at=AT,
            )
        )
        issue(
            session,
            source=f"grant/{BESIDE}",
            origin="goodwill",
            amount=150,
            bonus=50,
            currency="GBP",
            rma=RMA,
            order=ORDER,
            at=AT,
            expires_at=AT + timedelta(days=365),
            actor="user:1",
        )


def key_of(template: Template) -> str:
    """A mail's key, as the workflow that sends it gives it."""
    beside = template in (Template.STORE_CREDIT, Template.GOODWILL)
    return f"{BESIDE if beside else RMA}/mail/{template}"


@pytest.mark.parametrize("template", Template)
def test_every_mail_can_be_written_for_every_state(
    database: Database, postbox: Postbox, send: Send, template: Template
) -> None:
    store_return(
        database,
        customer=zoe(),
        tees={"approved": 2, "received": 2, "accepted": 1, "rejected": 1, "grade": "C"},
        mugs={"approved": 1, "missing": 1},
    )
    add_goodwill(database)
    add_exchange(database)
    send(template, key_of(template))
    (mail,) = postbox.sent
    assert mail.subject
    assert "\n" not in mail.subject
    for words in both(mail):
        assert "Hello Zoë Dvořáková," in words
        assert RMA in words
        assert "Larkspur & Daughters" in words
        for leak in ("None", "{{", "{%", "<class", "&amp;", "Decimal"):
            assert leak not in words


@pytest.mark.parametrize("template", Template)
def test_an_html_mail_loads_nothing_and_has_its_styles_inlined(
    database: Database, postbox: Postbox, send: Send, template: Template
) -> None:
    store_return(database, customer=zoe())
    add_goodwill(database)
    add_exchange(database)
    send(template, key_of(template))
    html = postbox.sent[0].html
    found = Words()
    found.feed(html)
    assert found.loads == []
    assert "url(" not in html
    assert not found.tags & {"script", "link", "img", "iframe", "form"}
    assert '<p style="' in html
    assert "@media" in html


def test_names_and_notes_are_text_in_html_whatever_they_hold(
    database: Database, postbox: Postbox, send: Send
) -> None:
    evil = "<script>alert(1)</script><img src=//x>"
    store_return(database, customer=zoe(name=evil), mug_name=evil)
    add_note(database, EventKind.DECLINED, evil)
    send(Template.DECLINED)
    found = Words()
    found.feed(postbox.sent[0].html)
    assert not found.tags & {"script", "img"}
    assert both(postbox.sent[0])[1].count(evil) == 3


def test_an_approval_comes_with_the_newest_label_and_the_day_to_post_by(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(
        database,
        customer=zoe(),
        tees={"approved": 2},
        mugs={"approved": 1},
        # After midnight in London, where it is summer.
        deadlines={"parcel": "2026-07-31T23:30:00+00:00"},
    )
    add_label(database, 1, b"%PDF-old")
    add_label(database, 2, b"%PDF-new")
    send(Template.APPROVED)
    (mail,) = postbox.sent
    (attachment,) = mail.attachments
    assert attachment.content == b"%PDF-new"
    assert attachment.name == f"return-label-{RMA}.pdf"
    assert attachment.media_type == "application/pdf"
    for words in both(mail):
        assert "1 August 2026" in words
        assert "TRACK-2" in words


def test_an_approval_without_a_label_promises_none(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe(), tees={"approved": 2}, mugs={"approved": 1})
    send(Template.APPROVED)
    (mail,) = postbox.sent
    assert mail.attachments == ()
    assert all("attached" not in words for words in both(mail))


def test_only_mails_about_posting_carry_the_label(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_label(database, 1, b"%PDF")
    add_goodwill(database)
    add_exchange(database)
    for template in Template:
        send(template, key_of(template))
    carriers = {mail.key for mail in postbox.sent if mail.attachments}
    assert carriers == {f"{RMA}/mail/approved", f"{RMA}/mail/label_reminder"}


def test_a_refund_explains_its_amount_and_where_each_part_goes(
    database: Database, postbox: Postbox, send: Send
) -> None:
    whole = {"approved": 2, "received": 2, "accepted": 2, "granted": 2, "granted_amount": 4000}
    store_return(
        database,
        customer=zoe(),
        tees=whole,
        mugs=dict.fromkeys(whole, 1) | {"granted_amount": 1400},
    )
    add_refunds(database, ("p-1", 5000, RefundStatus.SUCCEEDED, {}), ("p-2", 400, "succeeded", {}))
    send(Template.REFUNDED)
    (mail,) = postbox.sent
    assert mail.subject == f"Your refund of £54.00 for return {RMA}"
    for words in both(mail):
        assert in_order(
            words,
            "The card the order was paid with",
            "£50.00",
            "The gift card the order was paid with",
            "£4.00",
            "2 of 3 × Linen tee",
            "£50.00",
            "Share of the order's discounts",
            "-£10.00",
            "1 of 1 × Mug",
            "£14.00",
            "Total",
            "£54.00",
        )
        assert "Not in this amount" not in words


def test_a_refund_of_a_part_says_what_is_left_out_and_why(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(
        database,
        customer=zoe(),
        tees={
            "approved": 2,
            "received": 2,
            "accepted": 1,
            "rejected": 1,
            "granted": 1,
            "granted_amount": 1900,
        },
        mugs={"approved": 1, "missing": 1},
    )
    add_refunds(database, ("p-1", 1900, RefundStatus.SUCCEEDED, {}), short=100)
    send(Template.REFUNDED)
    for words in both(postbox.sent[0]):
        assert in_order(words, "1 of 3 × Linen tee", "£20.00", "Total", "£19.00")
        assert in_order(words, "Not in this amount", "1 × Linen tee", "1 × Mug")
        assert "not accepted" in words.lower()
        assert "did not reach us" in words.lower()
        assert "we worked out £54.00 for everything" in words
        assert "£1.00 more is yours" in words


def test_what_did_not_come_but_had_another_thing_in_its_place_is_said_so(
    database: Database, postbox: Postbox, send: Send
) -> None:
    swapped = {"approved": 1, "missing": 1, "reception": Reception.WRONG_ITEM}
    store_return(database, customer=zoe(), tees={"approved": 2, "missing": 2}, mugs=swapped)
    send(Template.SHORT_SHIPPED)
    for words in both(postbox.sent[0]):
        assert in_order(words, "2 × Linen tee", "1 × Mug", "here was something else in its place")
        assert words.count("something else") == 1


def test_a_refund_counts_what_was_tried_again_or_paid_by_hand_once(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_refunds(
        database,
        ("p-1", 5000, RefundStatus.FAILED, {"replaced_by": f"{RMA}-2"}),
        ("p-1", 5000, RefundStatus.SUCCEEDED, {}),
        ("p-2", 400, RefundStatus.FAILED, {"paid_by": "store_credit"}),
    )
    send(Template.REFUNDED)
    for words in both(postbox.sent[0]):
        assert words.count("The card the order was paid with") == 1
        assert "given as store credit instead" in words.replace("Given", "given")
    assert "£54.00" in postbox.sent[0].subject


def test_a_delay_names_what_is_still_unpaid_and_apologises(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_refunds(
        database,
        ("p-1", 5000, RefundStatus.FAILED, {"failure": "charge_disputed"}),
        ("p-2", 400, RefundStatus.SUCCEEDED, {}),
    )
    send(Template.REFUND_DELAYED)
    for words in both(postbox.sent[0]):
        assert "We are sorry" in words
        assert "£50.00" in words
        assert "£4.00" not in words
        assert "charge_disputed" not in words


@pytest.mark.parametrize(
    ("reason", "kind", "sorry"),
    [
        (Reason.DEFECTIVE, "return", "does not work as it should"),
        (Reason.WRONG_ITEM, "return", "sent you the wrong thing"),
        (Reason.TOO_SMALL, "claim", "did not go the way it should have"),
        (Reason.TOO_SMALL, "return", None),
        (Reason.CHANGED_MIND, "return", None),
        ("zip_broke", "return", "did not go the way it should have"),
        ("itches", "return", None),
    ],
)
def test_the_shop_says_sorry_for_its_own_fault_only(
    database: Database, postbox: Postbox, send: Send, reason: str, kind: str, sorry: str | None
) -> None:
    with database.write() as session:
        own = (
            ReasonTerms(reason="zip_broke", fault=Fault.MERCHANT, label="The zip broke"),
            ReasonTerms(reason="itches", fault=Fault.CUSTOMER, label="It itches"),
        )
        save_policy(session, Policy(version=2, reasons=own), actor="user:1", now=AT)
    store_return(database, customer=zoe(), reason=reason, kind=kind, policy_version=2)
    send(Template.REQUESTED)
    for words in both(postbox.sent[0]):
        assert ("We are sorry" in words) == (sorry is not None)
        assert (sorry or "") in words


def test_a_refusal_gives_the_note_of_the_one_who_decided_and_no_other_note(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_note(database, EventKind.INSPECTED, "smells of smoke")
    add_note(database, EventKind.DECLINED, "The window ended on 1 November.")
    add_note(database, EventKind.LINE_DECLINED, "Made to measure.", line="2")
    send(Template.DECLINED)
    for words in both(postbox.sent[0]):
        assert "The window ended on 1 November." in words
        assert in_order(words, "Mug", "Made to measure.")
        assert "smoke" not in words


def test_a_rejection_gives_the_grade_in_plain_words(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(
        database,
        customer=zoe(),
        tees={"approved": 2, "received": 2, "accepted": 1, "rejected": 1, "grade": "C"},
    )
    send(Template.REJECTED)
    for words in both(postbox.sent[0]):
        assert in_order(words.lower(), "1 × linen tee", "it was damaged")
        assert "Mug" not in words


def test_a_rejection_of_what_was_paid_ahead_says_that_it_is_settled(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(
        database,
        customer=zoe(),
        tees={"approved": 1, "received": 1, "rejected": 1, "ahead": 1, "grade": "C"},
    )
    send(Template.REJECTED)
    for words in both(postbox.sent[0]):
        assert "What you had got for it ahead is settled." in words
        assert "can't pay anything back" not in words


def test_a_rejection_calls_nothing_settled_where_not_all_was_paid_ahead(
    database: Database, postbox: Postbox, send: Send
) -> None:
    refused = {"approved": 1, "received": 1, "rejected": 1, "grade": "C"}
    store_return(database, customer=zoe(), tees={**refused, "ahead": 1}, mugs=refused)
    send(Template.REJECTED)
    for words in both(postbox.sent[0]):
        assert "is settled" not in words
        assert in_order(words, "yours: we will send it back", "once what you got for it ahead")


def test_the_follow_up_asks_what_else_can_be_done(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    send(Template.FOLLOW_UP)
    assert "what else can we do?" in postbox.sent[0].subject
    assert all("What else can we do for you?" in words for words in both(postbox.sent[0]))


@pytest.mark.parametrize(
    ("locale", "country", "currency", "total"),
    [
        ("en-GB", "GB", "GBP", "£54.00"),
        ("de-DE", "DE", "EUR", "54,00 €"),
        ("de", "AT", "EUR", "54,00 €"),
        (None, "DE", "EUR", "54,00 €"),
        (None, None, "EUR", "€54.00"),
        ("not a locale", "Not a country", "EUR", "€54.00"),
        ("en-US", "GB", "USD", "$54.00"),
        ("ja-JP", "JP", "JPY", "¥5,400"),
        ("en-GB", "GB", "KWD", "KWD 5.400"),
        # The locales' data writes the forint and the Iraqi dinar without decimals.
        ("en-GB", "GB", "HUF", "HUF 54.00"),
        ("en-GB", "GB", "IQD", "IQD 5.400"),
    ],
)
def test_money_is_written_as_in_the_customers_country_and_never_rounded(
    database: Database,
    postbox: Postbox,
    send: Send,
    locale: str | None,
    country: str | None,
    currency: str,
    total: str,
) -> None:
    store_return(database, customer=zoe(locale=locale), country=country, currency=currency)
    send(Template.REQUESTED)
    assert all(in_order(words, "Total", total) for words in both(postbox.sent[0]))


def test_store_credit_comes_with_its_code_its_bonus_and_its_last_day(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_goodwill(database)
    add_exchange(database)
    send(Template.STORE_CREDIT, key_of(Template.STORE_CREDIT))
    with database.read() as session:
        code = session.scalars(select(StoreCredit.code)).one()
    for words in both(postbox.sent[0]):
        assert in_order(words, code, "£2.00 to spend", "valid until")
        assert "£0.50" in words
        assert "apology" in words


def test_goodwill_says_how_much_goes_where_and_nothing_of_the_return(
    database: Database, postbox: Postbox, send: Send
) -> None:
    store_return(database, customer=zoe())
    add_goodwill(database)
    add_exchange(database)
    add_refunds(database, ("p-2", 400, RefundStatus.SUCCEEDED, {}))
    send(Template.GOODWILL, key_of(Template.GOODWILL))
    for words in both(postbox.sent[0]):
        assert in_order(words, "£5.00", "The card the order was paid with", "£5.00")
        assert "£4.00" not in words
