"""What a return has granted and what became of each refund transaction, as its workflow sees it."""

from dataclasses import dataclass, field

from models.messages import Granted, GrantedRefund, RefundOutcome, RefundStatus

_RANK = {
    RefundStatus.PENDING: 0,
    RefundStatus.REQUIRES_ACTION: 1,
    RefundStatus.SUCCEEDED: 2,
    RefundStatus.FAILED: 3,
    RefundStatus.CANCELED: 3,
}


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A refund transaction. `known`: the provider has it. `parked`: no clear answer, a person has
    to look.
    """

    refund: str
    amount: int
    currency: str
    status: RefundStatus = RefundStatus.PENDING
    to_pay: bool = True
    known: bool = False
    parked: bool = False
    paid_by_hand: bool = False

    @property
    def done(self) -> bool:
        """The customer has the money."""
        return self.status is RefundStatus.SUCCEEDED or self.paid_by_hand

    @property
    def needs_person(self) -> bool:
        """It stays unpaid until a person chooses."""
        failed = self.status in (RefundStatus.FAILED, RefundStatus.CANCELED)
        return (failed or self.parked) and not self.paid_by_hand


@dataclass(slots=True, kw_only=True)
class _Grant:
    accepted: list[int]
    refunds: list[str]


@dataclass(slots=True)
class Payouts:
    """All grants and transactions of one return."""

    transactions: dict[str, Transaction] = field(default_factory=dict)
    # A transaction that failed, and the one that tried again.
    replaced: dict[str, str] = field(default_factory=dict)
    _grants: list[_Grant] = field(default_factory=list)

    @property
    def next_grant(self) -> int:
        """The number of the next grant, from 1."""
        return len(self._grants) + 1

    def add(self, accepted: list[int], granted: Granted) -> None:
        """Takes a grant for all units accepted so far, one count per return line."""
        self._grants.append(
            _Grant(accepted=accepted, refunds=[refund.refund for refund in granted.refunds])
        )
        for refund in granted.refunds:
            self._add_transaction(refund)

    def _add_transaction(self, refund: GrantedRefund) -> None:
        self.transactions[refund.refund] = Transaction(
            refund=refund.refund, amount=refund.amount, currency=refund.currency
        )

    def to_pay(self) -> list[Transaction]:
        """Transactions that the provider must be asked for."""
        return [found for found in self.transactions.values() if found.to_pay]

    def take(self, refund: str, status: RefundStatus) -> bool:
        """Takes a status and tells whether it says something new.

        News come in any order and more than once: only a later status counts, and the first word
        that the provider has the refund at all.
        """
        transaction = self.transactions.get(refund)
        if transaction is None:
            return False
        later = _RANK[status] > _RANK[transaction.status]
        if not later and (transaction.known or status is not transaction.status):
            return False
        transaction.status = status
        transaction.known = True
        transaction.parked = False
        return True

    def may_revive(self, outcome: RefundOutcome) -> bool:
        """Whether a refund that we had given up turned out to be paid, or on its way, after all."""
        transaction = self.transactions.get(outcome.refund)
        return (
            transaction is not None
            and outcome.changed
            and transaction.status is RefundStatus.FAILED
            and outcome.status not in (RefundStatus.FAILED, RefundStatus.CANCELED)
        )

    def revive(self, outcome: RefundOutcome) -> bool:
        """Takes such a refund as the provider has it."""
        self.transactions[outcome.refund].status = outcome.status
        return True

    def retry(self, refund: str, again: GrantedRefund) -> None:
        """Puts another try in the place of a transaction (the same one when its key lives on)."""
        del self.transactions[refund]
        if again.refund != refund:
            self.replaced[refund] = again.refund
        self._add_transaction(again)
        for grant in self._grants:
            grant.refunds = [again.refund if name == refund else name for name in grant.refunds]

    def refunded(self) -> list[int]:
        """Units per return line whose money arrived; empty while no grant is wholly paid.

        A later grant includes the units of those before, so the first unpaid one ends the count.
        """
        paid: list[int] = []
        for grant in self._grants:
            if not all(self.transactions[refund].done for refund in grant.refunds):
                break
            paid = grant.accepted
        return paid
