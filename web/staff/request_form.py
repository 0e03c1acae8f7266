"""Reads the form of a new return into what the gateway is asked."""

from models.messages import EXCHANGING, Reason, Resolution, ReturnKind
from models.rules.reasons import CODE, LONGEST_CODE
from web.requests import (
    AmendedLineRequest,
    AmendRequest,
    Contact,
    LineRequest,
    ReturnRequest,
    WantedItem,
)
from web.staff.forms import E, Form, FormError, read_choice, read_note, read_text, read_units, rows

_LONGEST_NAME = 200
_LONGEST_SKU = 100
_LONGEST_ADDRESS = 320


def read_request(form: Form, order: str) -> ReturnRequest:
    """Which lines come back, why, and what for; lines without units are left out.

    Raises:
        FormError: a field is incomplete, or no line was chosen.
    """
    kind = read_choice(form, "kind", ReturnKind)
    lines = read_lines(form, kind)
    if not lines:
        raise FormError("Enter how many units of which line come back.")
    usual = Resolution.STORE_CREDIT if kind is ReturnKind.GIFT else Resolution.REFUND
    return ReturnRequest(
        order=order,
        kind=kind,
        lines=lines,
        resolution=_maybe(form, "resolution", Resolution) or usual,
        exchange=read_wanted(form),
        contact=_contact(form),
        override_reason=read_note(form, "override") or None,
    )


def read_wanted(form: Form) -> list[WantedItem]:
    """What goes out for lines that are exchanged: as many units as come back.

    Raises:
        FormError: a number can't be used.
    """
    return [
        WantedItem(line=line, sku=sku[:_LONGEST_SKU], quantity=quantity)
        for row, line in rows(form)
        if (sku := read_text(form, f"sku-{row}"))
        and (quantity := read_units(form, f"quantity-{row}"))
    ]


def read_amendment(form: Form) -> AmendRequest:
    """What a return is changed to; lines without units go.

    Raises:
        FormError: a field can't be used, or nothing would be left.
    """
    lines = [
        AmendedLineRequest(
            line=line,
            quantity=quantity,
            reason=_reason(form, row),
            comment=read_note(form, f"comment-{row}") or None,
            resolution=_maybe(form, f"resolution-{row}", Resolution),
        )
        for row, line in rows(form)
        if (quantity := read_units(form, f"quantity-{row}"))
    ]
    if not lines:
        raise FormError("Nothing would be left; cancel the return instead.")
    return AmendRequest(lines=lines, exchange=_wanted_now(form) or None)


def _wanted_now(form: Form) -> list[WantedItem]:
    """What goes out for the lines that are exchanged now; the field may still hold another's."""
    return [
        WantedItem(line=line, sku=sku[:_LONGEST_SKU], quantity=quantity)
        for row, line in rows(form)
        if form.get(f"resolution-{row}") in EXCHANGING
        and (sku := read_text(form, f"sku-{row}"))
        and (quantity := read_units(form, f"quantity-{row}"))
    ]


def read_lines(form: Form, kind: ReturnKind) -> list[LineRequest]:
    """The lines that have units.

    Raises:
        FormError: a line has no reason, or one of its fields can't be used.
    """
    lines = []
    for row, line in rows(form):
        quantity = read_units(form, f"quantity-{row}")
        if not quantity:
            continue
        reason = _reason(form, row)
        if reason is None and kind is ReturnKind.WITHDRAWAL:
            reason = Reason.WITHDRAWAL
        if reason is None:
            raise FormError("Choose a reason for each line that comes back.")
        lines.append(
            LineRequest(
                line=line,
                quantity=quantity,
                reason=reason,
                comment=read_note(form, f"comment-{row}"),
                resolution=_maybe(form, f"resolution-{row}", Resolution),
            )
        )
    return lines


def _contact(form: Form) -> Contact | None:
    name, email = read_text(form, "contact-name"), read_text(form, "contact-email")
    if len(name) > _LONGEST_NAME:
        raise FormError(f"A name can have {_LONGEST_NAME} characters.")
    if email and ("@" not in email[1:-1] or " " in email or len(email) > _LONGEST_ADDRESS):
        raise FormError("An e-mail address looks like name@example.com.")
    return Contact(name=name or None, email=email or None) if name or email else None


def _reason(form: Form, row: str) -> str | None:
    """Whether the shop knows it, the policy says."""
    code = read_text(form, f"reason-{row}")
    if not code:
        return None
    if len(code) > LONGEST_CODE or not CODE.fullmatch(code):
        raise FormError("Choose the reason from the list.")
    return code


def _maybe(form: Form, name: str, words: type[E]) -> E | None:
    return read_choice(form, name, words) if form.get(name) else None
