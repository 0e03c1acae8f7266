"""What the views work with, put together once per process and found through the application."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app

from models.database import Database
from models.settings import Settings

if TYPE_CHECKING:
    from web.gateway import Gateway

EXTENSION = "redress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The settings, the database and the gateway that every face calls."""

    settings: Settings
    database: Database
    gateway: "Gateway"


def services() -> Services:
    """The services of the application that serves this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
