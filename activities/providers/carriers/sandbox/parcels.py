"""The sandbox carrier's book: its parcels, their labels and their scans."""

import json
import secrets
import sqlite3
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from activities.providers.carriers.sandbox.behaviour import (
    USUAL_JOURNEY,
    Behaviour,
    Status,
    Step,
    behaviour_of,
)
from activities.providers.carriers.sandbox.refusals import missing
from activities.providers.payments.sandbox.storage import Storage

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS parcels (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    tracking TEXT NOT NULL UNIQUE,
    page TEXT NOT NULL UNIQUE,
    sent TEXT NOT NULL,
    created INTEGER NOT NULL,
    rate TEXT,
    refunded INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    steps INTEGER NOT NULL DEFAULT 0,
    moves_at REAL,
    tries INTEGER NOT NULL DEFAULT 0,
    reads INTEGER NOT NULL DEFAULT 0
)""",
    "CREATE INDEX IF NOT EXISTS parcels_of_reference ON parcels (reference)",
    "CREATE INDEX IF NOT EXISTS parcels_to_move ON parcels (moves_at) WHERE moves_at IS NOT NULL",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel as the book has it.

    Attributes:
        id: `shp_...`.
        reference: the caller's own name of it; need not be unique.
        tracking: its number, there from the first, told once the label is bought.
        page: what the address of the label's page can't be guessed without.
        sent: the body it was made with.
        created: Unix seconds of the sandbox's clock.
        rate: the id of the rate that was bought; None: no label yet.
        refunded: the label was given back.
        status: where it is.
        steps: how many scans of its own journey it has had.
    """

    id: str
    reference: str
    tracking: str
    page: str
    sent: dict[str, Any]
    created: int
    rate: str | None
    refunded: bool
    status: Status
    steps: int

    @property
    def sender(self) -> dict[str, Any]:
        """Who posts it: for a return, EasyPost turns the addresses round."""
        found: dict[str, Any] = self.sent["to_address" if self.is_return else "from_address"]
        return found

    @property
    def receiver(self) -> dict[str, Any]:
        """Who gets it."""
        found: dict[str, Any] = self.sent["from_address" if self.is_return else "to_address"]
        return found

    @property
    def is_return(self) -> bool:
        """Whether it goes back to where it came from."""
        return bool(self.sent.get("is_return"))

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves."""
        return behaviour_of(str(self.sender.get("street2") or ""))


class Parcels:
    """The parcels; what is done to one is done in the caller's transaction."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        with storage.writing() as book:
            for statement in _SCHEMA:
                book.execute(statement)

    def create(self, book: sqlite3.Connection, sent: dict[str, Any]) -> Parcel:
        """A new parcel without a label."""
        parcel = f"shp_{secrets.token_hex(16)}"
        book.execute(
            "INSERT INTO parcels (id, reference, tracking, page, sent, created, status)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                parcel,
                str(sent.get("reference") or ""),
                tracking_number(parcel),
                secrets.token_urlsafe(24),
                json.dumps(sent),
                int(self._storage.now()),
                Status.UNKNOWN,
            ),
        )
        return self.one(book, parcel)

    def get(self, name: str) -> Parcel:
        """A parcel by its id, or the newest with this reference.

        Raises:
            Refused: there is none.
        """
        rows = self._storage.rows(
            "SELECT * FROM parcels WHERE id = ? OR reference = ? ORDER BY seq DESC LIMIT 1",
            (name, name),
        )
        return _read_one(rows)

    def tracked(self, tracking: str) -> Parcel:
        """The parcel with this number.

        Raises:
            Refused: there is none.
        """
        return _read_one(
            self._storage.rows("SELECT * FROM parcels WHERE tracking = ?", (tracking,))
        )

    def with_page(self, page: str) -> Parcel:
        """The parcel whose label lies there.

        Raises:
            Refused: there is none.
        """
        return _read_one(self._storage.rows("SELECT * FROM parcels WHERE page = ?", (page,)))

    def all(self, reference: str | None) -> list[Parcel]:
        """All of them, or all with a reference, in the order they were made."""
        rows = self._storage.rows(
            "SELECT * FROM parcels WHERE ? IS NULL OR reference = ? ORDER BY seq",
            (reference, reference),
        )
        return [_read(row) for row in rows]

    def due(self, book: sqlite3.Connection) -> list[Parcel]:
        """Those that move by themselves, and whose time has come."""
        rows = book.execute(
            "SELECT * FROM parcels WHERE moves_at <= ? ORDER BY seq", (self._storage.now(),)
        )
        return [_read(row) for row in rows.fetchall()]

    def one(self, book: sqlite3.Connection, id: str) -> Parcel:
        """A parcel as the transaction has it."""
        return _read_one(book.execute("SELECT * FROM parcels WHERE id = ?", (id,)).fetchall())

    def count_try(self, book: sqlite3.Connection, id: str) -> int:
        """Counts a call to buy; gives which it is, from 1."""
        book.execute("UPDATE parcels SET tries = tries + 1 WHERE id = ?", (id,))
        return int(book.execute("SELECT tries FROM parcels WHERE id = ?", (id,)).fetchone()[0])

    def count_reading(self, id: str) -> int:
        """Counts that a label's page was asked for; gives which time it is, from 1."""
        with self._storage.writing() as book:
            book.execute("UPDATE parcels SET reads = reads + 1 WHERE id = ?", (id,))
            return int(book.execute("SELECT reads FROM parcels WHERE id = ?", (id,)).fetchone()[0])

    def sell(self, book: sqlite3.Connection, parcel: Parcel, rate: str) -> Parcel:
        """The label is bought; the parcel begins to move if it does so by itself."""
        moves_at = (
            self._storage.now() + parcel.behaviour.pause if parcel.behaviour.journey else None
        )
        book.execute(
            "UPDATE parcels SET rate = ?, status = ?, moves_at = ? WHERE id = ?",
            (rate, Status.PRE_TRANSIT, moves_at, parcel.id),
        )
        return self.one(book, parcel.id)

    def give_back(self, book: sqlite3.Connection, parcel: Parcel) -> Parcel:
        """The label is given back; the parcel goes nowhere."""
        book.execute("UPDATE parcels SET refunded = 1, moves_at = NULL WHERE id = ?", (parcel.id,))
        return self.one(book, parcel.id)

    def scan(self, book: sqlite3.Connection, parcel: Parcel, step: Step) -> Parcel:
        """A scan; what was to come by itself comes no more."""
        book.execute(
            "UPDATE parcels SET status = ?, moves_at = NULL WHERE id = ?", (step.status, parcel.id)
        )
        return self.one(book, parcel.id)

    def move(self, book: sqlite3.Connection, parcel: Parcel) -> tuple[Parcel, Step]:
        """The next scan of the parcel's own journey."""
        behaviour = parcel.behaviour
        step, done = behaviour.journey[parcel.steps], parcel.steps + 1
        more = done < len(behaviour.journey)
        book.execute(
            "UPDATE parcels SET status = ?, steps = ?, moves_at = ? WHERE id = ?",
            (
                step.status,
                done,
                self._storage.now() + behaviour.pause if more else None,
                parcel.id,
            ),
        )
        return self.one(book, parcel.id), step


def next_step(parcel: Parcel) -> Step | None:
    """What usually comes after where the parcel is; None: nothing."""
    reached = [step.status for step in USUAL_JOURNEY]
    if parcel.status in (Status.UNKNOWN, Status.PRE_TRANSIT):
        return USUAL_JOURNEY[0]
    if parcel.status not in reached[:-1]:
        return None
    return USUAL_JOURNEY[reached.index(parcel.status) + 1]


def tracking_number(key: str) -> str:
    """The tracking number for a key: SBX and 20 digits, the last of them a check digit."""
    number = f"{int.from_bytes(sha256(key.encode()).digest()) % 10**19:019d}"
    # The check digit of GTINs: weights 3 and 1 by turns, from the right.
    weighted = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))
    )
    return f"SBX{number}{-weighted % 10}"


def _read_one(rows: list[sqlite3.Row]) -> Parcel:
    if not rows:
        raise missing("shipment")
    return _read(rows[0])


def _read(row: sqlite3.Row) -> Parcel:
    return Parcel(
        id=row["id"],
        reference=row["reference"],
        tracking=row["tracking"],
        page=row["page"],
        sent=json.loads(row["sent"]),
        created=row["created"],
        rate=row["rate"],
        refunded=bool(row["refunded"]),
        status=Status(row["status"]),
        steps=row["steps"],
    )
