"""Reads the forms of a return's page into what the gateway is asked."""

from collections.abc import Iterator
from enum import StrEnum
from typing import TypeVar
from uuid import UUID, uuid4

from werkzeug.datastructures import MultiDict

from models.messages import Condition, CountedLine, DecisionKind, Disposition, Grade
from models.money import to_minor
from models.rules.order_checks import LONGEST_IN_ADDRESS, MOST_MONEY, is_country
from models.rules.orders import AddressInput
from web.requests import (
    DecisionRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    ReceiptRequest,
    UnexpectedRequest,
)

Form = MultiDict[str, str]
LONGEST_NOTE = 2000
_MOST_UNITS = 1_000_000
E = TypeVar("E", bound=StrEnum)


class FormError(Exception):
    """A form can't be used as it was sent; the message says what to change."""


def new_call() -> str:
    """The id of one form: sending it twice acts once."""
    return str(uuid4())


def read_call(form: Form) -> str:
    """The id that the form was made with."""
    try:
        return str(UUID(form.get("call", "")))
    except ValueError:
        return new_call()


def read_text(form: Form, name: str) -> str:
    """A field without the space around it; line ends are plain, NUL (no database takes it) gone."""
    return form.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()


def read_sender(form: Form) -> AddressInput | None:
    """Where a parcel is sent from; None: nothing was typed.

    Raises:
        FormError: it isn't an address yet.
    """
    parts = {name: read_text(form, f"sender-{name}") for name in LONGEST_IN_ADDRESS}
    if not any(parts.values()):
        return None
    parts["country"] = parts["country"].upper()
    if not parts["line1"] or not parts["city"]:
        raise FormError("Give the address's first line and its city.")
    if not is_country(parts["country"]):
        raise FormError("Give the address's country in two letters, like GB.")
    for name, text in parts.items():
        if len(text) > LONGEST_IN_ADDRESS[name]:
            raise FormError(f"The address's {name} is too long.")
    return AddressInput(**parts)


def read_choice(form: Form, name: str, words: type[E]) -> E:
    """One of the words of an enumeration.

    Raises:
        FormError: it is none of them.
    """
    return _word(form, name, words, "Choose one of the ways that are offered.")


def read_amount(form: Form, name: str, currency: str) -> int:
    """An amount above 0 as people type it, in minor units.

    Raises:
        FormError: it isn't one.
    """
    try:
        amount = to_minor(read_text(form, name).replace(",", ""), currency)
    except ValueError as error:
        raise FormError(f"{error}.".replace("..", ".")) from None
    if not 0 < amount <= MOST_MONEY:
        raise FormError("Give an amount above 0.")
    return amount


def read_note(form: Form, name: str = "note") -> str:
    """Free text, without the space around it.

    Raises:
        FormError: it is too long.
    """
    text = read_text(form, name)
    if len(text) > LONGEST_NOTE:
        raise FormError(f"A note can have {LONGEST_NOTE:,} characters; yours has {len(text):,}.")
    return text


def read_decision(form: Form) -> DecisionRequest:
    """Approve or decline, with what differs line by line.

    Raises:
        FormError: it says neither.
    """
    decision = _word(form, "decision", DecisionKind, "Choose whether to approve or to decline.")
    lines = []
    for row, line in rows(form):
        verdict = decision
        if decision is DecisionKind.APPROVE and form.get(f"verdict-{row}"):
            verdict = _word(
                form, f"verdict-{row}", DecisionKind, "Choose approve or decline for each line."
            )
        note = read_note(form, f"note-{row}")
        if note or verdict is not decision:
            lines.append(LineDecisionRequest(line=line, decision=verdict, note=note))
    return DecisionRequest(decision=decision, note=read_note(form), lines=lines)


def read_counts(form: Form) -> tuple[list[CountedLine], list[UnexpectedRequest]]:
    """What was counted, and what nobody announced; it may be nothing yet.

    Raises:
        FormError: a count is no number, or a thing has no name.
    """
    lines = []
    for row, line in rows(form):
        quantity, damaged = read_units(form, f"quantity-{row}"), read_units(form, f"damaged-{row}")
        if damaged > quantity:
            raise FormError("Of a line, no more units can be damaged than came.")
        if quantity > damaged:
            lines.append(CountedLine(line=line, quantity=quantity - damaged))
        if damaged:
            lines.append(
                CountedLine(
                    line=line,
                    quantity=damaged,
                    condition=Condition.DAMAGED,
                    note=read_note(form, f"found-{row}") or None,
                )
            )
    unexpected = []
    for row in _indexes(form, "sku-"):
        sku = read_text(form, f"sku-{row}")
        quantity = read_units(form, f"more-{row}")
        note = read_note(form, f"about-{row}")
        if sku and not quantity:
            raise FormError(f"Say how many of {sku} were in the parcel.")
        if not sku and (quantity or note):
            raise FormError("Give the SKU of what came unannounced, or a short name for it.")
        if sku:
            unexpected.append(
                UnexpectedRequest(
                    sku=sku[:100],
                    quantity=quantity,
                    note=note,
                    instead_of=read_text(form, f"instead-{row}")[:100] or None,
                )
            )
    return lines, unexpected


def read_receipt(form: Form) -> ReceiptRequest:
    """A whole receipt.

    Raises:
        FormError: a count is no number, or nothing was counted.
    """
    lines, unexpected = read_counts(form)
    if not lines and not unexpected:
        raise FormError("Nothing is counted yet: enter how many units of each line came.")
    return ReceiptRequest(lines=lines, unexpected=unexpected)


def read_inspection(form: Form) -> InspectionRequest:
    """The verdicts; rows with no units are left out.

    Raises:
        FormError: a row is incomplete or contradicts itself, or nothing was inspected.
    """
    lines = []
    for row, line in rows(form):
        quantity = read_units(form, f"quantity-{row}")
        if not quantity:
            continue
        accepted = form.get(f"verdict-{row}") != "refuse"
        disposition = _word(
            form, f"disposition-{row}", Disposition, "Say for each line where the goods go."
        )
        if not accepted and disposition is Disposition.RESTOCK:
            raise FormError(
                "Refused goods can't go back to stock: choose where they go, "
                "for example back to the customer."
            )
        lines.append(
            InspectionLineRequest(
                line=line,
                quantity=quantity,
                grade=_word(form, f"grade-{row}", Grade, "Give each line a grade from A to D."),
                disposition=disposition,
                accepted=accepted,
                note=read_note(form, f"note-{row}"),
            )
        )
    if not lines:
        raise FormError("Nothing is inspected yet: enter how many units you looked at.")
    return InspectionRequest(lines=lines)


def rows(form: Form) -> Iterator[tuple[str, str]]:
    """The rows of a form that are about a line: their numbers, and the lines' ids."""
    for row in _indexes(form, "line-"):
        yield row, form[f"line-{row}"]


def _indexes(form: Form, prefix: str) -> list[str]:
    found = [name.removeprefix(prefix) for name in form if name.startswith(prefix)]
    return sorted((row for row in found if row.isdecimal()), key=int)


def read_units(form: Form, name: str) -> int:
    """A whole number of units; an empty field is 0.

    Raises:
        FormError: it is no such number.
    """
    text = read_text(form, name)
    if not text:
        return 0
    if not text.isdecimal() or int(text) > _MOST_UNITS:
        raise FormError(f"“{text[:20]}” is not a number of units; enter a whole number like 2.")
    return int(text)


def _word(form: Form, name: str, words: type[E], problem: str) -> E:
    try:
        return words(form.get(name, ""))
    except ValueError:
        raise FormError(problem) from None
