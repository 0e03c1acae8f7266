"""Starts processes, starts again those that die by themselves, and stops all of them in order.

One thread, the main one: the kernel ties the children's life to the thread that started them.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from types import FrameType

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
HEALTHY_AFTER = 60.0
LOG_LIMIT = 10 * 1024 * 1024
_CHILD = str(Path(__file__).with_name("child.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run. `command` starts with an absolute path; `grace` is in seconds."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    grace: float = 8.0


class Backoff:
    """How long to wait before a process that died is started again."""

    def __init__(self) -> None:
        self._next = FIRST_DELAY

    def after(self, lived: float) -> float:
        """The seconds to wait after a life of so many seconds."""
        if lived >= HEALTHY_AFTER:
            self._next = FIRST_DELAY
        delay, self._next = self._next, min(self._next * 2, LONGEST_DELAY)
        return delay


@dataclass(slots=True, kw_only=True)
class _Child:
    program: Program
    backoff: Backoff = field(default_factory=Backoff)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    deaths: int = 0


class Supervisor:
    """Keeps programs running. Made in the main thread, where it takes over the stop signals."""

    def __init__(
        self,
        logs: Path,
        *,
        report: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares; nothing runs yet.

        Args:
            logs: the directory for `<name>.log`.
            report: told in a sentence what happened to a program.
            changed: called after a program that died runs again, under another process id.
        """
        self.stopping = False
        self._logs = logs
        self._report = report
        self._changed = changed
        self._children: dict[str, _Child] = {}
        # Signals come as bytes on a pipe, so that waiting ends at once and nothing is missed.
        self._awake, wake = os.pipe()
        os.set_blocking(self._awake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # Under nohup a hang-up is ignored, and stays so.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, _noticed)

    def start(self, program: Program) -> None:
        """Starts a program and watches over it from now on."""
        child = self._children[program.name] = _Child(program=program)
        self._spawn(child)

    def pid(self, name: str) -> int | None:
        """The process id of a program; None when it is not running."""
        child = self._children.get(name)
        return child.process.pid if child and child.process else None

    def deaths(self, name: str) -> int:
        """How often a program died by itself."""
        return self._children[name].deaths

    def log(self, name: str) -> Path:
        """Where the output of a program goes."""
        return self._logs / f"{name}.log"

    def watch(self, timeout: float | None = None) -> None:
        """Waits for something to happen, at most `timeout` seconds, and deals with it."""
        if self.stopping:
            return
        now = time.monotonic()
        waits = [child.due - now for child in self._children.values() if not child.process]
        if timeout is not None:
            waits.append(timeout)
        self._sleep(min(waits, default=None))
        for child in self._children.values():
            if not self.stopping:
                self._look_after(child)

    def run(self) -> None:
        """Watches until a stop signal comes."""
        while not self.stopping:
            self.watch()

    def stop(self) -> None:
        """Stops all programs, the last one started first, and waits until each is gone."""
        self.stopping = True
        for child in reversed(self._children.values()):
            if child.process is None:
                continue
            child.process.terminate()
            deadline = time.monotonic() + child.program.grace
            while child.process.poll() is None and time.monotonic() < deadline:
                self._sleep(deadline - time.monotonic())
            if child.process.poll() is None:
                self._report(f"{child.program.name} did not stop in time and was killed.")
            _bury(child.process)
            child.process = None

    def _look_after(self, child: _Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            ended = _how(_bury(child.process))
            child.process = None
            child.deaths += 1
            self._again(child, lived=time.monotonic() - child.started, why=ended)
        elif child.process is None and time.monotonic() >= child.due:
            try:
                self._spawn(child)
            except OSError as error:  # A full disk or process table may be over in a while.
                self._again(child, lived=0, why=str(error))
            else:
                self._changed()

    def _again(self, child: _Child, *, lived: float, why: str) -> None:
        delay = child.backoff.after(lived)
        child.due = time.monotonic() + delay
        name = child.program.name
        self._report(
            f"{name} ended by itself ({why}); it starts again in {delay:g} s. Its log is"
            f" {self.log(name)}."
        )

    def _spawn(self, child: _Child) -> None:
        program = child.program
        with _open_log(self.log(program.name)) as log:
            log.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')} start\n".encode())
            child.process = subprocess.Popen(
                [sys.executable, "-I", "-S", _CHILD, str(os.getpid()), *program.command],
                stdin=subprocess.DEVNULL,
                stdout=log.fileno(),
                stderr=subprocess.STDOUT,
                env=dict(program.environment),
                # Signals for our process group then reach us alone, and we keep the order.
                start_new_session=True,
            )
        child.started = time.monotonic()

    def _sleep(self, timeout: float | None) -> None:
        select.select([self._awake], [], [], None if timeout is None else max(0.0, timeout))
        with suppress(BlockingIOError):
            os.read(self._awake, 4096)

    def _asked_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        # A second Ctrl-C finds the stop under way, and changes nothing.
        self.stopping = True


def _noticed(_number: int, _frame: FrameType | None) -> None:
    """Without a handler the signal would not reach the pipe."""


def _bury(process: subprocess.Popen[bytes]) -> int:
    """Kills what is left of a process and of its group, and gives its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def _open_log(path: Path) -> FileIO:
    """Opens a log to append to; one that has grown large is set aside as the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)
