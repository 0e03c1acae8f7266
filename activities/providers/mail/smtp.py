"""Mail by SMTP, with the server's answer read as sent, refused or unclear."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from activities.providers.mail.composing import compose
from activities.providers.mail.protocol import Mail, MailRefused, MailUnclear

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_EXAMPLE = "write it like smtp://user:password@mail.example:587 or smtps://mail.example:465"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    encrypted: bool
    host: str
    port: int
    user: str
    password: str = field(repr=False)


class SmtpTransport:
    """Sends by an SMTP server; a `MailTransport`. Opens a connection for each mail.

    The connection is encrypted from the start with `smtps://`, and with `smtp://` when the server
    offers STARTTLS. A password is sent over an encrypted connection only.

    Args:
        url: `smtp://user:password@host:port` or `smtps://…`; user, password and port may be left
            out. Special characters in the password are percent-encoded.
        timeout: seconds to wait for each answer.

    Raises:
        ValueError: the URL is not such a one. The message does not repeat it.
    """

    name = "smtp"

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        self._server = _parse(url)
        self._timeout = timeout
        self._tls = ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        """Hands the mail to the server.

        Raises:
            MailRefused: the server will not take it for this recipient (5xx), or the address is
                not one.
            MailUnclear: a temporary refusal (4xx), no connection, or a server that is set up
                wrongly (its log-in fails, say): someone can mend that, and the mail then goes out.
        """
        message = compose(mail)
        try:
            smtp = self._connect()
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnclear(f"no session with the mail server: {_kind(error)}") from None
        try:
            self._greet(smtp)
            _deliver(smtp, message, mail)
        finally:
            # The mail is taken or not by now; a bad good-bye changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.encrypted:
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout, context=self._tls
            )
        return smtplib.SMTP(server.host, server.port, timeout=self._timeout)

    def _greet(self, smtp: smtplib.SMTP) -> None:
        server, encrypted = self._server, self._server.encrypted
        try:
            smtp.ehlo_or_helo_if_needed()
            if not encrypted and smtp.has_extn("starttls"):
                smtp.starttls(context=self._tls)
                smtp.ehlo()
                encrypted = True
            if server.user:
                if not encrypted:
                    raise MailUnclear(
                        "the mail server offers no encryption, so the password was not sent"
                    )
                smtp.login(server.user, server.password)
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnclear(f"no session with the mail server: {_kind(error)}") from None


def _deliver(smtp: smtplib.SMTP, message: EmailMessage, mail: Mail) -> None:
    try:
        smtp.send_message(message, from_addr=mail.sender, to_addrs=[mail.recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code = next((code for code, _ in error.recipients.values()), 0)
        raise _refusal("the recipient", code) from None
    except smtplib.SMTPDataError as error:
        raise _refusal("the mail", error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise MailRefused("the mail server can't write to an address like this one") from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailUnclear(f"the mail server did not take the mail: {_kind(error)}") from None


def _refusal(what: str, code: int) -> MailRefused | MailUnclear:
    if 500 <= code < 600:
        return MailRefused(f"the mail server refused {what} ({code})")
    return MailUnclear(f"the mail server did not take {what} now ({code})")


def _kind(error: Exception) -> str:
    # Never the server's own words: they often repeat the address.
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} ({code})" if code else type(error).__name__


def _parse(url: str) -> _Server:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"the mail server's URL can't be read; {_EXAMPLE}") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"the mail server's URL can't be used; {_EXAMPLE}")
    return _Server(
        encrypted=parts.scheme == "smtps",
        host=parts.hostname,
        port=port or _DEFAULT_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
