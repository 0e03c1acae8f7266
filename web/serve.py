"""The web server process: gunicorn with threads, the application made in each worker."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from web.cli.child import die_with_parent

WORKERS = 2
THREADS = 16


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, set up here alone: no files and no command line of its own."""

    def __init__(self, host: str, port: int) -> None:
        """Takes where to listen."""
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        """Sets gunicorn up."""
        wanted = {
            "bind": self._bind,
            "worker_class": "gthread",
            "workers": WORKERS,
            "threads": THREADS,
            "keepalive": 5,
            "graceful_timeout": 5,
            "timeout": 60,
            # Quiet: addresses of requests may hold what people searched for.
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "redress-web",
            "post_fork": _forked,
            "worker_exit": _leave,
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:  # Older gunicorns have no control socket.
                self.cfg.set(name, value)

    def load(self) -> Callable[..., Any]:
        """Called in each worker, after the fork: a Temporal client's threads don't survive one."""
        from web.app import create_app

        made: Callable[..., Any] = create_app(bell=True)
        return made


def _forked(arbiter: Any, _worker: Any) -> None:
    die_with_parent(arbiter.pid)


def _leave(_arbiter: Any, worker: Any) -> None:
    """Ends a worker that served: Temporal's core can abort an ordinary exit (sdk-python #300)."""
    if worker.booted:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def main() -> None:
    """Serves until SIGTERM, then ends with 0."""
    parser = argparse.ArgumentParser(prog="python -m web.serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    Server(given.host, given.port).run()


if __name__ == "__main__":
    main()
