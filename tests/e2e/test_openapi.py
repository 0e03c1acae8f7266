"""The served OpenAPI document is true: what it doesn't tell of, the running product never does."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.running_up import Up, free_port, running

TOOL = Path(__file__).with_name("openapi")
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(tmp_path_factory.mktemp("openapi"), free_port()) as found:
        yield found


def hold_against(up: Up, tmp_path: Path, *options: str) -> int:
    """Lets schemathesis call everything, with all its checks and ours.

    Returns:
        How many calls it made up.
    """
    command = [
        SCHEMATHESIS,
        "--config-file",
        str(TOOL / "schemathesis.toml"),
        "run",
        f"{up.endpoints['api']}/openapi.json",
        "--header",
        f"Authorization: Bearer {up.key}",
        "--checks=all",
        "--seed=20261125",
        "--continue-on-failure",
        "--no-color",
        *options,
    ]
    told = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(TOOL)},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert told.returncode == 0, told.stdout[-20000:] + told.stderr[-2000:]
    generated = re.search(r"(\d+) generated", told.stdout)
    assert generated is not None, told.stdout[-2000:]
    return int(generated[1])


def test_a_sample_of_calls_gets_only_documented_answers(up: Up, tmp_path: Path) -> None:
    made = hold_against(up, tmp_path, "--phases=examples,fuzzing,stateful", "--max-examples=4")
    assert made >= 300


@pytest.mark.prove
def test_twenty_thousand_calls_get_only_documented_answers(up: Up, tmp_path: Path) -> None:
    made = hold_against(up, tmp_path, "--max-examples=320")
    assert made >= 20_000
    print(f"schemathesis: {made} calls, all checks, no failure")
