"""What a return was paid ahead of its goods and has not earned: worked out, and booked."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import (
    EXCHANGING,
    RECOVERED,
    Clawback,
    ClawbackOwed,
    ExchangeStatus,
    ReturnKind,
    TaskChange,
    TaskChoice,
)
from models.rules.accounts import ASKED_BACK, BAD_DEBT, PAID_BY_HAND, Posting
from models.rules.postings import claim_postings
from models.rules.quote import exchange_items, make_quote
from models.store import journal
from models.store.policies import policy_at
from models.store.pricing import order_facts, quoted_lines, terms_of
from models.store.quoted import given_lines
from models.tables import (
    GrantedRefund,
    GrantLine,
    JournalEntry,
    Return,
)

# What takes the place of what is owed, when a claim ends by a person's word.
_ENDS = {
    TaskChoice.PAID.value: (PAID_BY_HAND, "Paid back by the customer"),
    TaskChoice.WRITTEN_OFF.value: (BAD_DEBT, "Written off"),
}


def owed_back(session: Session, asked: Clawback) -> ClawbackOwed:
    """What was paid ahead beyond what the units that stay earned are worth."""
    row = session.get_one(Return, asked.rma)
    policy = policy_at(session, row.policy_version)
    facts = order_facts(session, row.order, policy, apart_from=row.rma)
    terms = terms_of(policy, row.order, ReturnKind(row.kind))
    quotes = [
        make_quote(facts, quoted_lines(row, facts, asked.earned, policy, grades), terms)
        for grades in ((), asked.grades)
    ]
    given = [given_lines(quote) for quote in quotes]
    earned, graded = (sum(line.amount for line in lines) for lines in given)
    earned_tax, graded_tax = (sum(line.tax for line in lines) for lines in given)
    paid = select(func.sum(GrantedRefund.amount + GrantedRefund.bonus)).where(
        GrantedRefund.rma == row.rma, GrantedRefund.kind == "return"
    )
    amount = int(session.scalar(paid) or 0) - earned
    paid_tax = (
        select(func.sum(GrantLine.tax))
        .join(GrantedRefund, GrantedRefund.id == GrantLine.granted_refund_id)
        .where(GrantedRefund.rma == row.rma, GrantedRefund.kind == "return")
    )
    tax = int(session.scalar(paid_tax) or 0) - earned_tax
    if row.exchange is not None and row.exchange.status == ExchangeStatus.SHIPPED:
        sent = [line.ahead if line.resolution in EXCHANGING else 0 for line in row.lines]
        items = exchange_items(quoted_lines(row, facts, sent, policy))
        amount += sum(item.exchanged.old for item in items)
        amount -= sum(item.exchanged.old for item in quotes[0].exchange)
        tax += sum(item.exchanged.old_tax for item in items)
        tax -= sum(item.exchanged.old_tax for item in quotes[0].exchange)
    return ClawbackOwed(
        amount=max(0, amount),
        currency=row.currency,
        by_grade=max(0, earned - graded),
        tax=max(0, tax),
        tax_by_grade=max(0, earned_tax - graded_tax),
    )


def book_claim(session: Session, row: Return, change: TaskChange, at: datetime) -> None:
    """Books a claim for money that was paid ahead as it is opened, or as it ends; each once.

    It is owed from the moment it is asked for. Paid back, it comes by hand; written off, it is a
    loss; when the goods come, the claim is taken back, and the loss, too.
    """
    source = f"clawback/{change.id}"
    if change.open:
        amount, tax = change.amount, min(change.tax, change.amount)
        _post(session, row, at, source, claim_postings(amount, tax), "Asked back")
        return
    asked = session.scalars(select(JournalEntry).where(JournalEntry.source == source)).first()
    if asked is None:
        return  # It was opened before the books kept what is asked back.
    booked = {line.account: line.debit - line.credit for line in asked.lines}
    amount = booked[ASKED_BACK]
    if change.outcome in _ENDS:
        account, words = _ENDS[change.outcome]
        postings = [
            Posting(account=account, amount=amount),
            Posting(account=ASKED_BACK, amount=-amount),
        ]
        _post(session, row, at, f"{source}/{change.outcome}", postings, words)
        return
    back = {account: -part for account, part in booked.items() if account != ASKED_BACK}
    taken_from = BAD_DEBT if change.outcome == RECOVERED else ASKED_BACK
    postings = [Posting(account=account, amount=part) for account, part in back.items()]
    postings.append(Posting(account=taken_from, amount=-amount))
    name = change.outcome or "goods_came"
    reverses = source if taken_from == ASKED_BACK else None
    _post(session, row, at, f"{source}/{name}", postings, "Goods came after all", reverses)


def _post(
    session: Session,
    row: Return,
    at: datetime,
    source: str,
    postings: Sequence[Posting],
    memo: str,
    reverses: str | None = None,
) -> None:
    journal.post(
        session,
        source=source,
        rma=row.rma,
        order=row.order_number,
        at=at,
        currency=row.currency,
        memo=f"{memo}: {row.rma}",
        postings=postings,
        reverses=reverses,
    )
