"""Customers as orders name them: one row per id of the shop's, one per order for a guest."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.rules.orders import CustomerInput
from models.store.dialects import insert_or_ignore
from models.tables import Customer

_FIELDS = ("email", "name", "locale")


def customer_ids(session: Session, sent: Sequence[CustomerInput | None]) -> list[int | None]:
    """The customers' row ids, in the order given; None where an order names nobody.

    A customer with an id is found or made, and what is told of them anew is written down; what
    is left out stays. A guest always gets a new row.
    """
    known = _known_ids(session, [customer for customer in sent if customer and customer.id])
    guests = [customer for customer in sent if is_guest(customer)]
    made = iter(_insert_guests(session, [customer for customer in guests if customer]))
    ids: list[int | None] = []
    for customer in sent:
        if customer is not None and customer.id is not None:
            ids.append(known[customer.id])
        else:
            ids.append(next(made) if is_guest(customer) else None)
    return ids


def is_guest(customer: CustomerInput | None) -> bool:
    """Whether something is told of a buyer who has no id."""
    return (
        customer is not None
        and customer.id is None
        and any(getattr(customer, field) is not None for field in _FIELDS)
    )


def same_customer(sent: CustomerInput | None, row: CustomerInput | None) -> bool:
    """Whether storing `sent` would change nothing, when `row` is what is stored."""
    if sent is not None and sent.id is not None:
        return row is not None and row.id == sent.id and _told_anew(sent, row) == {}
    if is_guest(sent):
        return sent == row
    return row is None


def stored_customer(row: Customer) -> CustomerInput:
    """A row as an order would name it."""
    return CustomerInput(id=row.external_id, email=row.email, name=row.name, locale=row.locale)


def write_guest(row: Customer, sent: CustomerInput) -> None:
    """Replaces what is known of a guest."""
    for field in _FIELDS:
        setattr(row, field, getattr(sent, field))


def _known_ids(session: Session, sent: Sequence[CustomerInput]) -> dict[str, int]:
    latest: dict[str, CustomerInput] = {}
    for customer in sent:
        if customer.id is not None:
            before = latest.get(customer.id, customer)
            latest[customer.id] = replace(before, **_told_anew(customer, before))
    if not latest:
        return {}
    # Sorted, so that two imports that meet on PostgreSQL wait for each other in one order.
    names = sorted(latest)
    query = select(Customer).where(Customer.external_id.in_(names)).order_by(Customer.external_id)
    rows = {row.external_id: row for row in session.scalars(query)}
    missing = [name for name in names if name not in rows]
    if missing:
        values = [
            {"external_id": name, **{field: getattr(latest[name], field) for field in _FIELDS}}
            for name in missing
        ]
        session.execute(insert_or_ignore(session, Customer), values)
        rows = {row.external_id: row for row in session.scalars(query)}
    for name, customer in latest.items():
        row = rows[name]
        for field, value in _told_anew(customer, row).items():
            setattr(row, field, value)
    return {name: rows[name].id for name in latest}


def _told_anew(sent: CustomerInput, before: CustomerInput | Customer) -> dict[str, str]:
    told = {field: getattr(sent, field) for field in _FIELDS}
    return {
        field: value
        for field, value in told.items()
        if value is not None and value != getattr(before, field)
    }


def _insert_guests(session: Session, guests: Sequence[CustomerInput]) -> list[int]:
    if not guests:
        return []
    values = [{field: getattr(guest, field) for field in _FIELDS} for guest in guests]
    made = insert(Customer).returning(Customer.id, sort_by_parameter_order=True)
    return list(session.scalars(made, values))
