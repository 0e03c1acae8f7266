"""The worker: puts settings, providers and activities together and serves the task queue."""

import asyncio
import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.crm import Crm
from activities.disputes import Disputes
from activities.erp import Erp
from activities.exchanges import Exchanges
from activities.heartbeats import Heartbeats
from activities.housekeeping import Housekeeping
from activities.notifications import Notifications
from activities.order_pulls import OrderPulls
from activities.providers.carriers.finding import connect_carrier
from activities.providers.crm.protocol import ConnectCrm, CrmProvider
from activities.providers.erp.finding import connect_erp
from activities.providers.erp.protocol import (
    ErpExchanges,
    ErpMode,
    ErpProvider,
    ErpSettings,
    Place,
)
from activities.providers.finding import find_provider
from activities.providers.mail.outbox import OutboxTransport
from activities.providers.mail.protocol import MailTransport
from activities.providers.mail.smtp import SmtpTransport
from activities.providers.orders.protocol import ConnectOrderSource, OrderSource
from activities.providers.payments.protocol import PaymentProvider
from activities.providers.payments.stripe_api import StripePayments
from activities.providers.webhooks.http import HttpWebhooks
from activities.reconciliation import Reconciliations
from activities.records import Records
from activities.refunds import Refunds
from activities.shipping import Shipping
from activities.simulations import Simulations
from activities.store_credits import StoreCredits
from activities.task_watch import TaskWatch
from activities.webhooks import Webhooks
from models.database import Database
from models.outbox import DIRECTORY
from models.settings import Settings, load_settings
from models.store.erp import link
from models.store.task_watch import Staff
from models.temporal_client import connect
from web.access import ROLE_PERMISSIONS, TASK_PERMISSIONS, Role
from web.bell import WebhookBell
from web.delivery import Delivery
from web.temporal import TemporalBridge
from workflows.credit_expiry import CreditExpiryWorkflow
from workflows.crm import CrmWorkflow
from workflows.disputes import DisputeWorkflow
from workflows.erp import ErpWorkflow
from workflows.exchanges import ExchangeWorkflow
from workflows.housekeeping import HousekeepingWorkflow
from workflows.order_pull import OrderPullWorkflow
from workflows.payouts import PayoutWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.returns import ReturnWorkflow
from workflows.schedules import ensure_schedules
from workflows.simulation import SimulationWorkflow
from workflows.task_watch import TaskWatchWorkflow
from workflows.webhooks import WebhookSweepWorkflow, WebhookWorkflow

# Activities wait for databases and other people's servers most of the time.
_THREADS = 32
# A worker that is told to stop lets what runs end, but not for longer than its supervisor waits.
_FINISH_WITHIN = timedelta(seconds=8)


def payment_providers(settings: Settings) -> dict[str, PaymentProvider]:
    """The payment providers that are set up, by the name an order's payment gives."""
    providers: dict[str, PaymentProvider] = {}
    if settings.sandbox_url:
        providers["sandbox"] = StripePayments(
            settings.sandbox_key, base_address=settings.sandbox_url
        )
    if settings.stripe_api_key:
        providers["stripe"] = StripePayments(settings.stripe_api_key)
    return providers


def mail_transport(settings: Settings) -> MailTransport:
    """SMTP when it is set up, else files in the data directory."""
    if settings.smtp_url:
        return SmtpTransport(settings.smtp_url)
    return OutboxTransport(settings.data_dir / DIRECTORY)


def erp_provider(settings: Settings) -> ErpProvider | None:
    """The shop's ERP; None: it has none, or it isn't connected.

    Raises:
        UnknownErp: no package that is installed brings it.
    """
    return connect_erp(
        settings.erp,
        ErpSettings(
            url=settings.erp_url,
            key=settings.erp_key,
            company=settings.erp_company,
            mode=ErpMode(settings.erp_mode),
            locations={Place(place): code for place, code in settings.erp_locations},
        ),
    )


def note_erp(settings: Settings, database: Database) -> None:
    """Keeps since when the ERP is told, for those who have to know whether there is one."""
    name = None if settings.erp == "none" else settings.erp
    exchanges = isinstance(erp_provider(settings), ErpExchanges)
    with database.write() as session:
        link(session, name, datetime.now(UTC), exchanges=exchanges)


def order_source(settings: Settings) -> OrderSource | None:
    """Where orders are pulled from; None: they are only sent.

    Raises:
        UnknownProvider: no package that is installed brings it.
    """
    systems = settings.systems
    connect_source: ConnectOrderSource | None = find_provider(
        "redress.orders", "REDRESS_ORDER_SOURCE", systems.orders
    )
    return None if connect_source is None else connect_source(systems)


def crm_provider(settings: Settings) -> CrmProvider | None:
    """Where the customers' records are; None: they are told nothing.

    Raises:
        UnknownProvider: no package that is installed brings it.
    """
    systems = settings.systems
    connect_crm: ConnectCrm | None = find_provider("redress.crm", "REDRESS_CRM", systems.crm)
    return None if connect_crm is None else connect_crm(systems)


def staff() -> Staff:
    """Whose work each kind of task is, by role."""
    return Staff(
        workers={
            kind: frozenset(role for role in Role if needed in ROLE_PERMISSIONS[role])
            for kind, needed in TASK_PERMISSIONS.items()
        },
        managers=frozenset({Role.MANAGER}),
    )


def make_worker(
    client: Client,
    settings: Settings,
    database: Database,
    executor: ThreadPoolExecutor,
    *,
    providers: dict[str, PaymentProvider] | None = None,
    transport: MailTransport | None = None,
    erp: ErpProvider | None = None,
) -> Worker:
    """A worker for all workflows and activities.

    Args:
        client: connected to Temporal.
        settings: what providers to use.
        database: where everything is kept.
        executor: runs the activities, which block.
        providers: payment providers instead of the settings' ones.
        transport: mail transport instead of the settings' one.
        erp: ERP instead of the settings' one.
    """
    records = Records(database)
    payments = payment_providers(settings) if providers is None else providers
    refunds = Refunds(database, payments)
    disputes = Disputes(database, payments)
    exchanges = Exchanges(database)
    erp = erp or erp_provider(settings)
    books = Erp(database, erp)
    reconciliations = Reconciliations(database, payments, erp=erp)
    simulations = Simulations(database)
    shipping = Shipping(database, connect_carrier(settings), settings)
    transport = transport or mail_transport(settings)
    notifications = Notifications(database, transport, settings)
    watch = TaskWatch(database, transport, settings, staff())
    sender = HttpWebhooks(to_private=settings.webhooks_to_private)
    crm = Crm(database, settings.systems.crm, crm_provider(settings))
    pulls = OrderPulls(database, settings.systems.orders, order_source(settings))
    webhooks = Webhooks(database, sender, settings, staff())
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[
            ReturnWorkflow,
            ExchangeWorkflow,
            PayoutWorkflow,
            ErpWorkflow,
            DisputeWorkflow,
            ReconciliationWorkflow,
            CreditExpiryWorkflow,
            HousekeepingWorkflow,
            SimulationWorkflow,
            TaskWatchWorkflow,
            OrderPullWorkflow,
            CrmWorkflow,
            WebhookWorkflow,
            WebhookSweepWorkflow,
        ],
        activities=[
            records.open_return,
            records.save_progress,
            records.reopen_return,
            records.amend_return,
            records.judge_again,
            records.hold_units,
            refunds.grant_refund,
            refunds.price_clawback,
            refunds.pay_refund,
            refunds.settle_refund,
            refunds.ask_provider,
            refunds.prepare_retry,
            refunds.pay_otherwise,
            refunds.open_payout,
            refunds.save_payout,
            refunds.write_off,
            disputes.ask_about_dispute,
            disputes.record_dispute,
            exchanges.open_exchange,
            exchanges.record_exchange_payment,
            exchanges.record_exchange_shipment,
            exchanges.call_exchange_off,
            exchanges.weigh_refund_instead,
            books.list_due,
            books.record_document,
            books.record_by_hand,
            reconciliations.compare,
            reconciliations.end_reconciliation,
            simulations.simulate,
            simulations.end_simulation,
            StoreCredits(database).expire_store_credits,
            Housekeeping(database).forget_what_was_told,
            shipping.make_label,
            shipping.give_labels_back,
            notifications.send_mail,
            watch.watch_tasks,
            crm.tell_customers_records,
            pulls.pull_page,
            pulls.end_pull,
            webhooks.find_waiting,
            webhooks.plan_sending,
            webhooks.send_stream,
        ],
        activity_executor=executor,
        max_concurrent_activities=_THREADS,
        max_concurrent_local_activities=_THREADS,
        graceful_shutdown_timeout=_FINISH_WITHIN,
        interceptors=[Heartbeats()],
        workflow_runner=workflow_runner(),
    )


def workflow_runner() -> SandboxedWorkflowRunner:
    """What keeps workflows deterministic; histories are replayed with the same."""
    return SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("models")
    )


async def serve(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = Database(settings.database_url)
    note_erp(settings, database)
    client = await connect(settings)
    await ensure_schedules(
        client,
        settings.task_queue,
        settings.time_zone,
        pull_orders=settings.systems.pulls_orders,
        tell_crm=settings.systems.tells_crm,
    )
    bridge = TemporalBridge(lambda: connect(settings))
    database.when_told = WebhookBell(database, Delivery(bridge, settings.task_queue)).ring
    with ThreadPoolExecutor(2 * _THREADS, thread_name_prefix="activity") as executor:
        async with make_worker(client, settings, database, executor):
            logging.getLogger(__name__).info("serving task queue %s", settings.task_queue)
            await stop.wait()
    database.dispose()


def main() -> None:
    """Runs the worker in the foreground."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The SDK tells of every call, which our own timeline and the provider's book do already.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    asyncio.run(serve(load_settings()))
    # The interpreter can abort at exit after a Temporal client was used; everything is closed, so
    # nothing is lost by leaving at once.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
