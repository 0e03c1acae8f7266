"""The supervisor over real processes: small Python children that call the test on a socket.

Each child says its name and process id and holds its connection, so the test reads of its start
as a line and of its end as the end of the connection, and never has to look again and again.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from web.cli import child
from web.cli.supervisor import HEALTHY_AFTER, LOG_LIMIT, Backoff

_PATIENCE = 10.0

_CHILD = """
import os, signal, socket, sys
port, name, *ways = sys.argv[1:]
print("calls the test", flush=True)
if "stubborn" in ways:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
line = socket.create_connection(("127.0.0.1", int(port)))
if "forks" in ways and os.fork() == 0:
    name += "'s helper"
    line = socket.create_connection(("127.0.0.1", int(port)))
line.sendall(f"{name} {os.getpid()}\\n".encode())
if "brief" in ways:
    sys.exit(7)
while True:
    signal.pause()
"""

_SUPERVISOR = """
import os, sys
from pathlib import Path
from web.cli.supervisor import Program, Supervisor
directory, port, grace, *children = sys.argv[1:]
supervisor = Supervisor(Path(directory), report=lambda text: print(text, flush=True))
for child in children:
    name, *ways = child.split(":")
    command = (sys.executable, directory + "/child.py", port, name, *ways)
    supervisor.start(
        Program(name=name, command=command, environment=os.environ, grace=float(grace))
    )
supervisor.run()
supervisor.stop()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A child that runs: its connection ends when it does."""

    name: str
    pid: int
    at: float
    line: socket.socket

    def ended(self) -> bool:
        """Waits for the end; false when it is still there after a long time."""
        try:
            return self.line.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A supervisor in a process group of its own, and the socket its children call."""

    process: subprocess.Popen[str]
    listener: socket.socket
    lines: list[socket.socket]
    logs: Path

    def called(self) -> Caller:
        """Waits for the next child that starts."""
        line, _ = self.listener.accept()
        self.lines.append(line)
        line.settimeout(_PATIENCE)
        with line.makefile() as words:
            name, _, pid = words.readline().rpartition(" ")
        return Caller(name=name, pid=int(pid), at=time.monotonic(), line=line)

    def all_called(self, count: int) -> dict[str, Caller]:
        """Waits for so many children to start, by name."""
        callers = [self.called() for _ in range(count)]
        return {caller.name: caller for caller in callers}

    def told(self) -> str:
        """Waits for the end of the supervisor; what it reported."""
        assert self.process.stdout is not None
        text = self.process.stdout.read()
        self.process.wait(_PATIENCE)
        return text


Supervise = Callable[..., Running]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Supervise]:
    """Starts a supervisor over children given as "name:way:way"."""
    (tmp_path / "child.py").write_text(_CHILD)
    started: list[Running] = []

    def start(*children: str, grace: float = 8.0) -> Running:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(_PATIENCE)
        port = str(listener.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISOR, str(tmp_path), port, str(grace), *children],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )
        running = Running(process=process, listener=listener, lines=[], logs=tmp_path)
        started.append(running)
        return running

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()
        for each in (running.listener, *running.lines):
            each.close()


def test_the_delay_doubles_up_to_half_a_minute_and_starts_anew_after_a_healthy_life() -> None:
    backoff = Backoff()
    assert [backoff.after(1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.after(HEALTHY_AFTER) == 0.5
    assert backoff.after(1) == 1


def test_a_child_that_dies_is_started_again_after_a_growing_delay(supervise: Supervise) -> None:
    running = supervise("steady", "flighty:brief")
    callers = [running.called() for _ in range(4)]
    first, second, third = [caller for caller in callers if caller.name == "flighty"]
    assert second.at - first.at >= 0.5
    assert third.at - second.at >= 1.0
    assert len({first.pid, second.pid, third.pid}) == 3
    running.process.terminate()
    told = running.told()
    assert "flighty ended by itself (exit code 7); it starts again in 0.5 s." in told
    assert "flighty ended by itself (exit code 7); it starts again in 1 s." in told
    assert (running.logs / "flighty.log").read_text().count("calls the test") == 3


def test_a_signal_to_the_whole_group_stops_every_child_and_ends_with_0(
    supervise: Supervise,
) -> None:
    running = supervise("first", "second")
    callers = running.all_called(2)
    os.killpg(running.process.pid, signal.SIGTERM)
    assert running.told() == ""
    assert running.process.returncode == 0
    assert all(caller.ended() for caller in callers.values())


def test_children_stop_in_the_reverse_order_even_when_ctrl_c_comes_twice(
    supervise: Supervise,
) -> None:
    running = supervise("first", "last:stubborn", grace=1.0)
    callers = running.all_called(2)
    os.killpg(running.process.pid, signal.SIGINT)
    callers["first"].line.settimeout(0.5)
    assert not callers["first"].ended(), "it has to outlive the one started after it"
    os.killpg(running.process.pid, signal.SIGINT)
    callers["first"].line.settimeout(_PATIENCE)
    assert callers["last"].ended()
    assert callers["first"].ended()
    assert running.told() == "last did not stop in time and was killed.\n"
    assert running.process.returncode == 0


def test_what_a_dead_child_left_behind_is_killed_before_it_starts_again(
    supervise: Supervise,
) -> None:
    running = supervise("parent:forks")
    callers = running.all_called(2)
    os.kill(callers["parent"].pid, signal.SIGKILL)
    assert callers["parent's helper"].ended()
    again = running.all_called(2)
    assert again["parent"].pid != callers["parent"].pid
    running.process.terminate()
    assert "parent ended by itself (killed by SIGKILL)" in running.told()
    assert again["parent's helper"].ended()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties children to their parent")
def test_a_killed_supervisor_leaves_no_child(supervise: Supervise) -> None:
    running = supervise("first", "second:stubborn")
    callers = running.all_called(2)
    running.process.kill()
    assert all(caller.ended() for caller in callers.values())


def test_a_command_that_does_not_exist_says_so_in_one_line(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", child.__file__, str(os.getpid()), nothing],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == f"{nothing} can't be started: No such file or directory\n"


def test_a_log_that_grew_large_is_set_aside_when_its_program_starts(
    supervise: Supervise, tmp_path: Path
) -> None:
    log = tmp_path / "first.log"
    with log.open("wb") as file:
        file.truncate(LOG_LIMIT + 1)
    running = supervise("first")
    running.called()
    running.process.terminate()
    running.told()
    assert (tmp_path / "first.log.1").stat().st_size == LOG_LIMIT + 1
    assert log.stat().st_size < 1000
