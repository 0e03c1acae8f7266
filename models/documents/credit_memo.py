"""Draws a credit memo: the document of one granted refund, which a customer can read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from io import BytesIO
from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from models.documents.fonts import BOLD, REGULAR, drawing, printable
from models.timeline import money

_SOFT: Final = HexColor("#5b6470")
_RULE: Final = HexColor("#c9ced6")
_TEXT = ParagraphStyle("text", fontName=REGULAR, fontSize=10, leading=14)
_QUIET = ParagraphStyle("quiet", parent=_TEXT, textColor=_SOFT)
_STRONG = ParagraphStyle("strong", parent=_TEXT, fontName=BOLD)
_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=22, leading=28)
_RIGHT = ParagraphStyle("right", parent=_TEXT, alignment=2)
_QUIET_RIGHT = ParagraphStyle("quiet right", parent=_QUIET, alignment=2)
_RIGHT_STRONG = ParagraphStyle("right strong", parent=_RIGHT, fontName=BOLD)
_EDGE = 22 * mm
_INNER = A4[0] - 2 * _EDGE
# What reportlab's frames keep free inside their margins.
_FRAME = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoLine:
    """One amount, in minor units, and what it is for."""

    words: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoFacts:
    """What a credit memo says. Amounts are minor units of `currency`.

    Attributes:
        number: like CM-000012.
        issued_on: the day, in the shop's time zone.
        lines: sum to `total`.
        total: what the customer gets; `tax` of it is tax.
        paid_by: how it was or is being paid, like "Card" and its amount.
    """

    shop_name: str
    shop_email: str
    number: str
    issued_on: date
    order: str
    rma: str | None
    customer: str | None
    currency: str
    lines: Sequence[MemoLine]
    total: int
    tax: int
    paid_by: Sequence[MemoLine]


def credit_memo_pdf(facts: MemoFacts) -> bytes:
    """Draws the document, on as many pages as it needs.

    Letters the font doesn't have are written in Latin letters.

    Returns:
        A PDF, the same bytes for the same facts.
    """
    out = BytesIO()
    with drawing:
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=_EDGE - _FRAME,
            rightMargin=_EDGE - _FRAME,
            topMargin=20 * mm,
            bottomMargin=22 * mm,
            title=f"Credit memo {facts.number}",
            author=printable(facts.shop_name),
            invariant=1,
            lang="en",
        )
        story = [*_head(facts), _amounts(facts), Spacer(0, 8 * mm), *_payment(facts)]
        page = _footer(facts)
        document.build(story, onFirstPage=page, onLaterPages=page)
    return out.getvalue()


def _head(facts: MemoFacts) -> list[Flowable]:
    about = [("Number", facts.number), ("Date", f"{facts.issued_on:%-d %B %Y}")]
    about.append(("Order", facts.order))
    if facts.rma:
        about.append(("Return", facts.rma))
    if facts.customer:
        about.append(("Customer", facts.customer))
    rows = [[_words(name, _QUIET), _words(value, _TEXT)] for name, value in about]
    table = Table(rows, colWidths=[32 * mm, _INNER - 32 * mm], hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return [
        _words(facts.shop_name, _STRONG),
        _words(facts.shop_email, _QUIET),
        Spacer(0, 10 * mm),
        _words("Credit memo", _TITLE),
        Spacer(0, 4 * mm),
        table,
        Spacer(0, 8 * mm),
    ]


def _amounts(facts: MemoFacts) -> Table:
    rows = [
        [_words("For", _QUIET), _words("Amount", ParagraphStyle("r", parent=_QUIET, alignment=2))]
    ]
    rows += [
        [_words(line.words, _TEXT), _money(line.amount, facts, _RIGHT)] for line in facts.lines
    ]
    rows.append([_words("Total", _STRONG), _money(facts.total, facts, _RIGHT_STRONG)])
    if facts.tax:
        rows.append([_words("Tax in it", _QUIET), _money(facts.tax, facts, _RIGHT)])
    table = Table(rows, colWidths=[_INNER - 40 * mm, 40 * mm], repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("LINEBELOW", (0, 0), (-1, len(facts.lines)), 0.5, _RULE),
                ("LINEABOVE", (0, len(facts.lines) + 1), (-1, len(facts.lines) + 1), 1, _SOFT),
            ]
        )
    )
    return table


def _payment(facts: MemoFacts) -> list[Flowable]:
    return [
        _words(f"{line.words}: {money(line.amount, facts.currency)}", _TEXT)
        for line in facts.paid_by
    ]


def _footer(facts: MemoFacts):  # type: ignore[no-untyped-def]  # reportlab has no types
    def draw(page: Canvas, _document: object) -> None:
        page.setFont(REGULAR, 8)
        page.setFillColor(_SOFT)
        page.drawString(_EDGE, 12 * mm, printable(f"{facts.shop_name} · {facts.number}"))
        page.drawRightString(A4[0] - _EDGE, 12 * mm, f"Page {page.getPageNumber()}")

    return draw


def _words(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)


def _money(amount: int, facts: MemoFacts, style: ParagraphStyle) -> Paragraph:
    return _words(money(amount, facts.currency), style)
