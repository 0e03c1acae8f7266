"""Turns a `Mail` into the message that goes over the wire: headers, alternatives, attachments."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256

from activities.providers.mail.protocol import Mail, MailRefused

# Bodies are sent as quoted-printable or base64: not every server on the way takes 8 bits or the
# very long lines that inlined CSS makes.
_POLICY = SMTP.clone(cte_type="7bit")


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a mail: every attempt with the same key bears the same one."""
    domain = sender.rpartition("@")[2]
    return f"<{sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def compose(mail: Mail) -> EmailMessage:
    """Builds the message; the same mail always gives the same headers.

    Raises:
        MailRefused: the recipient's address is not one.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=mail.sender_name, addr_spec=mail.sender)
    message["To"] = _recipient(mail.recipient)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = mail.at
    message["Message-ID"] = message_id(mail.key, mail.sender)
    # Keeps out-of-office notes from answering (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for attachment in mail.attachments:
        maintype, _, subtype = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name
        )
    return message


def _recipient(text: str) -> Address:
    # The library reads addresses in ASCII only, though it writes them in any script. So what it
    # judges is the address with a plain letter for each other one.
    plain = "".join(char if char.isascii() else "x" for char in text)
    try:
        address = Address(addr_spec=plain)
    except (ValueError, IndexError, MessageError):
        address = Address()
    if not address.username or not address.domain:
        raise MailRefused("the recipient's address is not an e-mail address")
    if plain == text:
        return address
    username, _, domain = text.rpartition("@")
    return Address(username=username, domain=domain)
