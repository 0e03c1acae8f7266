"""What the views work with, put together once per process and found through the application."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import current_app

from models.database import Database
from models.settings import Settings
from models.store.rate_limits import Limit
from web.limits import Limiter

if TYPE_CHECKING:
    from web.gateway import Gateway

EXTENSION = "redress"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The settings, the database and the gateway that every face calls."""

    settings: Settings
    database: Database
    gateway: "Gateway"
    limiter: Limiter = field(init=False)

    def __post_init__(self) -> None:
        """Counts calls for this process."""
        rate, burst = self.settings.rate_limit, self.settings.rate_burst
        limit = Limit(rate=rate, burst=burst) if rate else None
        object.__setattr__(self, "limiter", Limiter(self.database, limit))


def services() -> Services:
    """The services of the application that serves this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found
