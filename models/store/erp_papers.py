"""A credit memo and goods of ours as the ERP is told of them."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.messages import Disposition, PayoutMethod
from models.rules.accounts import STORE_CREDIT, TAX_PAYABLE
from models.rules.erp import PLACES, CreditNote, Goods, GrantedAmount, credit_lines
from models.rules.quote_lines import QuoteKind
from models.store import credit_memos
from models.store.ledger_periods import list_accounts
from models.tables import Order, OrderLine, Return, ReturnLine, StockMove


def credit_note(session: Session, reference: str) -> CreditNote:
    """A credit memo with its lines on the shop's accounts.

    Raises:
        LookupError: there is no memo of this number.
    """
    found = credit_memos.load(session, credit_memos.parse_number(reference) or 0)
    if found is None:
        raise LookupError(f"no credit memo {reference}")
    memo, grant = found.memo, found.grant
    order = session.get_one(Order, memo.order_number, options=[selectinload(Order.lines)])
    codes = {given.account: given.code for given in list_accounts(session)}
    return CreditNote(
        reference=reference,
        order=memo.order_number,
        rma=memo.rma or "",
        currency=memo.currency,
        issued_on=memo.issued_at.date(),
        lines=credit_lines(
            [
                GrantedAmount(
                    kind=QuoteKind(line.kind),
                    line=line.line,
                    amount=line.amount,
                    tax=line.tax,
                    words=line.explanation,
                )
                for line in grant.lines
            ],
            short=grant.short,
            codes=codes,
            rates={line.line: line.tax_rate for line in order.lines},
        ),
        store_credit=grant.method == PayoutMethod.STORE_CREDIT,
        tax_code=codes[TAX_PAYABLE],
        store_credit_code=codes[STORE_CREDIT],
    )


def goods(session: Session, reference: str) -> Goods:
    """Units that an inspection sent somewhere.

    Raises:
        LookupError: there is no stock move of this key.
    """
    move = session.scalar(select(StockMove).where(StockMove.key == reference))
    if move is None:
        raise LookupError(f"no stock move {reference}")
    row = session.get_one(Return, move.rma)
    sold = session.scalars(
        select(OrderLine)
        .join(ReturnLine, ReturnLine.order_line_id == OrderLine.id)
        .where(ReturnLine.rma == move.rma, OrderLine.line == move.line)
        .limit(1)
    ).one()
    return Goods(
        reference=reference,
        order=row.order_number,
        rma=row.rma,
        sku=move.sku,
        quantity=move.quantity,
        place=PLACES[Disposition(move.disposition)],
        unit_price=sold.unit_price,
        currency=row.currency,
    )
