"""What Redress asks of a mail transport: send one mail, and say whether it was taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a mail. `media_type` is like `application/pdf`."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one person.

    Attributes:
        key: unique per mail and the same for every attempt; the Message-ID comes from it.
        sender: the shop's address.
        sender_name: the shop as people know it.
        recipient: the address to write to.
        subject: one line.
        text: the mail for those who read plain text.
        html: the same, with its CSS inlined.
        at: when it was written, an aware time; the Date header.
        attachments: files that go with it.
    """

    key: str
    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    html: str
    at: datetime
    attachments: tuple[Attachment, ...] = ()


class MailRefused(Exception):
    """The mail will not be delivered, now or on a retry. The message names no person."""


class MailUnclear(Exception):
    """Not taken, or nobody knows: try again later. The message names no person.

    The mail may have been sent. Its Message-ID stays the same, so a repeat is recognisable.
    """


class MailTransport(Protocol):
    """A way out of the house. `name` (up to 12 characters) is stored with what it sent.

    `send` blocks, is safe to call from several threads, and raises only `MailRefused` and
    `MailUnclear`.
    """

    @property
    def name(self) -> str:
        """What the stored mail says it went by."""
        ...

    def send(self, mail: Mail) -> None:
        """Hands the mail over; returning means that it was taken."""
        ...
