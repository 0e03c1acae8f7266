"""Strict fields: what isn't exactly right is refused in a sentence that says what to send.

Messages begin with a gap where the field's name goes (`web.errors.field_errors`).
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from babel.numbers import list_currencies
from marshmallow import Schema, ValidationError, fields
from marshmallow.types import ErrorMessages

from models.rules.order_checks import MOST_MONEY, is_country
from models.rules.policy import check_time_zone
from web.errors import Coded

MOST_UNITS = 10**9
LONGEST_NOTE = 4000

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,10})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# Two of ISO 4217's codes stand for no money: one for tests, one for none at all.
_CURRENCIES = frozenset(list_currencies()) - {"XTS", "XXX"}


class Named:
    """The refusals every field shares, with their codes."""

    default_error_messages: ErrorMessages = {  # noqa: RUF012  marshmallow reads it from the class
        "required": " is required.",
        "null": " can't be null.",
    }
    error_messages: ErrorMessages

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """marshmallow's own refusals, coded with their key."""
        return refuse(key, str(self.error_messages[key]))


class Body(Schema):
    """An object of a request. A field it doesn't know is refused, never dropped."""

    error_messages = {  # noqa: RUF012  marshmallow reads it from the class
        "type": Coded(" must be a JSON object.", "type"),
        "unknown": Coded(
            " is not known here; leave it out or check its spelling.", "unknown_field"
        ),
    }


def refuse(code: str, message: str) -> ValidationError:
    """A refusal for a field to raise."""
    return ValidationError([Coded(message, code)])


class Object(Named, fields.Nested):
    """An object inside an object."""


class Items(Named, fields.List[Any]):
    """A list.

    Args:
        inner: the field of each item.
        at_least: how many it must have.
    """

    def __init__(self, inner: fields.Field[Any], *, at_least: int = 0, **options: Any) -> None:
        self.at_least = at_least
        super().__init__(inner, metadata={"minItems": at_least} if at_least else {}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if not isinstance(value, list):
            raise refuse("type", " must be a list.")
        if len(value) < self.at_least:
            raise refuse("too_few", f" needs at least {self.at_least} item.")
        return super()._deserialize(value, attr, data, **kwargs)


class Text(Named, fields.String):
    """Text of a length, in characters that every database stores."""

    def __init__(self, *, longest: int, shortest: int = 0, **options: Any) -> None:
        self.longest, self.shortest = longest, shortest
        # Blanks alone are no text.
        filled = {"minLength": shortest, "pattern": r"\S"} if shortest else {}
        limits = {"maxLength": longest, **filled}
        super().__init__(metadata={**limits, **options.pop("metadata", {})}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise refuse("type", " must be text.")
        check_text(value)
        if len(value) > self.longest:
            raise refuse("too_long", f" can have at most {self.longest} characters.")
        if len(value.strip()) < self.shortest:
            raise refuse("too_short", " can't be empty.")
        return value


def check_text(text: str) -> None:
    """Refuses what a database can't store.

    Raises:
        ValidationError: NUL, or half of a surrogate pair.
    """
    if "\0" in text:
        raise refuse("not_text", " can't contain the NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise refuse("not_text", " contains half of a surrogate pair; send UTF-8.") from None


class EmailText(Text):
    """An e-mail address, as far as one can tell without writing to it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=320, metadata={"format": "email"}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _EMAIL.fullmatch(text):
            raise refuse("email", " must be an e-mail address.")
        return text


class TimeZone(Text):
    """The name of a time zone this machine knows."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        refusal = check_time_zone(name)
        if refusal is not None:
            raise refuse(refusal.code, refusal.message)
        return name


class WholeNumber(Named, fields.Integer):
    """A whole number within bounds; 1.0, "1" and true are not whole numbers."""

    def __init__(self, *, at_least: int, at_most: int, **options: Any) -> None:
        self.at_least, self.at_most = at_least, at_most
        limits = {"minimum": at_least, "maximum": at_most}
        super().__init__(strict=True, metadata=limits, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse("type", f" must be a whole number from {self.at_least}.")
        if not self.at_least <= value <= self.at_most:
            message = f" must be a whole number from {self.at_least} to {self.at_most}."
            raise refuse("out_of_range", message)
        return value


class Units(WholeNumber):
    """How many units; at least 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(at_least=1, at_most=MOST_UNITS, **options)


class Money(WholeNumber):
    """An amount in minor units, 0 or more."""

    def __init__(self, **options: Any) -> None:
        super().__init__(at_least=0, at_most=MOST_MONEY, **options)


class Flag(Named, fields.Boolean):
    """true or false, nothing that resembles them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise refuse("type", " must be true or false.")
        return value


class Choice(Named, fields.Enum[Any]):
    """One of the words of an enumeration."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        super().__init__(words, by_value=True, metadata={"type": "string"}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if isinstance(value, str):
            for word in self.enum:
                if word.value == value:
                    return word
        raise refuse("choice", f" must be one of {', '.join(word.value for word in self.enum)}.")


class Moment(Named, fields.AwareDateTime):
    """A moment as RFC 3339 writes it, with its zone; given back in UTC."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        try:
            if isinstance(value, str) and _MOMENT.fullmatch(value):
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise refuse("moment", " must be a time with its zone, written like 2026-11-01T10:00:00Z.")


class DecimalText(Named, fields.String):
    """A decimal number of 0 or more, written as text so that no float comes near it.

    `or_word`: a word that may stand in its place.
    """

    def __init__(
        self, *, at_most: int, above_zero: bool = False, or_word: str | None = None, **options: Any
    ) -> None:
        self.at_most, self.above_zero, self.or_word = at_most, above_zero, or_word
        word = "" if or_word is None else f"|^{or_word}$"
        super().__init__(metadata={"pattern": f"^{_DECIMAL.pattern}${word}"}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if isinstance(value, str) and value == self.or_word:
            return value
        if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
            word = "" if self.or_word is None else f', or "{self.or_word}"'
            raise refuse("decimal", f' must be a decimal number as text, like "0.10"{word}.')
        number = Decimal(value)
        if number > self.at_most or (self.above_zero and number == 0):
            lowest = "above 0" if self.above_zero else "from 0"
            raise refuse("out_of_range", f" must be {lowest} and at most {self.at_most}.")
        return value


class CurrencyCode(Named, fields.String):
    """A currency of ISO 4217."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": "^[A-Z]{3}$"}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or value not in _CURRENCIES:
            raise refuse("currency", " must be a currency of ISO 4217, like GBP.")
        return value


class CountryCode(Named, fields.String):
    """A country of ISO 3166, by its two letters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": "^[A-Z]{2}$"}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or not is_country(value):
            raise refuse("country", " must be a country of ISO 3166 in two letters, like GB.")
        return value


class Table(Named, fields.Dict):
    """An object with names of the caller's own, each with a value of one kind."""

    def __init__(self, of: fields.Field[Any], *, longest_key: int = 100, **options: Any) -> None:
        self.longest_key = longest_key
        super().__init__(keys=fields.String(), values=of, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refuse("type", " must be a JSON object.")
        found, errors = {}, {}
        for key, item in value.items():
            try:
                check_text(key)
                if len(key) > self.longest_key:
                    message = f" is too long a name; {self.longest_key} characters are the most."
                    raise refuse("too_long", message)
                found[key] = self.value_field.deserialize(item)  # type: ignore[union-attr]
            except ValidationError as error:
                errors[key] = error.messages
        if errors:
            raise ValidationError(errors)
        return found


class Day(Named, fields.Date):
    """A day of the calendar."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise refuse("day", " must be a day, written like 2026-10-31.")
