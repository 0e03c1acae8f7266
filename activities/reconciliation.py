"""Comparing refunds, books and the providers' own lists, and repairing what is safe."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from temporalio.exceptions import ApplicationError

from activities.definition import uninterrupted
from activities.providers.erp.protocol import ErpProvider
from activities.providers.payments.protocol import (
    PaymentProvider,
    PaymentRefused,
    PaymentUnclear,
    ProviderRefund,
)
from activities.reconciliation_erp import compare_erp
from models.database import Database
from models.messages import (
    Compared,
    Comparison,
    NewsForWorkflow,
    ReconciliationEnd,
    RefundNews,
)
from models.rules.reconciliation import (
    DifferenceKind,
    Found,
    OurRefund,
    TheirRefund,
    compare_with_books,
    compare_with_provider,
)
from models.store import reconciliations, reconciling, refunds, settlements
from models.store.ledger import read_as_of_now
from models.store.ledger_verify import verify

# A bank can send a refund back for 30 days (money rule 12); a few more for late news.
_LOOKS_BACK = timedelta(days=35)
# So many workflows are told at once; the next comparison tells the others.
_TOLD_AT_ONCE = 500
_MISSING = "resource_missing"


class Reconciliations:
    """The activities of a reconciliation."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[str, PaymentProvider],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        erp: ErpProvider | None = None,
    ) -> None:
        """Takes what is compared.

        Args:
            database: where refunds and books are kept.
            providers: payment providers by the name that an order's payment gives.
            clock: the real time, by which the providers keep their lists.
            erp: the ERP that is set up; None: none is.
        """
        self._database = database
        self._providers = providers
        self._clock = clock
        self._erp = erp

    @uninterrupted
    def compare(self, asked: Comparison) -> Compared:
        """Compares everything, repairs what needs nobody, and says which workflows to tell.

        Raises:
            ApplicationError: `provider_unclear`, retryable; `provider_refused`, which is not.
        """
        now = self._clock()
        since = now - _LOOKS_BACK
        with self._database.write() as session:
            reconciliations.begin_run(session, asked.id, asked.actor, now)
        found: list[Found] = []
        counts = {"refunds": 0, "provider_refunds": 0, "entries": 0}
        for name, provider in self._providers.items():
            compared = self._compare_with(name, provider, since, counts)
            found.extend(compared)
        found.extend(self._compare_books(since, counts))
        repaired = {place for place, each in enumerate(found) if self._repair(each, now)}
        tell: list[str] = []
        if self._erp is not None:
            compared_erp = compare_erp(self._database, self._erp, since, self._clock)
            repaired |= {len(found) + place for place in compared_erp.repaired}
            found.extend(compared_erp.found)
            tell = compared_erp.tell
        with self._database.write() as session:
            reconciliations.save_found(session, asked.id, found, repaired, counts)
        news = [
            NewsForWorkflow(
                workflow=each.workflow,
                rma=each.rma,
                news=_news(asked.id, each.news, each.refund, now),
            )
            for each in found
            if each.news and each.workflow and each.rma and each.refund
            if each.refund not in asked.told
        ]
        return Compared(
            differences=len(found),
            news=news[:_TOLD_AT_ONCE],
            more=len(news) > _TOLD_AT_ONCE,
            erp=list(dict.fromkeys(tell)),
        )

    @uninterrupted
    def end_reconciliation(self, ended: ReconciliationEnd) -> None:
        """Records how a run ended. Local."""
        with self._database.write() as session:
            reconciliations.end_run(
                session,
                ended.id,
                datetime.fromisoformat(ended.at),
                told=ended.told,
                problem=ended.problem,
            )

    def _compare_with(
        self, name: str, provider: PaymentProvider, since: datetime, counts: dict[str, int]
    ) -> Iterator[Found]:
        try:
            # The list before our rows: whatever it names had its row before the call.
            theirs = [_their(refund) for refund in provider.list_refunds(since)]
            theirs.reverse()
            with self._database.read() as session:
                ours = reconciling.our_refunds(session, name, since, theirs)
                payments = reconciling.known_payments(session, name, theirs)
            theirs.extend(_asked_for(provider, ours, {their.reference for their in theirs}))
        except PaymentUnclear as unclear:
            message = f"{name}: {unclear.message}"
            raise ApplicationError(message, type="provider_unclear") from unclear
        except PaymentRefused as refused:
            raise ApplicationError(
                f"{name}: {refused}", type="provider_refused", non_retryable=True
            ) from refused
        counts["provider_refunds"] += len(theirs)
        self._book_settlements(theirs)
        return compare_with_provider(name, ours, theirs, payments)

    def _book_settlements(self, theirs: Sequence[TheirRefund]) -> None:
        """Books what exchange rates made of refunds in another currency than the shop's."""
        now = self._clock()
        with self._database.read() as session:
            due = settlements.to_book(session, theirs)
        for settled in due:
            with self._database.write() as session:
                settlements.book(session, settled, now)

    def _compare_books(self, since: datetime, counts: dict[str, int]) -> list[Found]:
        with self._database.read() as session:
            read_as_of_now(session)
            moved = reconciling.moved_refunds(session, since)
            booked = reconciling.booked_refunds(session, [our.id for our in moved])
            found = [
                *compare_with_books(moved, booked),
                *reconciling.entries_without_refund(session, since),
                *reconciling.store_credit_differences(session),
            ]
            chain = verify(session)
        counts["refunds"], counts["entries"] = len(moved), chain.entries
        if chain.first_bad is not None:
            found.append(
                Found(
                    kind=DifferenceKind.CHAIN_BROKEN,
                    amount=0,
                    currency="",
                    explanation=f"Entry {chain.first_bad.number}: {chain.first_bad.problem}",
                )
            )
        return found

    def _repair(self, found: Found, now: datetime) -> bool:
        """Repairs what no workflow has to know of."""
        if found.adopt is not None and found.adopt_at is not None:
            with self._database.write() as session:
                return reconciling.adopt(session, found.adopt, found.adopt_at, now)
        if found.news is None or found.refund is None or found.workflow is not None:
            return False
        with self._database.write() as session:
            outcome = refunds.settle(
                session,
                found.refund,
                status=found.news.status,
                at=now,
                provider_reference=found.news.reference,
                failure=found.news.failure,
            )
        return outcome.changed


def _asked_for(
    provider: PaymentProvider, ours: Sequence[OurRefund], listed: set[str]
) -> Iterator[TheirRefund]:
    """Of our refunds that the provider didn't list, what it says when it is asked."""
    for our in ours:
        if our.provider_reference is None or our.provider_reference in listed:
            continue
        try:
            yield _their(provider.get(our.provider_reference))
        except PaymentRefused as refused:
            if refused.code != _MISSING:
                raise


def _their(refund: ProviderRefund) -> TheirRefund:
    return TheirRefund(
        reference=refund.reference,
        refund_id=refund.refund_id,
        payment=refund.payment,
        charge=refund.charge,
        amount=refund.amount,
        currency=refund.currency,
        status=refund.status,
        failure=refund.failure,
        settled=refund.settled,
        settled_in=refund.settled_in,
    )


def _news(run: str, their: TheirRefund, refund: str, now: datetime) -> RefundNews:
    return RefundNews(
        id=f"reconciliation/{run}/{refund}",
        refund=refund,
        status=their.status,
        at=now.isoformat(),
        provider_reference=their.reference,
        failure=their.failure,
    )
