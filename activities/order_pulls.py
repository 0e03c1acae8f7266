"""Pulling orders from where the shop keeps them, a page at a time."""

from collections.abc import Callable
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.definition import uninterrupted
from activities.providers.orders.protocol import (
    OrderSource,
    SourcedOrder,
    SourceRefused,
    SourceUnclear,
)
from models.database import Database
from models.messages import OrderPageAsked, OrderPagePulled, OrderPullEnd, OrdersPulled
from models.store.order_pulls import move_cursor, read_cursor, refuse_order, take_order
from models.store.orders import Stored


class OrderPulls:
    """The activities that pull orders."""

    def __init__(
        self,
        database: Database,
        name: str,
        source: OrderSource | None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes the source that is set up and its name; None: none is."""
        self._database = database
        self._name = name
        self._source = source
        self._clock = clock

    @uninterrupted
    def pull_page(self, asked: OrderPageAsked) -> OrderPagePulled:
        """Stores the orders of one page. Pulling it again changes nothing.

        Raises:
            ApplicationError: `source_unclear`, retryable; `source_refused`, which is not.
        """
        if self._source is None:
            raise _refused("No order source is set up; name one in REDRESS_ORDER_SOURCE.")
        if asked.since is not None:
            since: datetime | None = datetime.fromisoformat(asked.since)
        else:
            with self._database.read() as session:
                since = read_cursor(session, self._name)
        try:
            page = self._source.list_changed(since, asked.after)
        except SourceRefused as refused:
            raise _refused(refused.message) from refused
        except SourceUnclear as unclear:
            activity.logger.warning("no answer from the order source: %s", unclear.message)
            raise ApplicationError(
                unclear.message, type="source_unclear", category=ApplicationErrorCategory.BENIGN
            ) from unclear
        counts = dict.fromkeys([*Stored, None], 0)
        for sourced in page.orders:
            counts[self._take(sourced)] += 1
        return OrderPagePulled(
            pulled=OrdersPulled(
                created=counts[Stored.CREATED],
                updated=counts[Stored.UPDATED],
                unchanged=counts[Stored.UNCHANGED],
                refused=counts[None],
            ),
            next=page.next,
            newest=None if page.newest is None else page.newest.isoformat(),
        )

    @uninterrupted
    def end_pull(self, end: OrderPullEnd) -> None:
        """Keeps how far orders have been pulled. Local."""
        with self._database.write() as session:
            move_cursor(
                session,
                self._name,
                datetime.fromisoformat(end.newest),
                datetime.fromisoformat(end.at),
            )

    def _take(self, sourced: SourcedOrder) -> Stored | None:
        """What became of an order; None: it is refused, which is kept and told."""
        now = self._clock()
        if sourced.order is not None:
            stored = take_order(self._database, sourced.order, self._name, now)
        else:
            stored = None
            refuse_order(self._database, sourced.number, sourced.problem or "It is no order.", now)
        if stored is None:
            activity.logger.warning("order %s was not taken", sourced.number)
        return stored


def _refused(message: str) -> ApplicationError:
    return ApplicationError(message, type="source_refused", non_retryable=True)
