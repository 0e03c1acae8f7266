"""Tryton for tests: made once for these versions, then copied."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tryton import shop
from tests.tryton.process import DATABASE, Desk, TrytonProcess, copy_of, template_name

MakeTryton = Callable[[], TrytonProcess]


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


@pytest.fixture
def make_tryton(tryton_template: Path, tmp_path: Path) -> Iterator[MakeTryton]:
    """Starts a Tryton of the test's own, which it may end."""
    started: list[TrytonProcess] = []

    def make() -> TrytonProcess:
        directory = tmp_path / f"tryton-{len(started) + 1}"
        directory.mkdir()
        server = copy_of(tryton_template, directory)
        started.append(server)
        server.start()
        return server

    yield make
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def tryton(
    tryton_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrytonProcess]:
    """A Tryton that the tests of one file share."""
    server = copy_of(tryton_template, tmp_path_factory.mktemp("tryton"))
    server.start()
    yield server
    server.stop()
