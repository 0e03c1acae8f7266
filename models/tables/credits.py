"""Store credit: what the shop owes a customer in goods, with a ledger of its own."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.tables.base import Base, Currency


class StoreCredit(Base):
    """A code and what is left on it. Who holds the code may spend it, a guest too.

    `origin`: return, goodwill, refund (instead of a failed one, or of an expired code), or
    gift_card (sold by an order's line).
    """

    __tablename__ = "store_credits"
    __table_args__ = (CheckConstraint("balance >= 0 AND balance <= amount", name="balance"),)

    code: Mapped[str] = mapped_column(String(100), primary_key=True)
    origin: Mapped[str] = mapped_column(String(12))
    currency: Mapped[Currency]
    # All that was ever put on it, bonus included.
    amount: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    rma: Mapped[str | None] = mapped_column(ForeignKey("returns.rma"), index=True)
    order_number: Mapped[str | None] = mapped_column(ForeignKey("orders.number"), index=True)
    # What issued it, unique: issuing for the same thing again finds this code.
    source: Mapped[str] = mapped_column(String(160), unique=True)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    created_at: Mapped[datetime]

    movements: Mapped[list["CreditMovement"]] = relationship(order_by="CreditMovement.id")


class CreditMovement(Base):
    """One change of a code's balance; the amounts of a code sum to its balance.

    `kind`: issue, bonus, redeem, reversal (of a redeem), top_up (a refund to the code), void,
    expiry.
    """

    __tablename__ = "credit_movements"
    # The caller's reference makes asking again harmless.
    __table_args__ = (UniqueConstraint("code", "kind", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("store_credits.code"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    # Above 0: onto the code; below 0: off it.
    amount: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(160))
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
