"""What the policy makes of a grade: a share of the goods, taxed and waived like a fee."""

import pytest

from models.messages import Grade, GradedUnits
from models.rules.grading import ALL_PAID, REFUSE, spans_by_grade
from models.rules.order_facts import OrderFacts
from models.rules.positions import Span
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind
from models.rules.terms import Fault, Terms, Waiver
from models.rules.worth import PaidLine

# Three that cost 100.00 together, with 20 % of tax on top: 33.33, 33.34 and 33.33.
TEES = PaidLine(
    line="1", name="Tee", quantity=3, paid=12000, tax=2000, order_discount=0, tax_rate="0.20"
)


def runs(*graded: tuple[Grade, int]) -> list[GradedUnits]:
    return [GradedUnits(grade=grade, units=units) for grade, units in graded]


def back(graded: list[GradedUnits], *, fault: Fault = Fault.CUSTOMER, **terms: object) -> Quote:
    units = sum(run.units for run in graded)
    quoted = QuotedLine(line=TEES, spans=[Span(1, units)], graded=graded, fault=fault)
    shares = {**ALL_PAID, Grade.C: "50", Grade.D: "12.5"}
    made: Terms = Terms(grades=shares, **terms)  # type: ignore[arg-type]
    return make_quote(OrderFacts(currency="GBP", lines=[TEES]), [quoted], made)


def fees(quote: Quote) -> list[tuple[int, int, str]]:
    return [
        (line.amount, line.tax, line.explanation)
        for line in quote.lines
        if line.kind is QuoteKind.RESTOCKING_FEE
    ]


def test_grades_fill_the_positions_in_the_order_of_acceptance() -> None:
    spans = [Span(2, 4), Span(7, 9)]
    assert spans_by_grade(spans, runs((Grade.A, 2), (Grade.C, 2), (Grade.A, 1))) == {
        Grade.A: [Span(2, 3), Span(8, 8)],
        Grade.C: [Span(4, 4), Span(7, 7)],
    }


def test_a_share_is_paid_and_the_rest_is_taxed_like_a_fee() -> None:
    quote = back(runs((Grade.A, 1), (Grade.C, 2)))
    # Half of 66.67 without tax, and its tax.
    assert fees(quote) == [
        (-4001, -667, "Grade C: 50 % of the goods is paid, 6.67 GBP tax included")
    ]
    assert quote.total == 12000 - 4001


def test_each_grade_is_a_line_of_its_own_and_together_they_never_exceed_the_goods() -> None:
    quote = back(runs((Grade.C, 1), (Grade.D, 2)), restocking_percent="40", return_shipping=795)
    assert [words.split(" ")[0:2] for _, _, words in fees(quote)] == [
        ["Grade", "C:"],
        ["Grade", "D:"],
        ["Restocking", "fee"],
    ]
    assert quote.total == 0


@pytest.mark.parametrize(
    ("fault", "waived", "total"),
    [
        (Fault.MERCHANT, Waiver.MERCHANT_FAULT, 12000),
        (Fault.CUSTOMER, Waiver.MERCHANT_FAULT, 6000),
    ],
)
def test_whom_fees_are_waived_gets_all_of_it(fault: Fault, waived: Waiver, total: int) -> None:
    quote = back(runs((Grade.C, 3)), fault=fault, waived_for=frozenset({waived}))
    assert quote.total == total


def test_a_withdrawal_and_what_is_accepted_against_a_refusal_are_paid_whole() -> None:
    quoted = QuotedLine(line=TEES, spans=[Span(1, 3)], graded=runs((Grade.C, 2), (Grade.D, 1)))
    facts = OrderFacts(currency="GBP", lines=[TEES])
    terms = Terms(grades={**ALL_PAID, Grade.D: REFUSE, Grade.C: "50"})
    assert make_quote(facts, [quoted], terms, withdrawal=True).total == 12000
    assert len(fees(make_quote(facts, [quoted], terms))) == 1
