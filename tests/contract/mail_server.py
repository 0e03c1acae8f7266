"""A real SMTP server on loopback, which answers as a test wants it to."""

import email.policy
import socket
import ssl
from email import message_from_bytes
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """What a server does with a mail: it gives its prepared answers, then takes everything."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.encrypted: list[bool] = []
        self.answers_to_recipient: list[str] = []
        self.answers_to_data: list[str] = []
        self.hangs_up_on_data = False
        self.hangs_up_on_quit = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers_to_recipient:
            return self.answers_to_recipient.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs_up_on_data:
            hang_up(server)
        if self.answers_to_data:
            return self.answers_to_data.pop(0)
        self.recipients += envelope.rcpt_tos
        self.taken.append(read(cast("bytes", envelope.content)))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs_up_on_quit:
            hang_up(server)
        return "221 Bye"


class ImpliedTls(Controller):
    """A server that speaks TLS from the first byte; the library tries it in plain text."""

    def _trigger_server(self) -> None:
        context = ssl.create_default_context()
        with (
            socket.create_connection((self.hostname, self.port), 5) as plain,
            context.wrap_socket(plain, server_hostname=self.hostname) as connection,
        ):
            connection.recv(1024)


def hang_up(server: SMTP) -> None:
    server.transport.abort()  # type: ignore[union-attr]


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=email.policy.default)
