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
class LabelReturn:
    """Asks to give the labels of a return back that nobody used."""

    rma: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsReturned:
    """How many labels of a return the carrier took back, then or before."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOrder:
    """Asks to write to the customer. `key` is unique per mail, so a retry never sends a second."""

    rma: str
    key: str
    template: Template
    at: str
