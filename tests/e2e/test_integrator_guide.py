"""The integrator's guide, tried word for word: its commands in one shell, its client as it is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running_up import ROOT, Up, free_port, running

GUIDE = (ROOT / "docs" / "integrator.md").read_text(encoding="utf-8")
# Where the guide's product runs; the test's has another port.
PRINTED = "http://127.0.0.1:8080"
# Each curl says how it ended, beside what it prints.
CURLRC = 'write-out = "%{stderr}%{http_code} %{method} %{url}\\n"\n'


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    directory = tmp_path_factory.mktemp("guide")
    with running(directory, free_port(), REDRESS_FOLLOW_UP_AFTER="7d") as found:
        yield found


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def project(up: Up, tmp_path: Path) -> Path:
    """A directory that looks like the project's, with this product's data in it."""
    (tmp_path / "data").symlink_to(up.directory)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".curlrc").write_text(CURLRC)
    return tmp_path


def here(up: Up, text: str) -> str:
    return text.replace(PRINTED, up.endpoints["web"])


def test_each_command_works_as_printed_and_so_does_the_client(up: Up, tmp_path: Path) -> None:
    at = project(up, tmp_path)
    script = here(up, "set -eo pipefail\n" + "\n".join(blocks("sh")))
    told = run(["bash", "-c", script], at)
    calls = re.findall(r"^(\d{3}) (\w+) (\S+)$", told.stderr, re.MULTILINE)
    assert len(calls) >= 30
    refused = [call for call in calls if int(call[0]) >= 400]
    assert not refused, (refused, told.stdout[-3000:])
    # The exchange for another size of the same product.
    assert '"difference": 0' in told.stdout

    client = next(block for block in blocks("python") if "def post(" in block)
    program = here(up, client).replace("rk_...", up.key)
    told = run([str(at / ".venv" / "bin" / "python"), "-c", program], at)
    assert re.search(r"^R-\w{4}-\w{4} requested 1500 GBP$", told.stdout, re.MULTILINE)
    assert "Approved" in told.stdout


def run(command: list[str], at: Path) -> subprocess.CompletedProcess[str]:
    told = subprocess.run(
        command,
        cwd=at,
        env={**os.environ, "CURL_HOME": str(at)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    return told
