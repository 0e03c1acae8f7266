"""Telling the customers' records of returns: what is new, and again what was refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.definition import uninterrupted
from activities.providers.crm.protocol import CrmProvider, CrmRefused, CrmUnclear
from models.database import Database
from models.messages import CrmTold
from models.store import crm

# What was refused is tried again after this, so many at once.
_AGAIN_AFTER = timedelta(hours=1)
_AGAIN = 20


class Crm:
    """The activity that tells them."""

    def __init__(
        self,
        database: Database,
        name: str,
        provider: CrmProvider | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes the CRM that is set up and its name; None: none is."""
        self._database = database
        self._name = name
        self._provider = provider
        self._clock = clock

    @uninterrupted
    def tell_customers_records(self, again: bool) -> CrmTold:
        """Tells some of what is new, in the order of its events. `again`: what was refused, too.

        Raises:
            ApplicationError: `crm_unclear`, retryable; `crm_refused`: no CRM is set up.
        """
        if self._provider is None:
            raise ApplicationError("No CRM is set up.", type="crm_refused", non_retryable=True)
        if again:
            with self._database.read() as session:
                waiting = crm.set_aside_before(session, self._clock() - _AGAIN_AFTER, _AGAIN)
            for rma in waiting:
                self._tell(self._provider, rma)
        with self._database.read() as session:
            due = [(event.number, event.rma) for event in crm.due_events(session, self._name)]
        told: set[str] = set()
        for number, its_return in due:
            # A case is told whole, so its later events of this page are in it.
            if its_return is not None and its_return not in told:
                self._tell(self._provider, its_return)
                told.add(its_return)
            with self._database.write() as session:
                crm.move_on(session, self._name, number, self._clock())
        return CrmTold(returns=len(told), more=bool(due))

    def _tell(self, provider: CrmProvider, rma: str) -> None:
        with self._database.read() as session:
            case = crm.read_case(session, rma)
        if case is None:
            return
        try:
            provider.record(case)
        except CrmRefused as refused:
            activity.logger.warning("the CRM refused %s: %s", rma, refused.message)
            with self._database.write() as session:
                crm.set_aside(session, rma, refused.message, self._clock())
            return
        except CrmUnclear as unclear:
            raise ApplicationError(
                unclear.message, type="crm_unclear", category=ApplicationErrorCategory.BENIGN
            ) from unclear
        with self._database.write() as session:
            crm.no_longer_aside(session, rma)
