"""Tryton as the ERP: credit notes as customer invoices, goods as customer return shipments, and
what goes out in exchanges as customer shipments.

Tryton keeps no idempotency keys, so each document is looked for by its reference first. One call
is one transaction there: a document is there whole or not at all, and what dies between two calls
goes on from the state that is found.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock

from activities.providers.erp.protocol import (
    CreditNote,
    Difference,
    DocumentKind,
    ErpMode,
    ErpOrder,
    ErpRefused,
    ErpSettings,
    ErpUnclear,
    Goods,
    GoodsOut,
    Held,
)
from activities.providers.erp.tryton.directory import Directory, find_company
from activities.providers.erp.tryton.papers import (
    CHARGES,
    Paper,
    charge_of,
    invoice_values,
    papers_of,
    to_decimal,
    to_minor,
)
from activities.providers.erp.tryton.shipments import (
    SHIPMENT_FIELDS,
    SHIPMENT_IN,
    SHIPMENT_OUT,
    next_button,
    values_in,
    values_out,
)
from activities.providers.tryton.client import Record, Tryton
from activities.providers.tryton.translating import translated

_INVOICE = "account.invoice"
_INVOICE_FIELDS = ("number", "reference", "state", "total_amount", "currency.code")
_FINAL = frozenset({"posted", "paid", "done"})
# Ours, as `models.store.credit_memos` writes them.
_OURS = "CM-%"
_SHIPMENTS = {DocumentKind.GOODS: SHIPMENT_IN, DocumentKind.GOODS_OUT: SHIPMENT_OUT}
_AT_ONCE = 200
_translated = translated(ErpUnclear, ErpRefused)


class TrytonErp:
    """One company's books and stock in one Tryton database."""

    def __init__(self, settings: ErpSettings) -> None:
        """Calls nothing yet."""
        self._settings = settings
        self._lock = Lock()
        self._known: tuple[Tryton, Directory] | None = None

    @_translated
    def find_order(self, number: str) -> ErpOrder | None:
        """See `ErpProvider`."""
        _, directory = self._open()
        sale = directory.find_sale(number)
        if sale is None:
            return None
        return ErpOrder(id=str(sale.id), number=sale.number, currency=sale.currency_code)

    @_translated
    def record_credit_note(self, note: CreditNote) -> Held:
        """See `ErpProvider`."""
        papers = papers_of(note)
        if not papers:
            raise ErpRefused(f"{note.reference} has no lines; there is nothing to record.")
        for paper in papers:
            invoice = self._record_invoice(paper, note)
            if self._settings.mode is ErpMode.POSTED and invoice["state"] not in _FINAL:
                self._post(invoice, paper, note)
        return self._recorded(DocumentKind.CREDIT_NOTE, note.reference)

    @_translated
    def record_goods(self, goods: Goods) -> Held:
        """See `ErpProvider`."""
        tryton, directory = self._open()
        locations = self._settings.locations
        shipment = self._once(
            SHIPMENT_IN, goods.reference, lambda: values_in(goods, directory, locations)
        )
        if self._settings.mode is ErpMode.POSTED and shipment["state"] not in _FINAL:
            # Where input and storage are one location, receiving is all there is to do.
            tryton.press(SHIPMENT_IN, shipment["id"], "receive")
        return self._recorded(DocumentKind.GOODS, goods.reference)

    @_translated
    def record_goods_out(self, sent: GoodsOut) -> Held:
        """See `ErpExchanges`."""
        tryton, directory = self._open()
        locations = self._settings.locations
        shipment = self._once(
            SHIPMENT_OUT, sent.reference, lambda: values_out(sent, directory, locations)
        )
        # Each step is a call of its own there, so that one that was interrupted goes on here.
        pressed: set[str] = set()
        while self._settings.mode is ErpMode.POSTED and shipment["state"] not in _FINAL:
            button = next_button(shipment, pressed)
            pressed.add(button)
            # An answer to a button tells nothing of the others' presses: looked up again.
            tryton.press(SHIPMENT_OUT, shipment["id"], button)
            found = self._search(SHIPMENT_OUT, [sent.reference])
            shipment = next((each for each in found if each["id"] == shipment["id"]), shipment)
        return self._recorded(DocumentKind.GOODS_OUT, sent.reference)

    @_translated
    def record_difference(self, difference: Difference) -> Held:
        """See `ErpExchanges`."""
        note = charge_of(difference)
        paper = Paper(reference=note.reference, lines=note.lines, total=difference.total)
        invoice = self._record_invoice(paper, note)
        if self._settings.mode is ErpMode.POSTED and invoice["state"] not in _FINAL:
            self._post(invoice, paper, note)
        return self._recorded(DocumentKind.DIFFERENCE, difference.reference)

    @_translated
    def find(self, kind: DocumentKind, reference: str) -> Held | None:
        """See `ErpProvider`."""
        if kind in _SHIPMENTS:
            shipments = self._search(_SHIPMENTS[kind], [reference])
            return _held_goods(reference, kind, shipments) if shipments else None
        if kind is DocumentKind.DIFFERENCE:
            charged = self._search(_INVOICE, [reference])
            return _held_difference(reference, charged) if charged else None
        invoices = self._search(_INVOICE, [reference, f"{reference}{CHARGES}"])
        return _held_credit(reference, invoices) if invoices else None

    @_translated
    def list_credit_notes(self, since: datetime) -> Iterator[Held]:
        """See `ErpProvider`."""
        found: dict[str, list[Record]] = {}
        tryton, directory = self._open()
        # Tryton's times are of UTC, without a zone.
        moment = since.astimezone(UTC).replace(tzinfo=None)
        offset = 0
        while True:
            page = tryton.search(
                _INVOICE,
                [
                    ["reference", "like", _OURS],
                    ["type", "=", "out"],
                    ["company", "=", directory.company],
                    ["state", "!=", "cancelled"],
                    ["create_date", ">=", moment],
                ],
                _INVOICE_FIELDS,
                limit=_AT_ONCE,
                offset=offset,
                order=[("id", "ASC")],
            )
            for invoice in page:
                found.setdefault(invoice["reference"].removesuffix(CHARGES), []).append(invoice)
            if len(page) < _AT_ONCE:
                break
            offset += _AT_ONCE
        return iter([_held_credit(name, invoices) for name, invoices in found.items()])

    # --- private steps -----------------------------------------------------------------------

    def _open(self) -> tuple[Tryton, Directory]:
        """The database as the company sees it; which company it is, is asked for once."""
        with self._lock:
            if self._known is None:
                settings = self._settings
                company = find_company(Tryton(settings.url, settings.key), settings.company)
                tryton = Tryton(settings.url, settings.key, company=company)
                self._known = tryton, Directory(tryton, company)
            return self._known

    def _recorded(self, kind: DocumentKind, reference: str) -> Held:
        held = self.find(kind, reference)
        if held is None:
            raise ErpUnclear(f"Tryton does not show {reference}, which was just recorded.")
        return held

    def _record_invoice(self, paper: Paper, note: CreditNote) -> Record:
        _, directory = self._open()

        def values() -> dict[str, object]:
            sale = directory.sale(note.order)
            if sale.currency_code != note.currency:
                raise ErpRefused(
                    f"Tryton has sale {note.order} in {sale.currency_code}, the money is in "
                    f"{note.currency}; correct the sale there, or record it by hand."
                )
            return invoice_values(paper, note, sale, directory)

        return self._once(_INVOICE, paper.reference, values)

    def _post(self, invoice: Record, paper: Paper, note: CreditNote) -> None:
        tryton, _ = self._open()
        if to_minor(invoice["total_amount"], note.currency) != paper.total:
            raise ErpRefused(
                f"Tryton's draft {paper.reference} (id {invoice['id']}) comes to "
                f"{invoice['total_amount']} instead of {to_decimal(paper.total, note.currency)}; "
                "correct or delete it there, then try again."
            )
        tryton.press(_INVOICE, invoice["id"], "post")

    def _once(self, model: str, reference: str, values: Callable[[], dict[str, object]]) -> Record:
        """The one document with a reference, made if there is none.

        Two that ask at the same moment may both find nothing; each looks again after it has made
        its own, and what is not the first of them is deleted while it is a draft.
        """
        tryton, _ = self._open()
        found = self._search(model, [reference])
        if not found:
            tryton.create(model, values())
            found = self._search(model, [reference])
        if not found:
            raise ErpUnclear(f"Tryton does not show {reference}, which was just recorded.")
        first, *others = sorted(found, key=lambda each: (each["state"] not in _FINAL, each["id"]))
        for other in others:
            if other["state"] == "draft":
                tryton.delete(model, other["id"])
        return first

    def _search(self, model: str, references: Sequence[str]) -> list[Record]:
        tryton, directory = self._open()
        domain: list[object] = [
            ["reference", "in", list(references)],
            ["company", "=", directory.company],
            ["state", "!=", "cancelled"],
        ]
        if model == _INVOICE:
            domain.append(["type", "=", "out"])
        fields = _INVOICE_FIELDS if model == _INVOICE else SHIPMENT_FIELDS
        return tryton.search(model, domain, fields, order=[("id", "ASC")])


def _held_credit(reference: str, invoices: Sequence[Record]) -> Held:
    currency = invoices[0]["currency"]["code"]
    credits_ = [invoice for invoice in invoices if invoice["reference"] == reference]
    charges = len(invoices) - len(credits_)
    return Held(
        reference=reference,
        kind=DocumentKind.CREDIT_NOTE,
        numbers=tuple(_number(invoice) for invoice in invoices),
        ids=tuple(str(invoice["id"]) for invoice in invoices),
        amount=-sum(to_minor(invoice["total_amount"], currency) for invoice in invoices),
        currency=currency,
        final=all(invoice["state"] in _FINAL for invoice in invoices),
        copies=max(len(credits_), charges),
    )


def _held_difference(reference: str, invoices: Sequence[Record]) -> Held:
    currency = invoices[0]["currency"]["code"]
    return Held(
        reference=reference,
        kind=DocumentKind.DIFFERENCE,
        numbers=tuple(_number(invoice) for invoice in invoices),
        ids=tuple(str(invoice["id"]) for invoice in invoices),
        amount=sum(to_minor(invoice["total_amount"], currency) for invoice in invoices),
        currency=currency,
        final=all(invoice["state"] in _FINAL for invoice in invoices),
        copies=len(invoices),
    )


def _held_goods(reference: str, kind: DocumentKind, shipments: Sequence[Record]) -> Held:
    return Held(
        reference=reference,
        kind=kind,
        numbers=tuple(_number(shipment) for shipment in shipments),
        ids=tuple(str(shipment["id"]) for shipment in shipments),
        quantity=int(sum(move["quantity"] for each in shipments for move in each["moves"])),
        final=all(shipment["state"] in _FINAL for shipment in shipments),
        copies=len(shipments),
    )


def _number(document: Record) -> str:
    """A draft of an invoice has no number yet."""
    return str(document["number"] or f"draft {document['id']}")
