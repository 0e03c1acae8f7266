"""Tryton for tests: made once for these versions, then as it was for each test."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tryton import shop
from tests.tryton.process import DATABASE, Desk, TrytonProcess, copy_of, template_name


@pytest.fixture(scope="session")
def tryton_template(request: pytest.FixtureRequest) -> Path:
    """The directory of a furnished database; kept between test runs."""
    kept = request.config.cache.mkdir("tryton")
    made = kept / template_name(Path(shop.__file__))
    if not made.exists():
        _make(made)
    return made


def _make(made: Path) -> None:
    part = made.with_name(f"{made.name}.part")
    part.mkdir(exist_ok=True)
    (part / f"{DATABASE}.sqlite").unlink(missing_ok=True)
    server = TrytonProcess(part)
    server.make()
    server.start()
    try:
        furnished = shop.furnish(Desk(server))
    finally:
        server.stop()
    (part / "furnished.json").write_text(json.dumps(furnished.__dict__))
    part.rename(made)


@pytest.fixture(scope="session")
def tryton_server(
    tryton_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrytonProcess]:
    """The one Tryton of this run: starting takes longer than most tests of it do."""
    server = copy_of(tryton_template, tmp_path_factory.mktemp("tryton"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tryton(tryton_template: Path, tryton_server: TrytonProcess) -> TrytonProcess:
    """Tryton with its small shop, as if no test had been there; a test may kill it."""
    tryton_server.restore(tryton_template)
    if not tryton_server.runs:
        tryton_server.start()
    return tryton_server
