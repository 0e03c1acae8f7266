"""What one person may approve alone, and what an exchange comes to when it is refunded instead."""

from sqlalchemy.orm import Session

from models.messages import EXCHANGING, RefundInstead, Resolution, ReturnKind
from models.money import to_text
from models.rules.quote import make_quote
from models.store.judging import lacks_second
from models.store.policies import policy_at
from models.store.pricing import in_order_currency, order_facts, quoted_lines, terms_of
from models.tables import Return


def above_limit(row: Return, limit: int) -> str:
    """What to tell who may approve less than a return comes to. `limit`: in the shop's currency."""
    most = to_text(in_order_currency(row.order, limit), row.currency)
    return (
        f"You may approve up to {most} {row.currency}; "
        "ask somebody with a higher limit to approve this return."
    )


def instead_of(row: Return) -> Resolution:
    """What exchanged goods become: of a gift a refund would go to whoever bought it."""
    return Resolution.STORE_CREDIT if row.kind == ReturnKind.GIFT else Resolution.REFUND


def weigh_instead(session: Session, rma: str) -> RefundInstead:
    """What a return comes to when its exchange is refunded instead, and whether two must approve.

    It counts all that was approved and is not refused or given up.
    """
    row = session.get_one(Return, rma)
    policy = policy_at(session, row.policy_version)
    facts = order_facts(session, row.order, policy, apart_from=row.rma)
    units = [line.approved - line.rejected - line.missing for line in row.lines]
    quoted = quoted_lines(row, facts, units, policy, instead=instead_of(row))
    total = make_quote(facts, quoted, terms_of(policy, row.order, ReturnKind(row.kind))).total
    return RefundInstead(
        total=total,
        currency=row.currency,
        takes_two=any(line.resolution in EXCHANGING for line in row.lines)
        and lacks_second(row, policy, total),
    )
