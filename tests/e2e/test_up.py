"""`redress up` from outside: its processes, its addresses, and a return that outlives a restart."""

import os
import signal
import socket
import stat
import subprocess
from pathlib import Path

from tests.e2e.running_up import REDRESS, alive, free_port, running, wait_for

KEYS = {"web", "api", "temporal", "temporal_ui", "sandbox", "sandbox_key", "pid", "pids"}


def test_returns_go_through_http_and_outlive_a_stop_and_a_killed_worker(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, port) as up:
        assert set(up.endpoints) == KEYS
        assert stat.S_IMODE((tmp_path / "endpoints.json").stat().st_mode) == 0o600
        assert up.endpoints["api"] == f"http://127.0.0.1:{port}/api/v1"
        first, second = up.request("1001"), up.request("1002")
        for rma in (first, second):
            up.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
        up.finish(first)
        assert up.paid_back("1001") == [2500]
        up.until(second, "awaiting_parcel")
        pids = [up.endpoints["pid"], *up.endpoints["pids"].values()]
    assert not any(alive(pid) for pid in pids)
    assert not (tmp_path / "endpoints.json").exists()

    with running(tmp_path, port) as up:
        assert up.do("GET", f"/returns/{first}")["status"] == "closed"
        worker = up.endpoints["pids"]["worker"]
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: up.endpoints["pids"]["worker"] != worker, "another worker")
        up.finish(second)
        assert up.paid_back("1002") == [2500]


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        ended = subprocess.run(
            [REDRESS, "up", "--data-dir", str(tmp_path), "--port", port, "--no-demo"],
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert ended.returncode != 0
    assert port in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "endpoints.json").exists()
