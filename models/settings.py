"""Settings: read once from the environment, with the running `redress up` as the fallback."""

import fcntl
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from environs import Env, validate

from models.carrier_settings import CarrierSettings, read_carrier_settings
from models.messages import Deadlines
from models.private_file import write_privately
from models.system_settings import SystemSettings, read_system_settings

DEFAULT_DATA_DIR = "data"
ENDPOINTS_FILE = "endpoints.json"
_LONGEST = 10 * 366 * 86400
_ERP_MODES = ("draft", "posted")
_ERP_LOCATIONS = {"storage": "STO", "quarantine": "QUA", "scrap": "SCR"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class SettingsError(Exception):
    """A setting can't be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process needs to know, already checked."""

    data_dir: Path
    database_url: str
    shop_name: str
    shop_currency: str
    shop_email: str
    time_zone: str
    secret_key: str
    web_url: str
    # None: `temporalio.envconfig` decides (its profile, or localhost:7233).
    temporal_address: str | None
    temporal_namespace: str | None
    temporal_ui_url: str
    task_queue: str
    sandbox_url: str | None
    sandbox_key: str
    sandbox_webhook_secret: str
    stripe_api_key: str | None
    # Each proves a body: two while a new one replaces the old.
    stripe_webhook_secrets: tuple[str, ...]
    carrier: CarrierSettings
    systems: SystemSettings
    smtp_url: str | None
    deadlines: Deadlines
    # Session cookies only over https; off by default because `up` serves http on loopback.
    secure_cookies: bool
    # Seconds after its due time at which the managers are told of a task.
    task_escalation: int
    # Calls of one API key: how many a second in the long run (0: without a limit), and at once.
    rate_limit: float
    rate_burst: int
    # How many proxies stand before the web server, whose word on the caller's address counts.
    proxies: int
    # Whether webhook endpoints may be at private and loopback addresses, and use http.
    webhooks_to_private: bool
    # An entry point of `redress.erp`, or `none`.
    erp: str
    erp_url: str
    erp_key: str
    # Whose books, where the ERP keeps several; "" for the only one.
    erp_company: str
    # draft or posted.
    erp_mode: str
    # storage, quarantine and scrap → what the ERP calls the location.
    erp_locations: tuple[tuple[str, str], ...]

    @property
    def stripe_is_live(self) -> bool | None:
        """Whether the Stripe key moves real money, as its name says; None when it doesn't say."""
        _, _, rest = (self.stripe_api_key or "").partition("_")
        return {"live": True, "test": False}.get(rest.partition("_")[0])


def parse_duration(text: str) -> int:
    """Reads "30d", "12h", "10m", "5s" or "2w" into seconds.

    Raises:
        ValueError: not such a duration.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdecimal():
        raise ValueError(f"{text!r} is not a duration; write it like 30d, 12h, 10m or 5s")
    seconds = int(number) * _UNITS[unit]
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return seconds


def load_settings(data_dir: str | Path | None = None) -> Settings:
    """Reads the settings.

    Where the environment is silent and a `redress up` runs on the data directory, its addresses
    are used, so that `redress apikey create --data-dir DIR` talks to what runs there.

    Args:
        data_dir: overrides `REDRESS_DATA_DIR` (default `data` in the current directory).

    Raises:
        SettingsError: a setting has an impossible value.
    """
    env = Env()
    try:
        return _read(env, data_dir)
    except (ValueError, OSError) as error:
        raise SettingsError(str(error)) from error


def _read(env: Env, given_dir: str | Path | None) -> Settings:
    directory = Path(given_dir or env.str("REDRESS_DATA_DIR", DEFAULT_DATA_DIR)).absolute()
    running = read_endpoints(directory)
    deadlines = Deadlines()
    return Settings(
        data_dir=directory,
        database_url=env.str("DATABASE_URL", "") or f"sqlite:///{directory / 'redress.db'}",
        shop_name=env.str("REDRESS_SHOP_NAME", "Redress Demo Shop"),
        shop_currency=env.str("REDRESS_SHOP_CURRENCY", "GBP", validate=validate.Length(equal=3)),
        shop_email=env.str("REDRESS_SHOP_EMAIL", "returns@shop.example"),
        time_zone=_time_zone(env.str("REDRESS_TIME_ZONE", "UTC")),
        secret_key=env.str("REDRESS_SECRET_KEY", "") or _kept_secret(directory, "secret-key"),
        web_url=env.str("REDRESS_WEB_URL", running.get("web", "http://127.0.0.1:8080")),
        temporal_address=env.str("TEMPORAL_ADDRESS", "") or running.get("temporal"),
        temporal_namespace=env.str("TEMPORAL_NAMESPACE", "") or None,
        temporal_ui_url=env.str(
            "REDRESS_TEMPORAL_UI", running.get("temporal_ui", "http://127.0.0.1:8233")
        ),
        task_queue=env.str("REDRESS_TASK_QUEUE", "redress"),
        sandbox_url=env.str("REDRESS_SANDBOX_URL", "") or running.get("sandbox"),
        sandbox_key=env.str("REDRESS_SANDBOX_KEY", "") or _kept_secret(directory, "sandbox-key"),
        sandbox_webhook_secret=env.str("REDRESS_SANDBOX_WEBHOOK_SECRET", "")
        or _kept_secret(directory, "sandbox-webhook-secret"),
        stripe_api_key=env.str("STRIPE_API_KEY", "") or None,
        stripe_webhook_secrets=tuple(env.str("STRIPE_WEBHOOK_SECRET", "").split()),
        carrier=read_carrier_settings(env),
        systems=read_system_settings(env, env.str("REDRESS_TIME_ZONE", "UTC")),
        smtp_url=env.str("REDRESS_SMTP_URL", "") or None,
        deadlines=Deadlines(
            **{
                name: _duration(env, f"REDRESS_{name.upper()}", getattr(deadlines, name))
                for name in Deadlines.__dataclass_fields__
            }
        ),
        secure_cookies=env.bool("REDRESS_SECURE_COOKIES", False),
        task_escalation=_seconds(
            "REDRESS_TASK_ESCALATION", env.str("REDRESS_TASK_ESCALATION", "") or "24h"
        ),
        rate_limit=env.float("REDRESS_RATE_LIMIT", 50.0, validate=validate.Range(0, 1e6)),
        rate_burst=env.int("REDRESS_RATE_BURST", 200, validate=validate.Range(1, 10**6)),
        proxies=env.int("REDRESS_PROXIES", 0, validate=validate.Range(0, 10)),
        webhooks_to_private=env.bool("REDRESS_WEBHOOKS_TO_PRIVATE", False),
        erp=env.str("REDRESS_ERP", "") or "none",
        erp_url=env.str("REDRESS_ERP_URL", ""),
        erp_key=env.str("REDRESS_ERP_KEY", ""),
        erp_company=env.str("REDRESS_ERP_COMPANY", ""),
        erp_mode=env.str("REDRESS_ERP_MODE", "posted", validate=validate.OneOf(_ERP_MODES)),
        erp_locations=_locations(env.str("REDRESS_ERP_LOCATIONS", "")),
    )


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"REDRESS_TIME_ZONE: {name!r} is not a time zone; write it like Europe/London"
        ) from error
    return name


def _locations(text: str) -> tuple[tuple[str, str], ...]:
    """Reads "storage=STO,quarantine=QUA"; what isn't given keeps its default."""
    given = dict(_pair(part) for part in text.split(",") if part.strip())
    unknown = sorted(set(given) - set(_ERP_LOCATIONS))
    if unknown:
        raise ValueError(
            f"REDRESS_ERP_LOCATIONS: {', '.join(unknown)} is none of {', '.join(_ERP_LOCATIONS)}"
        )
    return tuple({**_ERP_LOCATIONS, **given}.items())


def _pair(part: str) -> tuple[str, str]:
    place, _, code = (word.strip() for word in part.partition("="))
    if not code:
        raise ValueError(
            "REDRESS_ERP_LOCATIONS: write it like storage=STO,quarantine=QUA,scrap=SCR"
        )
    return place, code


def _duration(env: Env, name: str, default: int) -> int:
    text = env.str(name, "")
    return _seconds(name, text) if text else default


def _seconds(name: str, text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def read_endpoints(data_dir: Path) -> dict[str, Any]:
    """The addresses of the `redress up` that runs on a data directory; empty when none does."""
    try:
        found = json.loads((data_dir / ENDPOINTS_FILE).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _kept_secret(directory: Path, name: str) -> str:
    """A secret made once and kept in the data directory, readable by its owner only."""
    path = directory / "secrets" / name
    with suppress(FileNotFoundError):
        return path.read_text()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path.parent / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():  # Another process may have made it meanwhile.
            write_privately(path, secrets.token_urlsafe(32))
    return path.read_text()
