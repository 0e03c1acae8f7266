"""What a return was paid ahead of its goods and has not earned."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.messages import (
    EXCHANGING,
    Clawback,
    ClawbackOwed,
    ExchangeStatus,
    ReturnKind,
)
from models.rules.quote import exchange_items, make_quote
from models.store.policies import policy_at
from models.store.pricing import order_facts, quoted_lines, terms_of
from models.store.quoted import given_lines
from models.tables import (
    GrantedRefund,
    Return,
)


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
    earned, graded = (sum(line.amount for line in given_lines(quote)) for quote in quotes)
    paid = select(func.sum(GrantedRefund.amount + GrantedRefund.bonus)).where(
        GrantedRefund.rma == row.rma, GrantedRefund.kind == "return"
    )
    amount = int(session.scalar(paid) or 0) - earned
    if row.exchange is not None and row.exchange.status == ExchangeStatus.SHIPPED:
        sent = [line.ahead if line.resolution in EXCHANGING else 0 for line in row.lines]
        items = exchange_items(quoted_lines(row, facts, sent, policy))
        amount += sum(item.exchanged.old for item in items)
        amount -= sum(item.exchanged.old for item in quotes[0].exchange)
    return ClawbackOwed(
        amount=max(0, amount), currency=row.currency, by_grade=max(0, earned - graded)
    )
