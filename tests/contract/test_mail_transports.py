"""Mail transports against a real SMTP server on loopback, and the outbox against a directory."""

import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from activities.providers.mail.outbox import OutboxTransport
from activities.providers.mail.protocol import Attachment, Mail, MailRefused, MailUnclear
from activities.providers.mail.smtp import SmtpTransport
from tests.contract.mail_server import ImpliedTls, Mailbox, read

MAIL = Mail(
    key="R-7K2M-9QX4/mail/1",
    sender="returns@larkspur.example",
    sender_name="Larkspur & Töchter",
    recipient="zoe@example.com",
    subject="Your refund of £54.00 – thank you",
    text="Hello Zoë,\n\n" + "a long line " * 120 + "\n",
    html="<p>Hello Zoë,</p><p>" + "a long line " * 120 + "</p>",
    at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    attachments=(Attachment(name="label.pdf", media_type="application/pdf", content=b"%PDF-1"),),
)


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


Serve = Callable[..., str]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(mailbox: Mailbox) -> Iterator[Serve]:
    """Starts a server for the mailbox and answers its host and port."""
    with ExitStack() as stack:

        def start(kind: type[Controller] = Controller, **options: Any) -> str:
            with closing(socket.socket()) as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            controller = kind(mailbox, hostname="127.0.0.1", port=port, **options)
            controller.start()
            stack.callback(controller.stop)
            return f"127.0.0.1:{port}"

        yield start


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """The server's certificate, which nobody trusts yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusted_certificate(
    certificate: ssl.SSLContext,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ssl.SSLContext:
    """The same, trusted as a company's own authority is: by the operating system's setting."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return certificate


def check_log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    right = LoginPassword(login=b"larkspur", password=b"p@ss:word/1")
    return AuthResult(success=data == right, handled=False)


# --- what is sent ----------------------------------------------------------------------------


@pytest.fixture(params=["smtp", "outbox"])
def delivered(
    request: pytest.FixtureRequest, serve: Serve, mailbox: Mailbox, tmp_path: Path
) -> EmailMessage:
    """The mail as it arrives, by either way."""
    if request.param == "smtp":
        SmtpTransport(f"smtp://{serve()}").send(MAIL)
        return mailbox.taken[0]
    outbox = OutboxTransport(tmp_path / "mail")
    outbox.send(MAIL)
    return read(outbox.path(MAIL.key).read_bytes())


def test_a_mail_arrives_as_it_was_written(delivered: EmailMessage) -> None:
    assert delivered["Subject"] == MAIL.subject
    assert delivered["To"] == MAIL.recipient
    sender = delivered["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (MAIL.sender_name, MAIL.sender)
    assert delivered["Date"].datetime == MAIL.at
    assert text_of(delivered, "plain").splitlines() == MAIL.text.splitlines()
    assert text_of(delivered, "html").splitlines() == MAIL.html.splitlines()
    (attachment,) = delivered.iter_attachments()
    assert attachment.get_filename() == "label.pdf"
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_content() == b"%PDF-1"


def test_a_mail_offers_text_and_html_as_alternatives(delivered: EmailMessage) -> None:
    kinds = [part.get_content_type() for part in delivered.walk()]
    assert kinds == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


def test_a_mail_says_that_a_machine_sent_it_and_is_no_list(delivered: EmailMessage) -> None:
    assert delivered["Auto-Submitted"] == "auto-generated"
    assert delivered["List-Id"] is None


def test_no_line_is_too_long_or_needs_eight_bits(delivered: EmailMessage) -> None:
    lines = delivered.as_bytes(policy=email.policy.SMTP).split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert all(line.isascii() for line in lines)


# --- once, and recognisable --------------------------------------------------------------------


def test_a_repeat_bears_the_same_message_id_and_another_mail_another(
    serve: Serve, mailbox: Mailbox
) -> None:
    transport = SmtpTransport(f"smtp://{serve()}")
    for key in ("R-1/mail/1", "R-1/mail/1", "R-1/mail/2"):
        transport.send(replace(MAIL, key=key))
    first, again, other = (mail["Message-ID"] for mail in mailbox.taken)
    assert first == again != other
    assert first.endswith("@larkspur.example>")


def test_the_outbox_keeps_one_file_per_key(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path / "mail")
    outbox.send(MAIL)
    outbox.send(replace(MAIL, subject="Again"))
    outbox.send(replace(MAIL, key="R-7K2M-9QX4/mail/2"))
    assert sorted(path.name for path in (tmp_path / "mail").iterdir()) == [
        "R-7K2M-9QX4+mail+1.eml",
        "R-7K2M-9QX4+mail+2.eml",
    ]
    assert read(outbox.path(MAIL.key).read_bytes())["Subject"] == MAIL.subject


def test_the_outbox_is_for_its_owners_eyes(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path / "mail")
    outbox.send(MAIL)
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700
    assert outbox.path(MAIL.key).stat().st_mode & 0o777 == 0o600


def test_no_key_leads_out_of_the_outbox_or_to_another_ones_file(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path)
    keys = ["../../etc/x", "..", "a/b", "a+b", "a%2Fb", "a b", "ä"]
    paths = [outbox.path(key) for key in keys]
    assert all(path.parent == tmp_path for path in paths)
    assert len(set(paths)) == len(keys)


def test_an_outbox_that_cannot_be_written_is_unclear(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(MailUnclear, match="outbox can't be written"):
        OutboxTransport(tmp_path / "mail").send(MAIL)


# --- refused or unclear ------------------------------------------------------------------------


def test_a_server_that_is_busy_takes_the_mail_the_next_time(serve: Serve, mailbox: Mailbox) -> None:
    mailbox.answers_to_data = ["451 try again later"]
    transport = SmtpTransport(f"smtp://{serve()}")
    with pytest.raises(MailUnclear, match="451"):
        transport.send(MAIL)
    transport.send(MAIL)
    assert len(mailbox.taken) == 1
    assert mailbox.recipients == [MAIL.recipient]


@pytest.mark.parametrize(
    ("to_recipient", "to_data", "error"),
    [
        (["550 5.1.1 no zoe@example.com here"], [], MailRefused),
        (["450 zoe@example.com is busy"], [], MailUnclear),
        ([], ["554 zoe@example.com gets no such mail"], MailRefused),
        ([], ["452 zoe@example.com has no room"], MailUnclear),
    ],
)
def test_a_servers_no_is_read_by_its_code_and_its_words_are_not_repeated(
    serve: Serve,
    mailbox: Mailbox,
    to_recipient: list[str],
    to_data: list[str],
    error: type[Exception],
) -> None:
    mailbox.answers_to_recipient, mailbox.answers_to_data = to_recipient, to_data
    with pytest.raises(error) as caught:
        SmtpTransport(f"smtp://{serve()}").send(MAIL)
    assert "zoe" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert mailbox.taken == []


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@", "@b", "a@b\nBcc: c@d", "a@b, c@d", "a b@c"]
)
def test_what_is_not_an_address_is_refused_without_asking_anybody(
    tmp_path: Path, address: str
) -> None:
    with pytest.raises(MailRefused, match="not an e-mail address"):
        OutboxTransport(tmp_path).send(replace(MAIL, recipient=address))
    assert list(tmp_path.iterdir()) == []


def test_an_address_in_another_script_is_refused_where_the_server_cannot_write_it(
    serve: Serve, tmp_path: Path
) -> None:
    mail = replace(MAIL, recipient="zoë@example.com")
    with pytest.raises(MailRefused, match="can't write to an address like this"):
        SmtpTransport(f"smtp://{serve(enable_SMTPUTF8=False)}").send(mail)
    outbox = OutboxTransport(tmp_path)
    outbox.send(mail)
    assert "zoë@example.com" in outbox.path(mail.key).read_text()


def test_no_server_is_unclear() -> None:
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # Bound but not listening: connections are refused.
        port = nobody.getsockname()[1]
        with pytest.raises(MailUnclear, match="ConnectionRefusedError"):
            SmtpTransport(f"smtp://127.0.0.1:{port}").send(MAIL)


def test_a_connection_lost_half_way_is_unclear(serve: Serve, mailbox: Mailbox) -> None:
    mailbox.hangs_up_on_data = True
    with pytest.raises(MailUnclear):
        SmtpTransport(f"smtp://{serve()}").send(MAIL)


def test_a_bad_good_bye_after_the_mail_was_taken_is_no_error(
    serve: Serve, mailbox: Mailbox
) -> None:
    mailbox.hangs_up_on_quit = True
    SmtpTransport(f"smtp://{serve()}").send(MAIL)
    assert len(mailbox.taken) == 1


# --- encryption and passwords ------------------------------------------------------------------


def test_the_connection_is_encrypted_when_the_server_offers_it(
    serve: Serve, mailbox: Mailbox, trusted_certificate: ssl.SSLContext
) -> None:
    SmtpTransport(f"smtp://{serve(tls_context=trusted_certificate)}").send(MAIL)
    assert mailbox.encrypted == [True]


def test_smtps_is_encrypted_from_the_start(
    serve: Serve, mailbox: Mailbox, trusted_certificate: ssl.SSLContext
) -> None:
    server = serve(ImpliedTls, ssl_context=trusted_certificate)
    SmtpTransport(f"smtps://{server}").send(MAIL)
    assert len(mailbox.taken) == 1


def test_a_server_nobody_vouches_for_gets_no_mail(
    serve: Serve, mailbox: Mailbox, certificate: ssl.SSLContext
) -> None:
    with pytest.raises(MailUnclear, match="SSLCertVerificationError"):
        SmtpTransport(f"smtp://{serve(tls_context=certificate)}").send(MAIL)
    assert mailbox.taken == []


def test_a_password_with_special_characters_logs_in(
    serve: Serve, mailbox: Mailbox, trusted_certificate: ssl.SSLContext
) -> None:
    server = serve(tls_context=trusted_certificate, auth_required=True, authenticator=check_log_in)
    SmtpTransport(f"smtp://larkspur:p%40ss%3Aword%2F1@{server}").send(MAIL)
    assert len(mailbox.taken) == 1


def test_a_wrong_password_is_unclear_and_not_repeated(
    serve: Serve, trusted_certificate: ssl.SSLContext
) -> None:
    server = serve(tls_context=trusted_certificate, auth_required=True, authenticator=check_log_in)
    with pytest.raises(MailUnclear, match="535") as caught:
        SmtpTransport(f"smtp://larkspur:hunter2@{server}").send(MAIL)
    assert "hunter2" not in str(caught.value)


def test_a_password_never_travels_in_the_clear(serve: Serve, mailbox: Mailbox) -> None:
    tried: list[object] = []

    def log_in(*args: object) -> AuthResult:
        tried.append(args)
        return AuthResult(success=True)

    server = serve(auth_require_tls=False, authenticator=log_in)
    with pytest.raises(MailUnclear, match="no encryption"):
        SmtpTransport(f"smtp://larkspur:secret@{server}").send(MAIL)
    assert tried == []
    assert mailbox.taken == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example:25",
        "http://u:secret@mail.example",
        "smtp://u:secret@",
        "smtp://u:secret@mail.example:lots",
        "smtp://u:secret@[mail.example",
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match="write it like smtp://") as caught:
        SmtpTransport(url)
    assert "secret" not in str(caught.value)
