"""The document of a credit memo, read back as a customer would."""

from datetime import date

import pypdfium2
import pytest

from models.documents.credit_memo import MemoFacts, MemoLine, credit_memo_pdf


def facts(**more: object) -> MemoFacts:
    usual: dict[str, object] = {
        "shop_name": "Larkspur & Daughters",
        "shop_email": "returns@larkspur.example",
        "number": "CM-000012",
        "issued_on": date(2026, 11, 24),
        "order": "1001",
        "rma": "R-7K2M-94QX",
        "customer": "Zoë <Dvořáková> 山田",
        "currency": "GBP",
        "lines": [
            MemoLine(words="1 of 2 × Tee, which cost 120.00 GBP in all", amount=6000),
            MemoLine(words="Share of the order's discounts", amount=-750),
            MemoLine(words="Tax paid on them", amount=420),
        ],
        "total": 5670,
        "tax": 420,
        "paid_by": [MemoLine(words="To the card the order was paid with", amount=5670)],
    }
    return MemoFacts(**(usual | more))  # type: ignore[arg-type]


def read(pdf: bytes) -> tuple[str, int]:
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.get_textpage().get_text_bounded() for page in document]
    return "\n".join(pages).replace("\xa0", " "), len(pages)


def test_every_amount_stands_there_with_its_words() -> None:
    text, pages = read(credit_memo_pdf(facts()))
    assert pages == 1
    for said in (
        "Larkspur & Daughters",
        "Credit memo",
        "CM-000012",
        "24 November 2026",
        "R-7K2M-94QX",
        "Zoë <Dvořáková> ShanTian",
        "1 of 2 × Tee, which cost 120.00 GBP in all",
        "£60.00",
        "-£7.50",
        "Total",
        "£56.70",
        "Tax in it",
        "£4.20",
        "To the card the order was paid with: £56.70",
    ):
        assert said in text


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "¥5,670"), ("KWD", "KWD 5.670")])
def test_each_currency_has_its_own_decimals(currency: str, shown: str) -> None:
    text, _ = read(credit_memo_pdf(facts(currency=currency)))
    assert shown in text


def test_many_lines_go_on_over_several_pages_and_none_is_lost() -> None:
    lines = [MemoLine(words=f"Thing number {n} " + "very " * 30, amount=n) for n in range(1, 81)]
    text, pages = read(credit_memo_pdf(facts(lines=lines)))
    assert pages > 2
    assert all(f"Thing number {n} " in text for n in range(1, 81))
    assert f"Page {pages}" in text


def test_the_same_facts_are_the_same_document() -> None:
    assert credit_memo_pdf(facts()) == credit_memo_pdf(facts())
