"""Draws a return label: one A6 page a home printer can print and a dock's scanner can read."""

from io import BytesIO

import segno
from babel import Locale
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A6
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from activities.providers.carriers.protocol import LabelData
from models.documents.fonts import BOLD, REGULAR, drawing, printable

_WIDTH = A6[0]
_LEFT = 7 * mm
_RIGHT = _WIDTH - 7 * mm
_INNER = _RIGHT - _LEFT
_QR_SIDE = 31 * mm
_SMALLEST = 6.0


def draw_label(order: LabelData, *, carrier: str, tracking: str) -> bytes:
    """Draws the page.

    The QR code holds the RMA, the Code 128 barcode the tracking number. What is too long is made
    smaller, then cut with an ellipsis. Letters the font doesn't have (Chinese or Arabic ones, for
    example) are written in Latin letters, as the post asks for on parcels that cross borders.

    Returns:
        A PDF, the same bytes for the same data.
    """
    out = BytesIO()
    with drawing:
        page = Canvas(out, pagesize=A6, invariant=1, lang="en")
        page.setTitle(f"Return label {order.rma}")
        page.setAuthor(printable(order.shop_name))
        page.setSubject(f"{carrier} {tracking}")
        _draw_head(page, carrier)
        _draw_addresses(page, order)
        _draw_return(page, order)
        _draw_tracking(page, tracking)
        page.showPage()
        page.save()
    return out.getvalue()


def _draw_head(page: Canvas, carrier: str) -> None:
    page.rect(0, 131 * mm, _WIDTH, 17 * mm, stroke=0, fill=1)
    page.setFillGray(1)
    _write(page, "RETURN", x=_LEFT, y=136.6 * mm, font=BOLD, size=25, width=45 * mm)
    _write(page, carrier, x=_RIGHT, y=139.9 * mm, font=BOLD, size=11, width=40 * mm, align="right")
    _write(
        page,
        "Test label, not for posting",
        x=_RIGHT,
        y=135.6 * mm,
        size=8,
        width=40 * mm,
        align="right",
    )
    page.setFillGray(0)


def _draw_addresses(page: Canvas, order: LabelData) -> None:
    half = 0.60 * _INNER
    from_left = _LEFT + half + 4 * mm
    _caption(page, "To", _LEFT, 125.5 * mm)
    _write(page, order.shop_name, x=_LEFT, y=119.6 * mm, font=BOLD, size=15, width=half - 1 * mm)
    _write(page, "Returns desk", x=_LEFT, y=114.2 * mm, size=11, width=half)
    _write(page, order.shop_email, x=_LEFT, y=109.4 * mm, size=9, width=half)
    _caption(page, "From", from_left, 125.5 * mm)
    width = _RIGHT - from_left
    sender = order.sender_name or "Customer"
    _write(page, sender, x=from_left, y=120.4 * mm, size=10, width=width)
    if order.sender_country:
        country = _country(order.sender_country)
        _write(page, country, x=from_left, y=115.6 * mm, size=10, width=width)
    page.setLineWidth(0.4)
    page.line(from_left - 3 * mm, 107.5 * mm, from_left - 3 * mm, 128 * mm)
    _rule(page, 104 * mm)


def _draw_return(page: Canvas, order: LabelData) -> None:
    width = _INNER - _QR_SIDE - 4 * mm
    _caption(page, "Return (RMA)", _LEFT, 97.6 * mm)
    _write(page, order.rma, x=_LEFT, y=85.6 * mm, font=BOLD, size=34, width=width)
    _caption(page, "Order", _LEFT, 76.8 * mm)
    _write(page, order.order_number, x=_LEFT, y=70.2 * mm, font=BOLD, size=15, width=width)
    _draw_qr(page, order.rma, _RIGHT - _QR_SIDE, 69.5 * mm)
    _rule(page, 65 * mm)


def _draw_qr(page: Canvas, content: str, x: float, y: float) -> None:
    matrix = segno.make_qr(content, error="q").matrix
    module = _QR_SIDE / len(matrix)
    path = page.beginPath()
    for row, modules in enumerate(matrix):
        for column, dark in enumerate(modules):
            if dark:
                path.rect(x + column * module, y + (len(matrix) - row - 1) * module, module, module)
    # One path for all modules: drawn one by one, some viewers leave hairlines between them.
    page.drawPath(path, stroke=0, fill=1)


def _draw_tracking(page: Canvas, tracking: str) -> None:
    _caption(page, "Tracking number", _LEFT, 59 * mm)
    # The width of one bar is set, then the code is put in the middle with its quiet zones.
    code = Code128(tracking, barWidth=0.42 * mm, barHeight=26 * mm, quiet=False)
    code.drawOn(page, (_WIDTH - code.width) / 2, 30 * mm)
    spaced = " ".join([tracking[:3], *(tracking[at : at + 4] for at in range(3, len(tracking), 4))])
    _write(page, spaced, x=_WIDTH / 2, y=24 * mm, font=BOLD, size=13, width=_INNER, align="centre")
    _rule(page, 19.5 * mm)
    for line, y in (
        ("Fix this label flat on the parcel and cover any older one.", 13.6 * mm),
        ("Keep the receipt you get when you hand it in.", 9.4 * mm),
    ):
        _write(page, line, x=_LEFT, y=y, size=9, width=_INNER)


def _caption(page: Canvas, text: str, x: float, y: float) -> None:
    page.setFillGray(0.35)
    _write(page, text, x=x, y=y, size=8, width=40 * mm)
    page.setFillGray(0)


def _rule(page: Canvas, y: float) -> None:
    page.setLineWidth(0.8)
    page.line(_LEFT, y, _RIGHT, y)


def _write(
    page: Canvas,
    text: str,
    *,
    x: float,
    y: float,
    size: float,
    width: float,
    font: str = REGULAR,
    align: str = "left",
) -> None:
    line = printable(text)
    while size > _SMALLEST and pdfmetrics.stringWidth(line, font, size) > width:
        size -= 0.5
    if pdfmetrics.stringWidth(line, font, size) > width:
        while line and pdfmetrics.stringWidth(f"{line}…", font, size) > width:
            line = line[:-1]
        line = f"{line}…"
    page.setFont(font, size)
    draw = {"left": page.drawString, "right": page.drawRightString}.get(
        align, page.drawCentredString
    )
    draw(x, y, line)


def _country(text: str) -> str:
    return str(Locale("en").territories.get(text.upper(), text))
