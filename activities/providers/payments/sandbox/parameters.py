"""Reads Stripe's form-encoded parameters strictly: what isn't understood is refused."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from activities.providers.payments.sandbox.behaviour import PREFIX
from activities.providers.payments.sandbox.refusals import Refused, bad_request, missing_resource

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_METADATA = re.compile(r"metadata\[([^\[\]]+)\]")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_CURRENCY = re.compile(r"[a-z]{3}")

# Stripe's own limits on metadata.
_METADATA_KEYS, _METADATA_KEY_LENGTH, _METADATA_VALUE_LENGTH = 50, 40, 500
_REFERENCE_LENGTH = 255
_PAGE_DEFAULT, _PAGE_MOST = 10, 100
# Of Stripe's four bounds of a moment, the one that is needed.
_CREATED_FROM = "created[gte]"
_EXPAND, _SETTLED = "expand[0]", "data.balance_transaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefund:
    """A refund somebody asks for.

    Attributes:
        payment: the `sbx_...` reference.
        amount: in minor units, 1 or more; None: all that is left.
        currency: ISO 4217, lower case, when it was told.
        captured: what the payment brought in, when it was told.
        reason: one of Stripe's three, when it was given.
        metadata: kept with the refund as it is.
    """

    payment: str
    amount: int | None
    currency: str | None
    captured: int | None
    reason: str | None
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedPage:
    """A page of refunds: of one payment or of all, newest first, after a given refund.

    `created_from`: Unix seconds; None: however old. `settled`: with what each took off the balance.
    """

    payment: str | None
    limit: int
    starting_after: str | None
    created_from: int | None
    settled: bool


def wanted_refund(fields: Iterable[tuple[str, str]]) -> WantedRefund:
    """Reads the parameters of `POST /v1/refunds`.

    Raises:
        Refused: a parameter is missing, unknown, given twice or of the wrong form.
    """
    given, metadata = _sorted_out(
        fields, {"payment_intent", "charge", "amount", "currency", "reason", "metadata"}
    )
    if given.pop("metadata", ""):
        raise bad_request("Invalid object", param="metadata")
    payment = _payment(given)
    if payment is None:
        raise bad_request(
            "One of the following params should be provided for this request:"
            " payment_intent or charge.",
            code="parameter_missing",
        )
    reason = given.get("reason")
    if reason is not None and reason not in _REASONS:
        raise bad_request(f"Invalid reason: must be one of {', '.join(_REASONS)}", param="reason")
    return WantedRefund(
        payment=payment,
        amount=_positive(given.get("amount"), "amount"),
        currency=_currency(given, metadata),
        captured=_positive(metadata.get("captured_amount"), "metadata[captured_amount]"),
        reason=reason,
        metadata=metadata,
    )


def wanted_page(fields: Iterable[tuple[str, str]]) -> WantedPage:
    """Reads the parameters of `GET /v1/refunds`.

    Raises:
        Refused: a parameter is unknown, given twice or of the wrong form.
    """
    known = {"payment_intent", "charge", "limit", "starting_after", _CREATED_FROM, _EXPAND}
    given, _ = _sorted_out(fields, known)
    if given.get(_EXPAND, _SETTLED) != _SETTLED:
        raise bad_request(f"Only {_SETTLED} can be expanded here.", param=_EXPAND)
    limit = _positive(given.get("limit"), "limit") or _PAGE_DEFAULT
    if limit > _PAGE_MOST:
        raise bad_request(
            f"Invalid limit: must be at most {_PAGE_MOST}",
            param="limit",
            code="parameter_invalid_integer",
        )
    return WantedPage(
        payment=_payment(given),
        limit=limit,
        starting_after=given.get("starting_after"),
        created_from=_timestamp(given.get(_CREATED_FROM), _CREATED_FROM),
        settled=_EXPAND in given,
    )


def no_parameters(fields: Iterable[tuple[str, str]]) -> None:
    """For calls that take none.

    Raises:
        Refused: there is one.
    """
    _sorted_out(fields, set())


def known_payment(name: str, param: str) -> str:
    """Any `sbx_...` payment exists without set-up; no other does.

    Raises:
        Refused: 404, it can't exist here.
    """
    if not name.startswith(PREFIX) or len(name) > _REFERENCE_LENGTH:
        raise missing_resource(param, name, param)
    return name


def _sorted_out(
    fields: Iterable[tuple[str, str]], known: set[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Parts plain parameters from `metadata[...]`; refuses the unknown and the repeated."""
    given: dict[str, str] = {}
    metadata: dict[str, str] = {}
    for name, value in fields:
        match = _METADATA.fullmatch(name) if "metadata" in known else None
        if match is None and name not in known:
            raise bad_request(
                f"Received unknown parameter: {name}", param=name, code="parameter_unknown"
            )
        place, key = (metadata, match[1]) if match else (given, name)
        if key in place:
            raise bad_request(f"The parameter {name} was given more than once.", param=name)
        place[key] = value
    _check_metadata(metadata)
    return given, metadata


def _check_metadata(metadata: Mapping[str, str]) -> None:
    if len(metadata) > _METADATA_KEYS:
        raise bad_request(f"Metadata can have up to {_METADATA_KEYS} keys.", param="metadata")
    for key, value in metadata.items():
        if len(key) > _METADATA_KEY_LENGTH:
            raise bad_request(
                f"Metadata keys can have up to {_METADATA_KEY_LENGTH} characters.",
                param="metadata",
            )
        if len(value) > _METADATA_VALUE_LENGTH:
            raise bad_request(
                f"Metadata values can have up to {_METADATA_VALUE_LENGTH} characters.",
                param=f"metadata[{key}]",
            )


def _payment(given: Mapping[str, str]) -> str | None:
    named = [param for param in ("payment_intent", "charge") if param in given]
    if not named:
        return None
    if len(named) > 1:
        raise bad_request(
            "You may only specify one of these parameters: payment_intent, charge.",
            param="charge",
        )
    return known_payment(given[named[0]], named[0])


def _currency(given: Mapping[str, str], metadata: Mapping[str, str]) -> str | None:
    param = "currency" if "currency" in given else "metadata[captured_currency]"
    text = given.get("currency", metadata.get("captured_currency"))
    if text is None:
        return None
    if not _CURRENCY.fullmatch(text.lower()):
        raise bad_request(f"Invalid currency: {text}. Give its three-letter ISO code.", param=param)
    return text.lower()


def _positive(text: str | None, param: str) -> int | None:
    if text is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(text):
        raise _not_whole(param, f"Invalid integer: {text}")
    if int(text) < 1:
        raise _not_whole(param, "This value must be greater than or equal to 1.")
    return int(text)


def _timestamp(text: str | None, param: str) -> int | None:
    if text is None:
        return None
    if not _TIMESTAMP.fullmatch(text):
        raise _not_whole(param, f"Invalid timestamp: {text}. Give Unix seconds.")
    return int(text)


def _not_whole(param: str, message: str) -> Refused:
    return bad_request(message, param=param, code="parameter_invalid_integer")
