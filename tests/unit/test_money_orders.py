"""Whatever orders, rules and sequences of returns there are: the sums hold to the cent."""

from random import Random

import pytest

from models.messages import Grade, GradedUnits, PayoutMethod, Resolution
from models.rules.fees import percent_of
from models.rules.parts import split
from models.rules.payable import money_of
from models.rules.positions import lowest
from models.rules.quote_lines import QuoteKind
from models.rules.tenders import TenderOrder
from models.rules.terms import Fault, Terms
from tests.unit.money_orders import Till, invent_order, invent_terms


def play(seed: int, *, plain: bool = False) -> Till:
    """Plays one invented order until all of it came back, or its returns are over."""
    dice = Random(seed)
    terms = Terms() if plain else invent_terms(dice)
    till = Till(invent_order(dice), terms, dice.choice(list(TenderOrder)))
    left = {name: line.quantity for name, line in till.lines.items()}
    while any(left.values()):
        wanted = {
            name: dice.randint(1, units)
            for name, units in left.items()
            if units and (plain or dice.random() < 0.7)
        }
        if not wanted:
            break
        case = till.open(
            wanted,
            dice.choice(list(Fault)),
            resolutions=invent_resolutions(dice, len(wanted)),
            withdrawal=not plain and dice.random() < 0.3,
        )
        assert sum(line.amount for line in case.quote.lines) == case.quote.total >= 0
        promised = split(case.quote.lines, till.quoted(case, list(wanted.values())))
        refund, credit = money_of(promised.refund), money_of(promised.credit)
        assert refund >= 0
        assert credit >= 0
        assert refund + credit == case.quote.total - case.quote.bonus
        assert case.quote.bonus == percent_of(credit, terms.bonus_percent)
        if not plain and dice.random() < 0.2:
            till.cases.remove(case)  # Cancelled: its positions are free again.
            check(till)
            continue
        if not plain and dice.random() < 0.2:
            till.pay(dice.randint(0, till.left))  # Goodwill, beside the return.
        before = till.given
        final = [
            dice.randint(0, units) if not plain and dice.random() < 0.2 else units
            for units in wanted.values()
        ]
        first = [dice.randint(0, units) for units in final]
        if not plain:
            case.graded = [invent_grades(dice, units) for units in final]
        shipped = till.shipping
        for accepted in (first, final):
            paid, lines = till.grant(case, accepted)
            assert paid >= 0
            assert all(line.amount >= 0 for line in lines if line.kind is QuoteKind.BONUS)
            check(till)
        if plain:
            assert till.given - before == case.quote.total - case.quote.bonus
            assert case.paid[PayoutMethod.REFUND] == refund
            assert case.paid[PayoutMethod.STORE_CREDIT] == credit
        assert till.shipping == shipped or shipped == 0, "shipping comes back once"
        for (name, spans, _), units in zip(case.lines, final, strict=True):
            # What was refused or never came frees the highest positions again.
            spans[:] = lowest(spans, units)
            left[name] -= units
        if not plain and dice.random() < 0.1:
            break
    return till


def invent_resolutions(dice: Random, lines: int) -> list[Resolution]:
    """One for all lines, or one for each."""
    either = (Resolution.REFUND, Resolution.STORE_CREDIT)
    if dice.random() < 0.5:
        return [dice.choice(either)] * lines
    return [dice.choice(either) for _ in range(lines)]


def invent_grades(dice: Random, units: int) -> list[GradedUnits]:
    """The grades of a line's units, in the order they are accepted."""
    first = dice.randint(0, units)
    parts = [first, units - first]
    return [
        GradedUnits(grade=dice.choice((Grade.A, Grade.A, Grade.C, Grade.D)), units=part)
        for part in parts
        if part
    ]


def check(till: Till) -> None:
    """What holds after every step."""
    assert 0 <= till.given <= till.priced.paid
    assert sum(till.by_payment.values()) == till.given
    for payment in till.priced.order.payments:
        assert 0 <= till.by_payment[payment.id] <= payment.amount
    for name, line in till.lines.items():
        assert 0 <= till.worth_of[name] <= line.paid
        assert 0 <= till.tax_of[name] <= line.tax
    facts = till.facts()
    assert till.shipping <= facts.outbound.amount + facts.outbound.tax


def check_end(till: Till) -> None:
    """What holds once every unit of a line came back."""
    back = dict.fromkeys(till.lines, 0)
    for case in till.cases:
        for (name, _, _), units in zip(case.lines, case.accepted, strict=True):
            back[name] += units
    for name, line in till.lines.items():
        if back[name] == line.quantity:
            assert till.worth_of[name] == line.paid
            assert till.tax_of[name] == line.tax


def run(seeds: range) -> None:
    for seed in seeds:
        try:
            check_end(play(seed))
            plain = play(seed, plain=True)
            assert plain.given == sum(line.paid for line in plain.lines.values())
        except AssertionError as error:
            raise AssertionError(f"order {seed}: {error}") from error


def test_some_invented_orders_hold() -> None:
    run(range(1_500))


@pytest.mark.prove
def test_ten_thousand_invented_orders_hold() -> None:
    run(range(10_000))
