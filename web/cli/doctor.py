"""`redress doctor`: what is wrong with an installation, and what to do about it."""

import asyncio
import os
import shutil
import smtplib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import click
import requests
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError

from models import migrations
from models.database import Database
from models.settings import Settings, SettingsError, load_settings
from models.temporal_client import address_of, connect
from web.cli import endpoints, ports, temporal_server
from web.cli.options import data_dir_option

_OLDEST_PYTHON = (3, 11)
_LEAST_FREE_DISK = 1024**3
_TIMEOUT = 5
# A worker that waits for work asks again after a minute.
_POLLED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The state of one part; `advice` says what to do and is empty when all is well."""

    part: str
    state: str
    advice: str = ""


@click.command()
@data_dir_option
@click.option("--port", type=click.IntRange(1, 65535), help="The port `redress up` would serve on.")
@click.option("--host", default=ports.LOOPBACK, show_default=True)
def doctor(data_dir: Path, port: int | None, host: str) -> None:
    """Check that Redress has all it needs; ends with 1 when something is wrong."""
    settings = load_settings(data_dir)
    runs = endpoints.is_running(settings.data_dir)
    findings = [
        _python(),
        _directory(settings.data_dir),
        _disk(settings.data_dir),
        _port(settings.data_dir, host, port, runs=runs),
        _database(settings),
        *asyncio.run(_temporal(settings)),
        *_payments(settings),
        *_mail(settings.smtp_url),
    ]
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("What", "State", "What to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(
            finding.part, finding.state, finding.advice, style="red" * bool(finding.advice)
        )
    Console(highlight=False, markup=False).print(table)
    wrong = sum(bool(finding.advice) for finding in findings)
    click.echo(f"{wrong} of {len(findings)} need attention." if wrong else "All is well.")
    sys.exit(1 if wrong else 0)


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    advice = "" if sys.version_info >= _OLDEST_PYTHON else "Install Python 3.11 or newer."
    return Finding(part="Python", state=version, advice=advice)


def _directory(data_dir: Path) -> Finding:
    if os.access(_existing(data_dir), os.W_OK | os.X_OK):
        return Finding(part="Data directory", state=f"{data_dir} can be written")
    return Finding(
        part="Data directory",
        state=f"{data_dir} can't be written",
        advice="Give yourself the right to write there, or use another --data-dir.",
    )


def _disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(_existing(data_dir)).free
    return Finding(
        part="Disk",
        state=f"{free / 1024**3:.1f} GiB free",
        advice="" if free >= _LEAST_FREE_DISK else "Make room: at least 1 GiB.",
    )


def _existing(path: Path) -> Path:
    """The path, or the nearest directory above it that is there already."""
    return next(place for place in (path, *path.parents) if place.exists())


def _port(data_dir: Path, host: str, port: int | None, *, runs: bool) -> Finding:
    last = ports.recorded(data_dir / "run")
    if runs and last and port in (None, last.web):
        return Finding(part="Port", state=f"{last.web} is in use by this Redress")
    wanted = port or (last.web if last else ports.DEFAULT_WEB_PORT)
    refusal = ports.why_not_free(host, wanted)
    return Finding(
        part="Port",
        state=f"{wanted} {refusal or 'is free'}",
        advice="Start with another one: redress up --port N." if refusal else "",
    )


def _database(settings: Settings) -> Finding:
    database = Database(settings.database_url)
    name = database.url.render_as_string(hide_password=True)
    try:
        # Looking into an SQLite file that isn't there would make it.
        if database.is_sqlite and not Path(database.url.database or "").exists():
            state, advice = "not made yet", "Run `redress up` or `redress db upgrade`."
        elif migrations.is_current(database):
            state, advice = "current", ""
        else:
            state, advice = "of another version", "Run `redress db upgrade`."
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        state, advice = f"can't be reached: {reason}", "Start it, or correct DATABASE_URL."
    finally:
        database.dispose()
    return Finding(part="Database", state=f"{name}: {state}", advice=advice)


async def _temporal(settings: Settings) -> list[Finding]:
    where = address_of(settings)
    try:
        client = await connect(settings)
        if await temporal_server.answers(client):
            state = f"{where} answers for the namespace {client.namespace}"
            return [
                Finding(part="Temporal", state=state),
                await _retention(client),
                await _search_attributes(client),
                await _worker(client, settings.task_queue),
            ]
    except (ConnectionError, SettingsError, temporal_server.NamespaceUnfit) as error:
        return [Finding(part="Temporal", state=f"{where} can't be used", advice=str(error))]
    except RPCError:
        pass  # It answered before, and not any more.
    advice = "See its log: it takes connections but does not answer."
    return [Finding(part="Temporal", state=f"{where} is not well", advice=advice)]


async def _retention(client: Client) -> Finding:
    kept, wanted = await temporal_server.retention(client), temporal_server.RETENTION
    return Finding(
        part="Temporal retention",
        state=f"closed returns are kept for {kept.days} days",
        advice=""
        if kept >= wanted
        else f"Keep them longer: temporal operator namespace update --namespace"
        f" {client.namespace} --retention {wanted.days}d",
    )


async def _search_attributes(client: Client) -> Finding:
    part = "Temporal search attributes"
    try:
        missing = await temporal_server.missing_search_attributes(client)
    except temporal_server.NamespaceUnfit as error:
        return Finding(part=part, state="unfit", advice=str(error))
    return Finding(
        part=part,
        state="some are missing" if missing else "all there",
        advice=f"Add {temporal_server.listed(missing)}; `redress up` does it." if missing else "",
    )


async def _worker(client: Client, task_queue: str) -> Finding:
    since = datetime.now(UTC) - _POLLED_WITHIN
    if await temporal_server.worker_polls(client, task_queue, since):
        return Finding(part="Worker", state="asks for work")
    return Finding(
        part="Worker", state="none asks for work", advice="Run `redress up` or `redress worker`."
    )


def _payments(settings: Settings) -> Iterator[Finding]:
    if settings.sandbox_url:
        yield _asked(
            "Sandbox payments",
            settings.sandbox_url,
            f"{settings.sandbox_url}/_sandbox/refunds?payment=doctor",
            settings.sandbox_key,
        )
    elif not settings.stripe_api_key:
        yield Finding(
            part="Payments",
            state="there is no provider",
            advice="Run `redress up` for the sandbox, or set STRIPE_API_KEY.",
        )
    if settings.stripe_api_key:
        url = "https://api.stripe.com/v1/balance"
        yield _asked("Stripe", "api.stripe.com", url, settings.stripe_api_key)


def _asked(part: str, where: str, url: str, key: str) -> Finding:
    """Asks a payment provider something harmless."""
    try:
        status = requests.get(
            url, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT
        ).status_code
    except requests.RequestException:
        advice = "Start it, or correct its address."
        return Finding(part=part, state=f"{where} can't be reached", advice=advice)
    if status == HTTPStatus.UNAUTHORIZED:
        return Finding(part=part, state=f"{where} refuses the key", advice="Correct the key.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Finding(part=part, state=f"{where} fails ({status})", advice="See its log.")
    return Finding(part=part, state=f"{where} answers")


def _mail(url: str | None) -> Iterator[Finding]:
    if not url:
        return
    address = urlsplit(url)
    host, secure = address.hostname or "", address.scheme == "smtps"
    where = f"{host}:{address.port or (465 if secure else 25)}"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    try:
        with kind(host, address.port or 0, timeout=_TIMEOUT) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Finding(
            part="Mail",
            state=f"{where} can't be used: {error}",
            advice="Start the mail server, or correct REDRESS_SMTP_URL.",
        )
    else:
        yield Finding(part="Mail", state=f"{where} answers")
