"""The file the sandbox keeps everything in, and its clock.

SQLite in WAL mode with `synchronous=NORMAL`: a commit is a write without a flush, so it costs
little, and what was committed survives the death of the process (though not of the machine).
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (only INTEGER PRIMARY KEY CHECK (only = 1), ahead REAL NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, 0);
CREATE TABLE IF NOT EXISTS payments (
    reference TEXT PRIMARY KEY,
    captured INTEGER CHECK (captured > 0),
    currency TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refunds (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    payment TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    created INTEGER NOT NULL,
    reason TEXT,
    metadata TEXT NOT NULL,
    failure_reason TEXT,
    fails_at REAL
);
CREATE INDEX IF NOT EXISTS refunds_of_payment ON refunds (payment, status, currency, amount);
CREATE INDEX IF NOT EXISTS refunds_to_fail ON refunds (fails_at) WHERE fails_at IS NOT NULL;
-- Of a refund that failed or was cancelled, the money is there to be refunded again.
CREATE VIEW IF NOT EXISTS standing AS
    SELECT * FROM refunds WHERE status NOT IN ('failed', 'canceled');
CREATE VIEW IF NOT EXISTS told AS
    SELECT *, (SELECT COALESCE(SUM(amount), 0) FROM standing WHERE payment = reference) AS refunded
    FROM payments;
CREATE TABLE IF NOT EXISTS disputes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    payment TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    created INTEGER NOT NULL,
    due_by INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS disputes_of_payment ON disputes (payment);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    kept_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
    key TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    first_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    payment TEXT,
    idempotency_key TEXT,
    outcome TEXT NOT NULL,
    status INTEGER,
    replayed INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    payload TEXT NOT NULL,
    stored_at REAL NOT NULL,
    due_at REAL NOT NULL,
    failures INTEGER NOT NULL
);
"""


class Storage:
    """One `book.db`, with one writer at a time; safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        """Opens the book, or starts one.

        Raises:
            OSError: the directory can't be made.
            sqlite3.Error: the file can't be opened, or is no book.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = directory / "book.db"
        self._lock = threading.Lock()
        self._readers = threading.local()
        self._writer = self._connect()
        self._writer.executescript(_SCHEMA)
        self._add_doors()
        self._ahead: float = self._read_clock()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept at the end, or nothing when the block raises."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def rows(
        self, query: str, values: Sequence[str | int | float | None] = ()
    ) -> list[sqlite3.Row]:
        """Reads what is committed, without waiting for a writer."""
        reader: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if reader is None:
            reader = self._readers.connection = self._connect()
        return reader.execute(query, values).fetchall()

    def now(self) -> float:
        """The sandbox's clock, in Unix seconds: the real one plus what it was advanced by."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Puts the sandbox's clock forward, for good."""
        with self.writing() as book:
            book.execute("UPDATE clock SET ahead = ahead + ?", (seconds,))
        self._ahead = self._read_clock()

    def close(self) -> None:
        """Closes what this thread has open; for one that only looked whether it can be opened."""
        self._writer.close()
        self._readers.connection.close()

    def _add_doors(self) -> None:
        """Books from before parcels had events know one address only."""
        columns = self._writer.execute("SELECT name FROM pragma_table_info('events')").fetchall()
        if "door" not in {column["name"] for column in columns}:
            self._writer.execute("ALTER TABLE events ADD COLUMN door TEXT NOT NULL DEFAULT ''")

    def _read_clock(self) -> float:
        (row,) = self.rows("SELECT ahead FROM clock")
        return float(row["ahead"])

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=5, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
