"""`redress up`: everything Redress needs, started in order, watched, and stopped in order."""

import asyncio
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.text import Text
from temporalio.client import Client

from models.settings import ENDPOINTS_FILE, load_settings
from models.temporal_client import connect
from web.cli import child, endpoints, temporal_server
from web.cli.database import bring_up_to_date
from web.cli.options import data_dir_option
from web.cli.plan import Plan, make_plan
from web.cli.ports import DEFAULT_WEB_PORT, LOOPBACK, Ports, choose
from web.cli.supervisor import Program, Supervisor
from web.cli.terminal import own_terminal

_PATIENCE = 60.0
_DEATHS_AT_START = 3
_LAST_LINES = 15
# Those of a run that was killed hold their ports for a moment longer.
_LEFTOVERS_GONE_AFTER = 3.0


@click.command()
@data_dir_option
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"The web server's port; the others are next to it. Default: that of the last run,"
    f" or {DEFAULT_WEB_PORT}.",
)
@click.option("--host", default=LOOPBACK, show_default=True, help="The web server's address.")
@click.option("--demo/--no-demo", default=True, help="Fill an empty shop with demo data.")
def up(data_dir: Path, port: int | None, host: str, demo: bool) -> None:
    """Start everything: Temporal, the sandbox provider, the worker and the web server."""
    data_dir = data_dir.absolute()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with own_terminal(), endpoints.lock(data_dir):
        # Addresses of a run that was killed: nothing answers there any more.
        killed = endpoints.remove(data_dir)
        patience = _LEFTOVERS_GONE_AFTER if killed else 0.0
        ports = _choose_ports(data_dir, host, port, patience=patience)
        plan = make_plan(load_settings(data_dir), ports, host, os.environ)
        _Up(plan).run(demo=demo)


def _choose_ports(data_dir: Path, host: str, port: int | None, *, patience: float) -> Ports:
    deadline = time.monotonic() + patience
    while True:
        try:
            return choose(data_dir / "run", host, port)
        except click.ClickException:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.1)


class _Stopped(Exception):
    """A stop signal came before everything was ready."""


class _Up:
    """One run, from the first process to the last."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._data_dir = plan.settings.data_dir
        self._console = Console(highlight=False, soft_wrap=True)
        self._loop = asyncio.Runner()
        self._supervisor = Supervisor(
            self._data_dir / "logs", report=self._say, changed=self._children_changed
        )
        self._ready = False

    def run(self, *, demo: bool) -> None:
        """Starts everything, waits for a stop signal, and stops everything."""
        try:
            self._start()
            self._ready = True
            self._write_endpoints()
            if demo:
                self._load_demo()
            self._show_the_way(demo=demo)
            self._supervisor.run()
        except _Stopped:
            pass
        finally:
            self._ready = False
            endpoints.remove(self._data_dir)
            self._supervisor.stop()
        self._say("Redress is stopped.")

    # --- starting --------------------------------------------------------------------------

    def _start(self) -> None:
        plan = self._plan
        self._say(f"Redress starts; its data is in {self._data_dir}.")
        if plan.own_temporal:
            self._launch(
                "temporal",
                *temporal_server.command(
                    self._data_dir, plan.ports, plan.settings.temporal_namespace or ""
                ),
            )
        if plan.own_sandbox:
            self._launch_python("sandbox", "activities.providers.payments.sandbox")
        self._step("Bringing the database up to date")
        bring_up_to_date(plan.settings.database_url)
        self._step("Waiting for Temporal")
        client = self._loop.run(connect(plan.settings, lazy=True))
        self._prepare_temporal(client)
        before = datetime.now(UTC) - timedelta(seconds=2)
        self._launch_python("worker", "worker", grace=12.0)
        port = plan.ports.web
        self._launch_python("web", "web.serve", "--host", plan.host, "--port", str(port))
        if plan.own_sandbox:
            self._step("Waiting for the sandbox payment provider")
            self._wait("sandbox", lambda: _serves(LOOPBACK, plan.ports.sandbox, "/health"))
        self._step("Waiting for the worker")
        queue = plan.settings.task_queue
        self._wait(
            "worker",
            lambda: self._loop.run(temporal_server.worker_polls(client, queue, before)),
        )
        self._step("Waiting for the web server")
        self._wait("web", lambda: _serves(urlsplit(plan.web).hostname or "", port, "/"))

    def _prepare_temporal(self, client: Client) -> None:
        own = self._plan.own_temporal
        try:
            self._wait("temporal", lambda: self._loop.run(temporal_server.answers(client)))
        except temporal_server.NamespaceUnfit as error:
            raise click.ClickException(str(error)) from error
        try:
            self._wait(
                "temporal", lambda: self._loop.run(temporal_server.make_fit(client, own=own))
            )
        except temporal_server.NamespaceUnfit as error:
            if own:
                raise click.ClickException(str(error)) from error
            # A cluster may keep this to its operators, and they may have done it.
            self._say(Text(str(error), "yellow"))

    def _launch(self, name: str, *command: str, grace: float = 8.0) -> None:
        self._supervisor.start(
            Program(name=name, command=command, environment=self._plan.environment, grace=grace)
        )

    def _launch_python(self, name: str, module: str, *arguments: str, grace: float = 8.0) -> None:
        # -P: the directory we happen to be in is no place to import from.
        self._launch(name, sys.executable, "-P", "-m", module, *arguments, grace=grace)

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not is_ready():
            self._supervisor.watch(0.05)
            if self._supervisor.stopping:
                raise _Stopped
            if name == "temporal" and not self._plan.own_temporal:
                failed = time.monotonic() > deadline
                reason = f"Temporal at {self._plan.settings.temporal_address} doesn't answer."
            else:
                died = self._supervisor.deaths(name) >= _DEATHS_AT_START
                failed = died or time.monotonic() > deadline
                reason = f"{name} doesn't start. Its log ends with:\n{self._end_of_log(name)}"
            if failed:
                raise click.ClickException(reason)
        if self._supervisor.stopping:
            raise _Stopped

    def _end_of_log(self, name: str) -> str:
        text = self._supervisor.log(name).read_text(errors="replace")
        return "\n".join(text.splitlines()[-_LAST_LINES:])

    # --- running ---------------------------------------------------------------------------

    def _children_changed(self) -> None:
        if self._ready:
            with suppress(OSError):  # A full disk must not stop what still works.
                self._write_endpoints()

    def _write_endpoints(self) -> None:
        plan, pid = self._plan, self._supervisor.pid
        endpoints.write(
            self._data_dir,
            endpoints.Endpoints(
                web=plan.web,
                api=f"{plan.web}/api/v1",
                temporal=plan.settings.temporal_address or "",
                temporal_ui=plan.settings.temporal_ui_url,
                sandbox=plan.settings.sandbox_url or "",
                sandbox_key=plan.settings.sandbox_key,
                pid=os.getpid(),
                pids=endpoints.Pids(
                    temporal=pid("temporal"),
                    worker=pid("worker"),
                    web=pid("web"),
                    sandbox=pid("sandbox"),
                ),
            ),
        )

    def _load_demo(self) -> None:
        """Runs `redress demo` on our terminal, while we go on watching the others."""
        program = "from web.cli import main; main()"
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", child.__file__, str(os.getpid())),
                *(sys.executable, "-P", "-c", program, "demo", "--data-dir", str(self._data_dir)),
            ],
            env=self._plan.environment,
        )
        while process.poll() is None and not self._supervisor.stopping:
            self._supervisor.watch(1.0)
        if self._supervisor.stopping:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            raise _Stopped
        if process.returncode:
            self._say("The demo data could not be loaded; everything else runs.")

    def _show_the_way(self, *, demo: bool) -> None:
        web, settings, directory = self._plan.web, self._plan.settings, self._data_dir
        rows = {
            "Shop and staff": web,
            "API": f"{web}/api/docs",
            "Temporal": settings.temporal_ui_url,
            "Sandbox's book": f"{settings.sandbox_url}/_sandbox/refunds?payment=…"
            f" (with the key in {directory / ENDPOINTS_FILE})",
            "Logs": str(directory / "logs"),
            "Sign in": ""
            if demo
            else f"redress user create EMAIL --role manager --data-dir {directory}",
        }
        for label, text in rows.items():
            if text:
                self._say(Text.assemble((f"{label:<16}", "bold"), text))
        self._say(Text("Redress is ready. Ctrl-C stops it.", "bold green"))

    def _step(self, text: str) -> None:
        if self._supervisor.stopping:
            raise _Stopped
        self._say(f"{text} …")

    def _say(self, text: str | Text) -> None:
        # Our output may be a pipe that nobody reads any more; that must not stop the shop.
        with suppress(OSError):
            self._console.print(text, markup=False)


def _serves(host: str, port: int, path: str) -> bool:
    """Whether a web server answers there without failing."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
