"""What the shop's ERP has acknowledged, and since when one is told."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Currency


class ErpLink(Base):
    """An ERP that is, or was, told of what happens. `active`: the worker is set up for it."""

    __tablename__ = "erp_links"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    # What happened before is not told: the shop has entered it by other means.
    since: Mapped[datetime]
    active: Mapped[bool]
    # The same for what goes out in exchanges; None: this ERP's provider takes none of it.
    exchanges_since: Mapped[datetime | None]


class ErpDocument(Base):
    """A credit memo, goods or a difference of ours that the ERP has, with its own numbers."""

    __tablename__ = "erp_documents"

    # Our number: CM-000012, the key of a stock move, or the name of an exchange in the books.
    reference: Mapped[str] = mapped_column(String(160), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    # The credit memo; None: it is something else.
    memo: Mapped[int | None] = mapped_column(ForeignKey("credit_memos.number"), unique=True)
    # None: of a refund made at the payment provider that belongs to no return.
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"))
    # posted, draft, or by_hand.
    state: Mapped[str] = mapped_column(String(8))
    # The ERP's numbers and ids; what a person recorded has a number only.
    numbers: Mapped[list[Any]]
    ids: Mapped[list[Any]]
    # Of a credit memo or a difference, in minor units; of goods 0.
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
