"""What happens to a return, as rows for the tests of the staff pages."""

from datetime import timedelta

from sqlalchemy.orm import Session

from models.messages import EventKind, RefundStatus, TaskKind
from models.rules.accounts import Posting
from models.store.journal import post
from models.tables import (
    Exchange,
    ExchangeLine,
    GrantedRefund,
    GrantLine,
    Label,
    Message,
    Product,
    Refund,
    Return,
    Scan,
    Task,
    User,
)
from tests.web.staff_rows import NOW, add_event


def add_task(
    session: Session,
    row: Return,
    kind: TaskKind,
    *,
    due_in: timedelta | None = timedelta(hours=20),
    opened: timedelta = timedelta(hours=4),
    owner: User | None = None,
    refund: Refund | None = None,
) -> Task:
    """An open task, or a claimed one when it has an owner."""
    task = Task(
        id=f"{row.rma}-{kind}",
        rma=row.rma,
        kind=kind,
        status="claimed" if owner else "open",
        owner_id=owner.id if owner else None,
        refund=refund.id if refund else None,
        due_at=None if due_in is None else NOW + due_in,
        opened_at=NOW - opened,
    )
    session.add(task)
    session.flush()
    return task


def add_exchange(
    session: Session, row: Return, *, difference: int, variant: dict[str, str]
) -> Exchange:
    """What goes out for the first line: one piece that is in stock."""
    product = Product(
        sku=f"NEW-{row.rma}",
        product="NEW",
        name="Linen shirt",
        variant=variant,
        price=6920,
        currency=row.currency,
        tax_rate="0.20",
        stock=3,
        reserved=1,
        updated_at=NOW,
    )
    session.add(product)
    session.flush()
    found = Exchange(
        rma=row.rma,
        status="awaiting_payment" if difference > 0 else "reserved",
        currency=row.currency,
        difference=difference,
        lines=[
            ExchangeLine(
                no=1,
                sku=product.sku,
                name=product.name,
                quantity=1,
                price=product.price,
                tax_rate="0.20",
                same_product=False,
            )
        ],
    )
    session.add(found)
    session.flush()
    return found


def add_refund(
    session: Session,
    row: Return,
    status: RefundStatus,
    *,
    failure: str | None = None,
    number: int = 1,
) -> Refund:
    """A refund of the whole quote; one that succeeded is booked."""
    payment = row.order.payments[0]
    tax = row.quote_total // 6
    granted = GrantedRefund(
        id=f"{row.rma}/grant/{number}",
        kind="return",
        method="refund",
        rma=row.rma,
        order_number=row.order_number,
        amount=row.quote_total,
        tax=tax,
        short=0,
        bonus=0,
        currency=row.currency,
        accepted=[line.accepted for line in row.lines],
        actor="redress",
        created_at=NOW,
        lines=[
            GrantLine(
                position=1,
                kind="goods",
                line=row.lines[0].order_line.line,
                return_line=1,
                amount=row.quote_total - tax,
                explanation="Goods",
            ),
            GrantLine(
                position=2,
                kind="tax",
                line=row.lines[0].order_line.line,
                return_line=1,
                amount=tax,
                tax=tax,
                explanation="Tax paid on them",
            ),
        ],
    )
    session.add(granted)
    session.flush()
    paid = status == RefundStatus.SUCCEEDED
    refund = Refund(
        id=f"{row.rma}/refund/{number}",
        granted_refund_id=granted.id,
        rma=row.rma,
        order_number=row.order_number,
        payment=payment,
        amount=row.quote_total,
        currency=row.currency,
        status=status,
        idempotency_key=f"{row.rma}/refund/{number}",
        workflow=f"return/{row.rma}",
        provider_reference=f"re_{row.rma.replace('-', '').lower()}{number}" if paid else None,
        failure=failure,
        created_at=NOW,
        updated_at=NOW,
    )
    session.add(refund)
    if paid:
        payment.reserved = row.order.reserved = row.quote_total
        for source, postings in (
            (
                f"grant/{granted.id}",
                [
                    Posting(account="sales_returns", amount=row.quote_total - tax),
                    Posting(account="tax_payable", amount=tax),
                    Posting(account="refunds_payable", amount=-row.quote_total),
                ],
            ),
            (
                f"refund/{refund.id}",
                [
                    Posting(account="refunds_payable", amount=row.quote_total),
                    Posting(account=f"clearing:{payment.kind}", amount=-row.quote_total),
                ],
            ),
        ):
            post(
                session,
                source=source,
                rma=row.rma,
                order=row.order_number,
                at=NOW,
                currency=row.currency,
                memo=f"Refund {refund.id}",
                postings=postings,
            )
    session.flush()
    return refund


def add_label(session: Session, row: Return, *, ago: timedelta = timedelta(days=2)) -> Label:
    """A label and its entry on the timeline."""
    tracking = f"RD{row.order_number}00GB"
    label = Label(
        key=f"{row.rma}/label/1",
        rma=row.rma,
        carrier="sandbox",
        tracking=tracking,
        pdf=b"%PDF-1.4 a label",
        created_at=NOW - ago,
    )
    session.add(label)
    add_event(session, row, EventKind.LABEL_MADE, ago=ago, tracking=tracking, carrier="sandbox")
    return label


def add_scan(
    session: Session,
    row: Return,
    status: str,
    *,
    detail: str | None = None,
    ago: timedelta = timedelta(days=1),
) -> Scan:
    """A scan and its entry on the timeline."""
    event = f"scan-{status}-{ago.total_seconds():.0f}"
    scan = Scan(rma=row.rma, event=event, status=status, at=NOW - ago, detail=detail)
    session.add(scan)
    add_event(session, row, EventKind.SCANNED, "carrier", ago=ago, status=status, event=event)
    return scan


def add_mail(
    session: Session,
    row: Return,
    template: str,
    subject: str,
    html: str,
    *,
    ago: timedelta = timedelta(hours=2),
) -> Message:
    """A sent mail and its entry on the timeline."""
    mail = Message(
        key=f"{row.rma}/mail/{template}",
        rma=row.rma,
        template=template,
        recipient="ada@customer.example",
        subject=subject,
        text="Hello Ada,\n\nyour return is approved.",
        html=html,
        transport="outbox",
        sent_at=NOW - ago,
    )
    session.add(mail)
    add_event(session, row, EventKind.MAIL_SENT, ago=ago, template=template, message=mail.key)
    return mail
