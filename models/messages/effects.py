"""Labels and mails."""

from dataclasses import dataclass

from models.messages.words import Template


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelOrder:
    """Asks for a return label. `key` makes asking again harmless."""

    rma: str
    key: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that was made."""

    tracking: str
    carrier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOrder:
    """Asks to write to the customer. `key` is unique per mail, so a retry never sends a second."""

    rma: str
    key: str
    template: Template
    at: str
