"""Runs the sandbox: `python -m activities.providers.payments.sandbox`, set up by environment.

REDRESS_SANDBOX_PORT            the port on 127.0.0.1
REDRESS_SANDBOX_DIR             where its book is, made when it isn't there
REDRESS_SANDBOX_KEY             the key callers have to show
REDRESS_SANDBOX_WEBHOOK_URL     where its events go; without it there are none
REDRESS_SANDBOX_WEBHOOK_SECRET  what they are signed with
REDRESS_SANDBOX_CARRIER_URL     where its parcels' events go, signed with the same
"""

import ctypes
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask
from gunicorn.app.base import BaseApplication

from activities.providers.carriers.sandbox.app import carrier
from activities.providers.carriers.sandbox.desk import ParcelDesk
from activities.providers.carriers.sandbox.webhooks import parcel_courier
from activities.providers.payments.sandbox.app import create_app
from activities.providers.payments.sandbox.calls import Calls
from activities.providers.payments.sandbox.deliveries import Deliverer, Events
from activities.providers.payments.sandbox.desk import Desk
from activities.providers.payments.sandbox.rounds import Rounds
from activities.providers.payments.sandbox.storage import Storage
from activities.providers.payments.sandbox.webhooks import Courier, Outbox

_SET_PARENT_DEATH_SIGNAL = 1


class Unusable(Exception):
    """A setting that is missing or can't be used; its text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the sandbox runs; `webhook` is the address and the secret, or None, and so is `parcels`
    for the events of parcels.
    """

    port: int
    directory: Path
    key: str
    webhook: tuple[str, str] | None
    parcels: tuple[str, str] | None


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads the settings.

    Raises:
        Unusable: one is missing or wrong.
    """
    port = _required(environment, "PORT")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Unusable("REDRESS_SANDBOX_PORT has to be a number from 1 to 65535")
    return Settings(
        port=int(port),
        directory=Path(_required(environment, "DIR")),
        key=_required(environment, "KEY"),
        webhook=_webhook(environment, "WEBHOOK_URL"),
        parcels=_webhook(environment, "CARRIER_URL"),
    )


def _webhook(environment: Mapping[str, str], name: str) -> tuple[str, str] | None:
    url = environment.get(f"REDRESS_SANDBOX_{name}")
    if not url:
        return None
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Unusable(f"REDRESS_SANDBOX_{name} has to be a whole http or https address")
    return url, _required(environment, "WEBHOOK_SECRET")


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(f"REDRESS_SANDBOX_{name}")
    if not value:
        raise Unusable(f"set REDRESS_SANDBOX_{name}")
    return value


def build(settings: Settings) -> Flask:
    """Puts the sandbox together and starts what it does by itself."""
    storage = Storage(settings.directory)
    outbox = Outbox(storage, wanted=settings.webhook is not None)
    desk = Desk(storage, outbox)
    desk.forget_old_keys()
    courier = Courier(outbox, *settings.webhook) if settings.webhook else None
    _go_round(outbox, desk.fail_due, courier)
    events = Events(storage, wanted=settings.parcels is not None, door="carrier")
    parcels = ParcelDesk(storage, events)
    carrier_courier = parcel_courier(events, *settings.parcels) if settings.parcels else None
    _go_round(events, parcels.move_due, carrier_courier)
    return create_app(desk, Calls(storage), settings.key, carrier(parcels))


def _go_round(events: Events, act: Callable[[], None], courier: Deliverer | None) -> None:
    steps = [act] if courier is None else [act, courier.deliver]
    threading.Thread(target=Rounds(events.news, steps).run, daemon=True).start()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn around the app: one process, so that keys in use are known in one place."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Sets gunicorn up; files and command lines of its own are not read."""
        wanted = {
            "bind": f"127.0.0.1:{self._settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 16,
            "keepalive": 75,
            "graceful_timeout": 1,
            "loglevel": "warning",
            "post_fork": _die_with_the_parent,
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker process, which alone opens the book and starts threads."""
        return build(self._settings)


def _die_with_the_parent(_arbiter: object, _worker: object) -> None:
    """Makes SIGKILL of the sandbox kill all of it, so that its port is free for the next one."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main() -> None:
    """Runs until SIGTERM; ends with 2 when it can't start as it is set up."""
    os.umask(0o077)
    try:
        settings = read_settings(os.environ)
        Storage(settings.directory).close()
    except (Unusable, OSError, sqlite3.Error) as error:
        print(f"The sandbox payment provider can't start: {error}.", file=sys.stderr)
        sys.exit(2)
    Server(settings).run()


if __name__ == "__main__":
    main()
