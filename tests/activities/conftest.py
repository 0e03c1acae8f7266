"""What tests of activities share: the settings of a shop, and somewhere to run an activity."""

from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from models.settings import Settings, load_settings


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
