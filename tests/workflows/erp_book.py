"""An ERP of a few lines, for what is the same with any: it keeps what it is told by reference."""

from collections.abc import Iterator
from datetime import datetime
from threading import Lock

from activities.providers.erp.protocol import (
    CreditNote,
    Difference,
    DocumentKind,
    ErpOrder,
    ErpRefused,
    Goods,
    GoodsOut,
    Held,
)


class ErpBook:
    """What was recorded, and the references that it refuses for now."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.refusing = False
        self._lock = Lock()

    def find_order(self, number: str) -> ErpOrder | None:
        return ErpOrder(id=number, number=number, currency="GBP")

    def record_credit_note(self, note: CreditNote) -> Held:
        return self._keep(
            Held(
                reference=note.reference,
                kind=DocumentKind.CREDIT_NOTE,
                numbers=(f"CN-{note.reference[3:]}",),
                ids=(note.reference,),
                amount=note.total,
                currency=note.currency,
                final=True,
            )
        )

    def record_goods(self, goods: Goods) -> Held:
        return self._keep(
            Held(
                reference=goods.reference,
                kind=DocumentKind.GOODS,
                numbers=(f"IN-{len(self.held) + 1}",),
                ids=(goods.reference,),
                quantity=goods.quantity,
                final=True,
            )
        )

    def find(self, kind: DocumentKind, reference: str) -> Held | None:
        held = self.held.get(reference)
        return held if held and held.kind is kind else None

    def list_credit_notes(self, since: datetime) -> Iterator[Held]:
        with self._lock:
            held = list(self.held.values())
        return (each for each in held if each.kind is DocumentKind.CREDIT_NOTE)

    def _keep(self, held: Held) -> Held:
        if self.refusing:
            raise ErpRefused("The period is closed; open it, then try again.")
        with self._lock:
            return self.held.setdefault(held.reference, held)


class ExchangesBook(ErpBook):
    """One that takes exchanges, too."""

    def record_goods_out(self, sent: GoodsOut) -> Held:
        return self._keep(
            Held(
                reference=sent.reference,
                kind=DocumentKind.GOODS_OUT,
                numbers=(f"OUT-{len(self.held) + 1}",),
                ids=tuple(f"{item.quantity} {item.sku}" for item in sent.items),
                quantity=sent.quantity,
                final=True,
            )
        )

    def record_difference(self, difference: Difference) -> Held:
        return self._keep(
            Held(
                reference=difference.reference,
                kind=DocumentKind.DIFFERENCE,
                numbers=(f"INV-{len(self.held) + 1}",),
                ids=(difference.reference,),
                amount=difference.total,
                currency=difference.currency,
                final=True,
            )
        )
