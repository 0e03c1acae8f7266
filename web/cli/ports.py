"""Which ports `redress up` uses: those of its last run, so that links stay valid, or free ones."""

import errno
import json
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import click

LOOPBACK = "127.0.0.1"
DEFAULT_WEB_PORT = 8080
_HIGHEST = 65535
_FILE = "ports.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One port each; all but `web` are on loopback."""

    web: int
    temporal: int
    temporal_ui: int
    temporal_http: int
    temporal_metrics: int
    sandbox: int


def choose(directory: Path, host: str, wanted: int | None) -> Ports:
    """Picks the ports and remembers them in `directory`.

    Args:
        directory: where the ports of the last run are.
        host: the address the web server listens on.
        wanted: the web server's port; None: that of the last run, or 8080.

    Raises:
        click.ClickException: the web server's port is taken, or there are none left above it.
    """
    last = recorded(directory)
    web = wanted or (last.web if last else DEFAULT_WEB_PORT)
    refusal = why_not_free(host, web)
    if refusal:
        raise click.ClickException(
            f"Port {web} {refusal}. Choose another one: redress up --port {_suggest(web)}"
        )
    before = asdict(last) if last and last.web == web else {}
    chosen = {"web": web}
    for name in (field.name for field in fields(Ports) if field.name != "web"):
        port = before.get(name)
        if port is None or port in chosen.values() or why_not_free(LOOPBACK, port):
            port = _next_free(web + 1, {*chosen.values(), *before.values()})
        chosen[name] = port
    ports = Ports(**chosen)
    (directory / _FILE).write_text(json.dumps(asdict(ports)))
    return ports


def recorded(directory: Path) -> Ports | None:
    """The ports of the last run; None when there was none."""
    with suppress(OSError, ValueError, TypeError):
        found = Ports(**json.loads((directory / _FILE).read_text()))
        if all(isinstance(port, int) for port in asdict(found).values()):
            return found
    return None


def why_not_free(host: str, port: int) -> str | None:
    """Why nothing can listen there, as the end of a sentence; None when something can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do, so that connections of the last run that linger don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            return f"can't be used on {host}: {error.strerror}"
    return None


def _suggest(port: int) -> int:
    others = (*range(port + 10, min(port + 200, _HIGHEST), 10), 9000)
    return next((other for other in others if why_not_free(LOOPBACK, other) is None), 9000)


def _next_free(start: int, taken: set[int]) -> int:
    for port in range(start, _HIGHEST + 1):
        if port not in taken and why_not_free(LOOPBACK, port) is None:
            return port
    raise click.ClickException(
        f"There are not enough free ports above {start - 1}; use a lower one."
    )
