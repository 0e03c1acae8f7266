"""Queries of lists: filters, `limit` and the opaque `cursor`."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import request
from marshmallow import ValidationError, post_load

from models.messages import ReturnStatus, TaskKind
from models.store.queries import Place, ReturnFilter, TaskFilter
from web.api.schemas.fields import Body, Choice, Moment, Text, WholeNumber, check_text, refuse
from web.api.schemas.reasons import ReasonCode
from web.errors import Coded

MOST_ROWS = 100
DEFAULT_ROWS = 50
_NUMBER = re.compile(r"[0-9]{1,9}")
_CURSOR = " must be the next_cursor of a page of this list, unchanged."


class TaskStatus(StrEnum):
    """Where a task is."""

    OPEN = "open"
    CLAIMED = "claimed"
    DONE = "done"


def write_cursor(place: Place | None) -> str | None:
    """A place in the list asked for, as callers pass it back, without knowing what is in it."""
    if place is None:
        return None
    at = None if place.at is None else place.at.isoformat()
    held = json.dumps([at, place.id, _this_list()])
    return base64.urlsafe_b64encode(held.encode()).decode().rstrip("=")


def _this_list() -> int:
    """Tells lists apart, so that a cursor of one isn't taken for a place in another."""
    return zlib.crc32(request.path.encode())


class Cursor(Text):
    """The `next_cursor` of the page before."""

    def __init__(self) -> None:
        super().__init__(longest=500, load_default=None)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Reads what `write_cursor` wrote."""
        text = super().deserialize(value, attr, data, **kwargs)
        if text is None:
            return None
        try:
            padded = text + "=" * (-len(text) % 4)
            at, row, of = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            moment = None if at is None else datetime.fromisoformat(at)
            if (
                of != _this_list()
                or not isinstance(row, str)
                or (moment is not None and moment.tzinfo is None)
            ):
                raise ValueError("not a place")
            check_text(row)
            return Place(at=moment, id=row)
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise refuse("cursor", _CURSOR) from None


class Limit(WholeNumber):
    """How many rows a page has at most."""

    def __init__(self) -> None:
        super().__init__(at_least=1, at_most=MOST_ROWS, load_default=DEFAULT_ROWS)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        number = int(value) if value.isascii() and value.isdecimal() and len(value) < 9 else None
        return super()._deserialize(number, attr, data, **kwargs)


class PageQuery(Body):
    """A list without filters."""

    limit = Limit()
    cursor = Cursor()


class EventQuery(PageQuery):
    """A return's timeline."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[int, Place | None]:
        """How many rows, and where to start."""
        place = data["cursor"]
        if place is not None:
            row_number(place)
        return data["limit"], place


class VersionQuery(PageQuery):
    """The versions of the policy."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[int, int | None]:
        """How many rows, and below which version."""
        place = data["cursor"]
        return data["limit"], None if place is None else row_number(place)


def row_number(place: Place) -> int:
    """The number of the row that a cursor stands for."""
    if not _NUMBER.fullmatch(place.id):
        raise ValidationError({"cursor": [Coded(_CURSOR, "cursor")]})
    return int(place.id)


class ReturnQuery(PageQuery):
    """The list of returns. `created_after` includes its moment, `created_before` doesn't.

    `reference` is the name of your own that a return was given. `q` finds RMA, order and tracking
    numbers, e-mail addresses, names and SKUs.
    """

    status = Choice(ReturnStatus, load_default=None)
    order = Text(longest=100, load_default=None)
    customer = Text(longest=200, load_default=None)
    reason = ReasonCode(load_default=None)
    reference = Text(longest=200, load_default=None)
    created_after = Moment(load_default=None)
    created_before = Moment(load_default=None)
    q = Text(longest=200, shortest=1, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[ReturnFilter, int, Place | None]:
        """The filter, how many rows, and where to start."""
        limit, cursor = data.pop("limit"), data.pop("cursor")
        return ReturnFilter(**data), limit, cursor


class TaskQuery(PageQuery):
    """The list of tasks. Without `status`: those that still wait."""

    status = Choice(TaskStatus, load_default=None)
    kind = Choice(TaskKind, load_default=None)
    return_ = Text(longest=20, load_default=None, data_key="return")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[TaskFilter, int, Place | None]:
        """The filter, how many rows, and where to start."""
        limit, cursor = data.pop("limit"), data.pop("cursor")
        wanted = TaskFilter(status=data["status"], kind=data["kind"], rma=data["return_"])
        return wanted, limit, cursor
