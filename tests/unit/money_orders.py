"""Invented orders of every kind, and a ledger in memory that plays their returns with the rules."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from models.messages import Grade, GradedUnits, PayoutMethod, Resolution
from models.money import apportion, round_half_up
from models.rules import tenders
from models.rules.grading import ALL_PAID
from models.rules.order_facts import OrderFacts, Outbound, Promotion, ReturnedBefore
from models.rules.order_pricing import discount_shares, price_order
from models.rules.orders import (
    DiscountInput,
    LineInput,
    OrderInput,
    PaymentInput,
    PaymentKind,
    PricedOrder,
    ShippingInput,
    TaxMode,
)
from models.rules.parts import Parts, payable, split
from models.rules.payable import money_of
from models.rules.positions import Span, free, lowest
from models.rules.postings import grant_postings
from models.rules.quote import make_quote
from models.rules.quote_lines import Quote, QuotedLine, QuoteKind, QuoteLine
from models.rules.tenders import Tender, TenderOrder
from models.rules.terms import Fault, OutboundShipping, Promotions, Terms, Waiver
from models.rules.worth import PaidLine

CURRENCIES = ("GBP", "EUR", "JPY", "KWD", "CLF")
WORTH = {QuoteKind.GOODS, QuoteKind.ORDER_DISCOUNT, QuoteKind.TAX}


def invent_order(dice: Random) -> PricedOrder:
    """An order with lines, taxes, discounts, shipping and payments of any kind."""
    mode = dice.choice(list(TaxMode))
    currency = dice.choice(CURRENCIES)
    lines = []
    for number in range(1, dice.randint(1, 4) + 1):
        quantity = dice.choice((1, 1, 2, 3, 7, dice.randint(1, 40), 74_215))
        price = dice.choice((0, 1, dice.randint(1, 99), dice.randint(100, 20_000)))
        discount = dice.randint(0, quantity * price) if dice.random() < 0.3 else 0
        rate = dice.choice(("0", "0.05", "0.08", "0.20", "0.255"))
        lines.append(
            LineInput(
                id=str(number),
                sku=f"SKU-{number}",
                name=f"Item {number}",
                quantity=quantity,
                unit_price=price,
                discount=discount,
                tax_rate=rate,
            )
        )
    goods = [line.quantity * line.unit_price - line.discount for line in lines]
    discounts, left = [], sum(goods)
    for _ in range(dice.choice((0, 0, 1, 1, 2))):
        amount = dice.randint(0, left // 3)
        left -= amount
        threshold = dice.choice((None, dice.randint(0, sum(goods) + 1)))
        discounts.append(DiscountInput(amount=amount, threshold=threshold))
    shipping = dice.choice((0, 495, dice.randint(1, 5000)))
    order = OrderInput(
        number="1",
        currency=currency,
        placed_at=datetime(2026, 1, 1, tzinfo=UTC),
        tax_mode=mode,
        lines=lines,
        discounts=discounts,
        shipping=ShippingInput(
            amount=shipping,
            tax=shipping // 6 if dice.random() < 0.5 else 0,
            standard_amount=dice.choice((None, 0, 300, 9000)),
        ),
        payments=(),
    )
    return _paid(dice, _taxed(order))


def _taxed(order: OrderInput) -> OrderInput:
    """Charges each line its rate, on what its discounts leave."""
    goods = {line.id: line.quantity * line.unit_price - line.discount for line in order.lines}
    nets = dict(goods)
    for discount in order.discounts:
        for line, part in discount_shares(discount.amount, None, goods).items():
            nets[line] -= part
    taxed = []
    for line in order.lines:
        per_mille = int(float(line.tax_rate) * 1000)
        base = 1000 if order.tax_mode == TaxMode.EXCLUSIVE else 1000 + per_mille
        taxed.append(replace(line, tax=round_half_up(nets[line.id] * per_mille, base)))
    return replace(order, lines=taxed)


def _paid(dice: Random, order: OrderInput) -> PricedOrder:
    """Pays the order by one to three payments."""
    paid = order.shipping.amount
    for line in order.lines:
        paid += line.quantity * line.unit_price - line.discount
        paid += line.tax if order.tax_mode == TaxMode.EXCLUSIVE else 0
    paid -= sum(discount.amount for discount in order.discounts)
    paid += order.shipping.tax if order.tax_mode == TaxMode.EXCLUSIVE else 0
    parts = apportion(paid, [dice.randint(1, 5) for _ in range(dice.randint(1, 3))])
    payments = [
        PaymentInput(
            id=f"p-{number}",
            kind=dice.choice(list(PaymentKind)),
            provider="sandbox",
            reference=f"sbx_ok_{number}",
            amount=part,
            currency=order.currency,
        )
        for number, part in enumerate(parts, start=1)
    ]
    return price_order(replace(order, payments=payments))


def invent_terms(dice: Random) -> Terms:
    """Rules of money of any kind."""
    return Terms(
        promotions=dice.choice(list(Promotions)),
        outbound_shipping=dice.choice(list(OutboundShipping)),
        return_shipping=dice.choice((0, 0, 495, 5000)),
        restocking_percent=dice.choice(("0", "0", "15", "12.5", "100")),
        waived_for=frozenset(waiver for waiver in Waiver if dice.random() < 0.4),
        bonus_percent=dice.choice(("0", "10")),
        grades={
            **ALL_PAID,
            Grade.C: dice.choice(("100", "50")),
            Grade.D: dice.choice(("0", "33.3")),
        },
    )


@dataclass(kw_only=True)
class Case:
    """A return that is open or granted: line id, positions, and what was granted of it."""

    lines: list[tuple[str, list[Span], Fault]]
    resolutions: list[Resolution]
    withdrawal: bool
    quote: Quote
    accepted: list[int]
    graded: list[list[GradedUnits]] = field(default_factory=list)
    granted: Counter[tuple[PayoutMethod, QuoteKind, str | None, int | None]] = field(
        default_factory=Counter
    )
    paid: Counter[PayoutMethod] = field(default_factory=Counter)


class Till:
    """Plays returns of one order and keeps what was given back, as the tables would."""

    def __init__(self, priced: PricedOrder, terms: Terms, tenders: TenderOrder) -> None:
        self.priced, self.terms, self.tenders = priced, terms, tenders
        order = priced.order
        listed = {
            found.line.id: found.line.quantity * found.line.unit_price - found.line.discount
            for found in priced.lines
        }
        self.lines = {
            found.line.id: PaidLine(
                line=found.line.id,
                name=found.line.name,
                quantity=found.line.quantity,
                paid=found.paid,
                tax=found.line.tax,
                order_discount=found.order_discount,
                listed=listed[found.line.id],
                tax_rate=found.line.tax_rate,
            )
            for found in priced.lines
        }
        self.promotions = [
            Promotion(
                threshold=discount.threshold,
                shares=discount_shares(discount.amount, discount.shares, listed),
            )
            for discount in order.discounts
            if discount.threshold is not None
        ]
        standard = order.shipping.standard_amount
        self.outbound = Outbound(
            amount=order.shipping.amount,
            tax=order.shipping.tax,
            standard_amount=order.shipping.amount if standard is None else standard,
        )
        self.cases: list[Case] = []
        self.given = 0
        self.by_payment: Counter[str] = Counter()
        self.worth_of: Counter[str] = Counter()
        self.tax_of: Counter[str] = Counter()
        self.shipping = 0
        self.taken_back = 0
        self.short = 0

    @property
    def left(self) -> int:
        """What the order can still give back."""
        return self.priced.paid - self.given

    def facts(self, apart_from: Case | None = None) -> OrderFacts:
        """The order as the quote needs it now."""
        return OrderFacts(
            currency=self.priced.order.currency,
            lines=list(self.lines.values()),
            inclusive=self.priced.order.tax_mode == TaxMode.INCLUSIVE,
            promotions=self.promotions,
            outbound=self.outbound,
            returned=[
                ReturnedBefore(
                    line=name,
                    spans=lowest(spans, units),
                    merchant_fault=fault is Fault.MERCHANT,
                    withdrawn=case.withdrawal,
                )
                for case in self.cases
                if case is not apart_from
                for (name, spans, fault), units in zip(case.lines, case.accepted, strict=True)
                if units
            ],
            taken_back=self.taken_back + _own(apart_from, QuoteKind.PROMOTION_REVERSAL),
            shipping_refunded=self.shipping - _own(apart_from, QuoteKind.OUTBOUND_SHIPPING),
        )

    def quoted(
        self, case: Case, units: list[int], graded: list[list[GradedUnits]] | None = None
    ) -> list[QuotedLine]:
        """A case's lines with so many units each, and their grades once they are inspected."""
        return [
            QuotedLine(
                no=no,
                line=self.lines[name],
                spans=lowest(spans, count),
                fault=fault,
                resolution=case.resolutions[no - 1],
                graded=graded[no - 1] if graded else (),
            )
            for no, ((name, spans, fault), count) in enumerate(
                zip(case.lines, units, strict=True), start=1
            )
        ]

    def open(self, wanted: dict[str, int], fault: Fault, **more: object) -> Case:
        """Takes the lowest free positions and quotes them."""
        lines = []
        for name, units in wanted.items():
            taken = [
                span
                for case in self.cases
                for line, spans, _ in case.lines
                if line == name
                for span in spans
            ]
            spans = lowest(free(self.lines[name].quantity, taken), units)
            lines.append((name, spans, fault))
        case = Case(
            lines=lines,
            quote=Quote(currency="GBP", lines=()),
            accepted=[0] * len(lines),
            **more,  # type: ignore[arg-type]
        )
        case.quote = make_quote(
            self.facts(),
            self.quoted(case, list(wanted.values())),
            self.terms,
            withdrawal=case.withdrawal,
            left=self.left,
        )
        self.cases.append(case)
        return case

    def grant(self, case: Case, accepted: list[int]) -> tuple[int, list[QuoteLine]]:
        """Pays what all accepted units are owed beyond what was paid before."""
        promised = None
        if any(
            line.kind is QuoteKind.ALREADY_REFUNDED and line.line is None
            for line in case.quote.lines
        ):
            promised = case.quote.total - case.quote.bonus
        quoted = self.quoted(case, accepted, case.graded)
        now = make_quote(
            self.facts(case), quoted, self.terms, withdrawal=case.withdrawal, left=promised
        )
        whole = split(now.lines, quoted)
        found = payable(
            Parts(
                refund=_due(case, PayoutMethod.REFUND, whole.refund),
                credit=_due(case, PayoutMethod.STORE_CREDIT, whole.credit),
            )
        )
        case.accepted = accepted
        total, lines = 0, [*found.refund, *found.credit]
        for method, part in (
            (PayoutMethod.REFUND, found.refund),
            (PayoutMethod.STORE_CREDIT, found.credit),
        ):
            owed = money_of(part)
            assert owed >= 0, "neither part owes anything"
            amount = min(owed, self.left)
            self.short += owed - amount
            for line in part:
                case.granted[method, line.kind, line.line, line.no] += line.amount
            case.paid[method] += amount
            total += amount
            self.pay(amount)
            assert sum(posting.amount for posting in grant_postings(part)) == 0
        for line in lines:
            if line.kind in WORTH and line.line is not None:
                self.worth_of[line.line] += line.amount
                self.tax_of[line.line] += line.amount if line.kind is QuoteKind.TAX else 0
            elif line.kind is QuoteKind.OUTBOUND_SHIPPING:
                self.shipping += line.amount
            elif line.kind is QuoteKind.PROMOTION_REVERSAL:
                self.taken_back -= line.amount
        return total, lines

    def pay(self, amount: int) -> None:
        """Takes an amount off the payments."""
        payments = self.priced.order.payments
        for part in tenders.split(
            amount,
            [
                Tender(
                    payment=at, kind=found.kind, refundable=found.amount - self.by_payment[found.id]
                )
                for at, found in enumerate(payments)
            ],
            self.tenders,
        ):
            self.by_payment[payments[part.payment].id] += part.amount
        self.given += amount


def _own(case: Case | None, kind: QuoteKind) -> int:
    if case is None:
        return 0
    return sum(case.granted[method, kind, None, None] for method in PayoutMethod)


def _due(case: Case, method: PayoutMethod, lines: list[QuoteLine]) -> list[QuoteLine]:
    """What a part has beyond what was granted of it, as the store works it out."""
    due: Counter[tuple[QuoteKind, str | None, int | None]] = Counter()
    for line in lines:
        due[line.kind, line.line, line.no] += line.amount
    for (granted_as, *key), amount in case.granted.items():
        if granted_as is method:
            due[key[0], key[1], key[2]] -= amount
    return [
        QuoteLine(kind=key[0], line=key[1], no=key[2], amount=amount, explanation="")
        for key, amount in due.items()
        if amount
    ]
