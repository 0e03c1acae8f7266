"""One sandbox and one shop for all contract tests, and new ones for those that end them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stripe

from tests.contract.sandbox_process import KEY, Sandbox, Shop


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    shop = Shop()
    shop.open()
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), shop.url)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="session")
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": sandbox.address}, max_network_retries=0)


@pytest.fixture
def closed_shop() -> Iterator[Shop]:
    """A shop nobody else's events go to, which doesn't listen yet."""
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Callable[[str | None], Sandbox]]:
    """Starts a sandbox for one test, with the address its events go to."""
    started: list[Sandbox] = []

    def start(webhook_url: str | None = None) -> Sandbox:
        sandbox = Sandbox(tmp_path / "new" / "book", webhook_url)
        started.append(sandbox)
        sandbox.start()
        return sandbox

    yield start
    for sandbox in started:
        if sandbox.process is not None and sandbox.process.poll() is None:
            sandbox.stop()
