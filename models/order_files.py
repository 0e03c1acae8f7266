"""Opens files of orders as they stream in, and reads those with one order as JSON a line."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any, AnyStr, NoReturn

from models.rules.order_checks import quotable
from models.rules.order_pricing import price_order
from models.rules.orders import OrderInput, OrderRefused, PricedOrder

_LONGEST_LINE = 8 * 2**20
_GZIP = b"\x1f\x8b"


class FileFormat(StrEnum):
    """How a file of orders is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOrder:
    """An order found in a file. `row` is its first one, counted from 1, the header included."""

    row: int
    order: PricedOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that can't be taken, and why; its order is left out whole."""

    row: int
    message: str
    order: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", quotable(self.message))
        if self.order is not None:
            object.__setattr__(self, "order", quotable(self.order))


class FileRefused(Exception):
    """Nothing of a file can be read; the message says why."""


class FileDamaged(Exception):
    """The rest of a file can't be read; the message says why."""


def open_file(stream: IO[bytes]) -> "io.BufferedReader[_Rest] | gzip.GzipFile":
    """A stream's bytes, unpacked when they are gzip. It need not know how to seek."""
    head = b""
    while len(head) < len(_GZIP) and (more := stream.read(len(_GZIP) - len(head))):
        head += more
    plain = io.BufferedReader(_Rest(head, stream), 2**16)
    return gzip.GzipFile(fileobj=plain) if head == _GZIP else plain


class _Rest(io.RawIOBase):
    """A stream with the bytes put back that were read to look at them."""

    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head or self._stream.read(len(buffer))
        self._head = b""
        buffer[: len(data)] = data
        return len(data)


def read_lines(readline: Callable[[int], AnyStr], longest: int) -> Iterator[AnyStr]:
    """The lines of an opened file, none longer than can be kept in memory.

    Raises:
        FileDamaged: a line is too long, or the gzip ends or breaks before its time.
    """
    while True:
        try:
            line = readline(longest)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileDamaged(f"The file is damaged here ({error}).") from error
        if not line:
            return
        if len(line) >= longest:
            raise FileDamaged("This row is too long to be an order; is it the right file?")
        yield line


def read_json_lines(
    stream: IO[bytes], parse: Callable[[Any], OrderInput]
) -> Iterator[ReadOrder | RefusedRow]:
    """Reads one order as JSON a line; blank lines are skipped.

    Args:
        stream: the file, gzip or not.
        parse: makes an order of a JSON value, or raises `OrderRefused`.
    """
    row = 0
    try:
        for row, line in enumerate(read_lines(open_file(stream).readline, _LONGEST_LINE), start=1):
            if line.strip():
                yield from _read_order(row, line, parse)
    except FileDamaged as damage:
        yield RefusedRow(row=row + 1, message=f"{damage} Nothing after it was read.")


def _read_order(
    row: int, line: bytes, parse: Callable[[Any], OrderInput]
) -> Iterator[ReadOrder | RefusedRow]:
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        yield RefusedRow(row=row, message="This is not JSON; each row holds one whole order.")
        return
    number = value.get("number") if isinstance(value, dict) else None
    try:
        yield ReadOrder(row=row, order=price_order(parse(value)))
    except OrderRefused as refused:
        for refusal in refused.refusals:
            name = number if isinstance(number, str) else None
            yield RefusedRow(row=row, message=refusal.message, order=name)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
