"""What a run of `redress up` consists of: its own parts, and what its children are told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.settings import Settings
from models.temporal_client import DEFAULT_NAMESPACE, load_profile
from web.cli.ports import LOOPBACK, Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `settings` are those the children will have; `web` is the web server's own URL."""

    settings: Settings
    ports: Ports
    host: str
    web: str
    own_temporal: bool
    own_sandbox: bool
    environment: Mapping[str, str]


def make_plan(settings: Settings, ports: Ports, host: str, given: Mapping[str, str]) -> Plan:
    """Decides what to run.

    Args:
        settings: as read when no `redress up` runs on the data directory.
        ports: where to serve.
        host: the web server's address.
        given: our own environment.
    """
    elsewhere = _temporal_elsewhere(settings, given)
    shown = LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104 - only compared
    web = f"http://[{shown}]:{ports.web}" if ":" in shown else f"http://{shown}:{ports.web}"
    own_ui = "" if elsewhere else f"http://{LOOPBACK}:{ports.temporal_ui}"
    planned = replace(
        settings,
        web_url=given.get("REDRESS_WEB_URL") or web,
        temporal_address=elsewhere or f"{LOOPBACK}:{ports.temporal}",
        temporal_namespace=settings.temporal_namespace
        or (None if elsewhere else DEFAULT_NAMESPACE),
        temporal_ui_url=given.get("REDRESS_TEMPORAL_UI") or own_ui,
        sandbox_url=settings.sandbox_url or f"http://{LOOPBACK}:{ports.sandbox}",
    )
    return Plan(
        settings=planned,
        ports=ports,
        host=host,
        web=web,
        own_temporal=elsewhere is None,
        own_sandbox=settings.sandbox_url is None,
        environment=_environment(planned, ports, web, given, own_temporal=elsewhere is None),
    )


def _temporal_elsewhere(settings: Settings, given: Mapping[str, str]) -> str | None:
    """The address of a Temporal that somebody else runs, when the environment names one.

    A profile counts only when the environment points at it: its mere presence on the machine does
    not mean that a demo may run there.
    """
    if settings.temporal_address:
        return settings.temporal_address
    if given.get("TEMPORAL_PROFILE") or given.get("TEMPORAL_CONFIG_FILE"):
        return load_profile().address
    return None


def _environment(
    settings: Settings, ports: Ports, web: str, given: Mapping[str, str], *, own_temporal: bool
) -> dict[str, str]:
    """What all children are told; secrets go this way, never on a command line."""
    made = dict(given)
    if own_temporal:
        # A profile on this machine is about another server; nothing of it may be sent here.
        made = {name: text for name, text in made.items() if not name.startswith("TEMPORAL_")}
        made["TEMPORAL_CONFIG_FILE"] = os.devnull
        made["TEMPORAL_NAMESPACE"] = settings.temporal_namespace or DEFAULT_NAMESPACE
    return made | {
        "REDRESS_DATA_DIR": str(settings.data_dir),
        "REDRESS_WEB_URL": settings.web_url,
        "TEMPORAL_ADDRESS": settings.temporal_address or "",
        "REDRESS_TEMPORAL_UI": settings.temporal_ui_url,
        "REDRESS_SANDBOX_URL": settings.sandbox_url or "",
        "REDRESS_SANDBOX_KEY": settings.sandbox_key,
        "REDRESS_SANDBOX_PORT": str(ports.sandbox),
        "REDRESS_SANDBOX_DIR": str(settings.data_dir / "sandbox"),
        "REDRESS_SANDBOX_WEBHOOK_URL": f"{web}/api/v1/webhooks/sandbox",
        "REDRESS_SANDBOX_CARRIER_URL": f"{web}/api/v1/webhooks/sandbox-carrier",
        "REDRESS_SANDBOX_WEBHOOK_SECRET": settings.sandbox_webhook_secret,
        # What a child says stands in its log at once.
        "PYTHONUNBUFFERED": "1",
    }
