"""The books as the API asks for them, shows them and takes their settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from models.rules.accounts import CHART, Account, AccountType
from models.store.ledger import EntryFilter
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Body, Choice, Day, Items, Object, Text, refuse
from web.api.schemas.lists import Cursor, Limit
from web.errors import Coded

_NUMBER = re.compile(r"[0-9]{1,9}")


class AccountName(Text):
    """The name of an account of the chart."""

    def __init__(self, **options: Any) -> None:
        super().__init__(longest=60, metadata={"enum": list(CHART)}, **options)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in CHART:
            raise refuse("choice", f" must be one of {', '.join(CHART)}.")
        return name


class BooksQuery(Body):
    """Part of the books. Days are of UTC, `from` and `to` included."""

    return_ = Text(longest=20, load_default=None, data_key="return")
    order = Text(longest=100, load_default=None)
    from_ = Day(load_default=None, data_key="from")
    to = Day(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        """The filter."""
        return _filter(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntriesAsked:
    """Which entries, how many on a page, and the number they follow."""

    wanted: EntryFilter
    limit: int
    after: int | None


class EntryQuery(BooksQuery):
    """The list of entries."""

    limit = Limit()
    cursor = Cursor()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        """The filter, how many entries, and after which number."""
        place = data["cursor"]
        if place is not None and not _NUMBER.fullmatch(place.id):
            message = " must be the next_cursor of a page, unchanged."
            raise ValidationError({"cursor": [Coded(message, "cursor")]})
        return EntriesAsked(
            wanted=_filter(data),
            limit=data["limit"],
            after=None if place is None else int(place.id),
        )


def _filter(data: dict[str, Any]) -> EntryFilter:
    return EntryFilter(
        rma=data["return_"], order=data["order"], first_day=data["from_"], last_day=data["to"]
    )


class EntryLineSchema(Schema):
    """One side of an entry, in minor units; `code` is the shop's own."""

    account = fields.String(required=True)
    code = fields.String(required=True)
    debit = fields.Integer(required=True)
    credit = fields.Integer(required=True)


class EntrySchema(Schema):
    """A journal entry. `at`: when it counts; `reverses`: the number of the one it takes back."""

    number = fields.Integer(required=True)
    source = fields.String(required=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    order = fields.String(required=True, allow_none=True)
    at = fields.AwareDateTime(required=True)
    recorded_at = fields.AwareDateTime(required=True)
    currency = fields.String(required=True)
    memo = fields.String(required=True)
    reverses = fields.Integer(required=True, allow_none=True)
    hash = fields.String(required=True)
    previous_hash = fields.String(required=True)
    lines = fields.List(fields.Nested(EntryLineSchema), required=True)


EntryPageSchema = page_of(EntrySchema)


class BalanceSchema(Schema):
    """What an account comes to in one currency; `balance` is debit less credit."""

    account = fields.String(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    currency = fields.String(required=True)
    debit = fields.Integer(required=True)
    credit = fields.Integer(required=True)
    balance = fields.Integer(required=True)


class TotalSchema(Schema):
    """All accounts in one currency; debit and credit are equal."""

    currency = fields.String(required=True)
    debit = fields.Integer(required=True)
    credit = fields.Integer(required=True)


class TrialBalanceSchema(Schema):
    """What every account comes to, in minor units."""

    data = fields.List(fields.Nested(BalanceSchema), required=True)
    totals = fields.List(fields.Nested(TotalSchema), required=True)


class AccountSchema(Body):
    """What the shop calls one of our accounts. `type` can't be set."""

    account = AccountName(required=True)
    code = Text(longest=60, shortest=1, required=True)
    name = Text(longest=120, shortest=1, required=True)
    type = Choice(AccountType, dump_only=True)

    @pre_load
    def drop_read_only(self, data: Any, **_: Any) -> Any:
        """What GET gave may be PUT back as it is."""
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if name != "type"}

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Account:
        """As the rules take it."""
        return Account(**data)


class AccountsSchema(Body):
    """The chart of accounts. An account that is left out gets its default back."""

    data = Items(Object(AccountSchema), required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> list[Account]:
        """Each account once."""
        found: dict[str, Account] = {}
        for index, given in enumerate(data["data"]):
            if given.account in found:
                message = f" {given.account} is there already; name each account once."
                raise ValidationError({"data": {index: {"account": [Coded(message, "twice")]}}})
            found[given.account] = given
        return list(found.values())


class ClosingSchema(Body):
    """Until which day, included, the books are to be closed."""

    closed_until = Day(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> date:
        """The day."""
        found: date = data["closed_until"]
        return found


class PeriodsSchema(Schema):
    """The last day on which nothing more is booked; null: every period is open."""

    closed_until = fields.Date(required=True, allow_none=True)


class BadRowSchema(Schema):
    """What is wrong with the entry of a number."""

    number = fields.Integer(required=True)
    problem = fields.String(required=True)


class VerificationSchema(Schema):
    """Whether the books are as they were written. `bad` holds the first bad rows, by number."""

    ok = fields.Boolean(required=True)
    entries = fields.Integer(required=True)
    last_hash = fields.String(required=True)
    bad_rows = fields.Integer(required=True)
    bad = fields.List(fields.Nested(BadRowSchema), required=True)
