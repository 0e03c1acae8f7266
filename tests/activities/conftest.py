"""What tests of activities share: a shop's settings, somewhere to run an activity, and mail."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.notifications import Notifications
from models.database import Database
from models.messages import MailOrder, Template
from models.settings import Settings, load_settings
from tests.activities.postbox import Postbox
from tests.activities.stored_returns import AT, MAIL_KEY, RMA

Send = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a small shop in London."""
    return replace(
        load_settings(tmp_path),
        shop_name="Larkspur & Daughters",
        shop_email="returns@larkspur.example",
        time_zone="Europe/London",
    )


@pytest.fixture
def environment() -> ActivityEnvironment:
    """Runs an activity as a worker would."""
    return ActivityEnvironment()


@pytest.fixture
def postbox() -> Postbox:
    """Where mails go."""
    return Postbox()


@pytest.fixture
def notifications(database: Database, postbox: Postbox, settings: Settings) -> Notifications:
    """The activities under test."""
    return Notifications(database, postbox, settings)


@pytest.fixture
def send(environment: ActivityEnvironment, notifications: Notifications) -> Send:
    """Sends one of the mails of the return."""

    def run(template: Template, key: str = MAIL_KEY) -> None:
        order = MailOrder(rma=RMA, key=key, template=template, at=AT.isoformat())
        environment.run(notifications.send_mail, order)

    return run
