"""What a running `redress up` leaves in its data directory: a lock, and its addresses."""

import fcntl
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import click

from models.private_file import write_privately
from models.settings import ENDPOINTS_FILE, read_endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Pids:
    """Process ids; None for what was not started here."""

    temporal: int | None
    worker: int | None
    web: int | None
    sandbox: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The addresses: `temporal` is host:port, the others are URLs; `pid` is that of `up`."""

    web: str
    api: str
    temporal: str
    temporal_ui: str
    sandbox: str
    sandbox_key: str
    pid: int
    pids: Pids


def write(data_dir: Path, endpoints: Endpoints) -> None:
    """Writes `endpoints.json` whole or not at all, readable by its owner only."""
    write_privately(data_dir / ENDPOINTS_FILE, json.dumps(asdict(endpoints), indent=1))


def remove(data_dir: Path) -> bool:
    """Removes `endpoints.json`; false when there was none."""
    try:
        (data_dir / ENDPOINTS_FILE).unlink()
    except FileNotFoundError:
        return False
    return True


def lock(data_dir: Path) -> IO[str]:
    """Takes the data directory for this process, until the answer is closed.

    Raises:
        click.ClickException: another `redress up` has it.
    """
    path = _lock_file(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        where = read_endpoints(data_dir).get("web", "and is still starting")
        raise click.ClickException(
            f"Redress already runs on {data_dir} ({where}). Stop that one first, or choose another"
            " directory with --data-dir."
        ) from None
    return file


def is_running(data_dir: Path) -> bool:
    """Whether a `redress up` has the data directory."""
    try:
        with _lock_file(data_dir).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock_file(data_dir: Path) -> Path:
    return data_dir / "run" / "up.lock"
