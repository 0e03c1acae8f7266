"""What a return is worth, line by line: the one function behind quotes, pages and refunds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from models.messages import Resolution
from models.money import to_text
from models.rules.charges import fees, not_paid_of_kept
from models.rules.exchange import Replacement, exchange
from models.rules.fees import percent_of
from models.rules.order_facts import OrderFacts, ReturnedBefore
from models.rules.positions import Span, count
from models.rules.promotions import discount_of_kept, tax_of_reversal
from models.rules.quote_lines import (
    ExchangeItem,
    Quote,
    QuotedLine,
    QuoteKind,
    QuoteLine,
    money_words,
    tax_words,
)
from models.rules.terms import Fault, OutboundShipping, Promotions, Terms
from models.rules.worth import PaidLine, worth


def make_quote(
    order: OrderFacts,
    lines: Sequence[QuotedLine],
    terms: Terms,
    *,
    withdrawal: bool = False,
    kept: bool = False,
    left: int | None = None,
) -> Quote:
    """Works out what the customer gets for these units.

    Args:
        order: what the order cost and what came back of it before.
        lines: the units that come back now.
        terms: the shop's rules for this order.
        withdrawal: the return is a statutory withdrawal.
        kept: the customer keeps the goods, so that nothing is sent and nothing restocked.
        left: what the order can still give back; None: it isn't looked at.
    """
    lines = [quoted for quoted in lines if quoted.spans]
    amounts: list[QuoteLine] = []
    for quoted in lines:
        amounts.extend(
            _goods(quoted, order.currency)
            if quoted.replacement is None
            else [_difference(quoted, quoted.replacement, order)]
        )
    if lines:
        goods = _sum(line for line in amounts if line.amount > 0 or not _is_difference(line))
        # What is exchanged is kept in value: it brings no shipping back and breaks no promotion.
        returned = [quoted for quoted in lines if quoted.replacement is None]
        amounts.extend(_promotion_reversal(order, returned, terms, goods))
        room = max(0, min(goods, _sum(amounts)))
        if kept:
            amounts.extend(not_paid_of_kept(order, lines, terms, room))
        else:
            amounts.extend(fees(order, lines, terms, room, withdrawal=withdrawal))
        amounts.extend(_outbound_shipping(order, returned, terms, withdrawal))
    if left is not None and _sum(amounts) > left:
        amounts.append(
            QuoteLine(
                kind=QuoteKind.ALREADY_REFUNDED,
                line=None,
                amount=left - _sum(amounts),
                explanation=f"Only {money_words(left, order)} of this order can still be refunded",
            )
        )
    amounts.extend(_bonus(lines, terms, _money_as_credit(amounts, lines)))
    return Quote(currency=order.currency, lines=tuple(amounts), exchange=exchange_items(lines))


def exchange_items(lines: Iterable[QuotedLine]) -> tuple[ExchangeItem, ...]:
    """What goes out for the lines that are exchanged."""
    return tuple(
        ExchangeItem(
            no=quoted.no,
            line=quoted.line.line,
            quantity=count(quoted.spans),
            replacement=quoted.replacement,
            exchanged=exchange(
                worth(quoted.line, quoted.spans), count(quoted.spans), quoted.replacement
            ),
        )
        for quoted in lines
        if quoted.replacement is not None and quoted.spans
    )


def _goods(quoted: QuotedLine, currency: str) -> Iterator[QuoteLine]:
    line, value = quoted.line, worth(quoted.line, quoted.spans)
    yield QuoteLine(
        kind=QuoteKind.GOODS,
        line=line.line,
        no=quoted.no,
        amount=value.goods,
        explanation=_goods_words(line, count(quoted.spans), currency),
    )
    if line.order_discount:
        yield QuoteLine(
            kind=QuoteKind.ORDER_DISCOUNT,
            line=line.line,
            no=quoted.no,
            amount=-value.order_discount,
            explanation="Share of the order's discounts that these goods had",
        )
    if line.tax:
        yield QuoteLine(
            kind=QuoteKind.TAX,
            line=line.line,
            no=quoted.no,
            amount=value.tax,
            tax=value.tax,
            explanation="Tax paid on them",
        )
    if line.gift_card_left is not None and value.paid > line.gift_card_left:
        left = to_text(line.gift_card_left, currency)
        yield QuoteLine(
            kind=QuoteKind.ALREADY_REFUNDED,
            line=line.line,
            no=quoted.no,
            amount=line.gift_card_left - value.paid,
            explanation=f"Only {left} {currency} is left on this gift card; the rest was spent",
        )


def _difference(quoted: QuotedLine, replacement: Replacement, order: OrderFacts) -> QuoteLine:
    """What an exchange brings back or costs, in one line: the goods' value stays with the order."""
    units = count(quoted.spans)
    found = exchange(worth(quoted.line, quoted.spans), units, replacement)
    what = f"{units} × {replacement.name} for {units} × {quoted.line.name}"
    prices = f"{money_words(found.new, order)} today, {money_words(found.old, order)} were paid"
    if replacement.same_product and replacement.sku == quoted.line.sku:
        words = f"{what}: the same item again, nothing to pay"
    elif replacement.same_product:
        words = f"{what}: the same item in another variant, nothing to pay"
    elif found.to_customer < 0:
        words = f"{what}: {prices}; the difference is paid before it ships"
    else:
        words = f"{what}: {prices}"
    return QuoteLine(
        kind=QuoteKind.EXCHANGE_DIFFERENCE,
        line=quoted.line.line,
        no=quoted.no,
        amount=found.to_customer,
        tax=found.tax_to_customer,
        explanation=words,
    )


def _is_difference(line: QuoteLine) -> bool:
    return line.kind is QuoteKind.EXCHANGE_DIFFERENCE


def _goods_words(line: PaidLine, units: int, currency: str) -> str:
    if units == line.quantity:
        return f"{units} × {line.name}"
    whole = to_text(line.paid - line.tax + line.order_discount, currency)
    return f"{units} of {line.quantity} × {line.name}, which cost {whole} {currency} in all"


def _promotion_reversal(
    order: OrderFacts, lines: Sequence[QuotedLine], terms: Terms, goods: int
) -> Iterator[QuoteLine]:
    if terms.promotions is not Promotions.REPRICE_KEPT or not (order.promotions and lines):
        return
    owed = discount_of_kept(order, _spans(order.returned, lines))
    # Never more than the goods are worth; what is left of it waits for the next return.
    amount = max(order.taken_back - owed, -goods)
    if amount < 0:
        words = (
            "What is kept no longer reaches the promotion's threshold, so its discount on it is "
            "taken back; worked out again when the refund is made"
        )
    else:
        words = "Discount on kept goods that earlier returns took back, and that came back now"
    if amount:
        yield QuoteLine(
            kind=QuoteKind.PROMOTION_REVERSAL,
            line=None,
            amount=amount,
            tax=tax_of_reversal(order, amount),
            explanation=words,
        )


def _outbound_shipping(
    order: OrderFacts, lines: Sequence[QuotedLine], terms: Terms, withdrawal: bool
) -> Iterator[QuoteLine]:
    amount, tax = order.refundable_shipping()
    if not amount or not lines:
        return
    withdrawn = [before for before in order.returned if before.withdrawn]
    everything = _is_whole(order, _spans(order.returned, lines))
    if withdrawal and _is_whole(order, _spans(withdrawn, lines)):
        words = "Outbound shipping, because the whole order was withdrawn from"
    elif terms.outbound_shipping is OutboundShipping.FULL_RETURN and everything:
        words = "Outbound shipping, because the whole order came back"
    elif (
        terms.outbound_shipping is OutboundShipping.MERCHANT_FAULT
        and everything
        and all(quoted.fault is Fault.MERCHANT for quoted in lines)
        and all(before.merchant_fault for before in order.returned)
    ):
        words = "Outbound shipping, because the whole order came back by the shop's fault"
    else:
        return
    if amount < order.outbound.amount:
        words += "; up to what standard shipping costs"
    yield QuoteLine(
        kind=QuoteKind.OUTBOUND_SHIPPING,
        line=None,
        amount=amount,
        tax=tax,
        explanation=f"{words}{tax_words(tax, order)}",
    )


def _money_as_credit(amounts: Sequence[QuoteLine], lines: Sequence[QuotedLine]) -> int:
    """What of the money becomes store credit; it bears what a refund beside it can't."""
    credited = {line.no for line in lines if line.resolution is Resolution.STORE_CREDIT}
    if len(credited) == len(lines):
        return _sum(amounts)
    credit = _sum(amount for amount in amounts if amount.no in credited)
    refund = _sum(amounts) - credit
    return max(0, credit + min(0, refund)) if credited else 0


def _bonus(lines: Sequence[QuotedLine], terms: Terms, money: int) -> Iterator[QuoteLine]:
    amount = percent_of(money, terms.bonus_percent)
    if amount > 0:
        yield QuoteLine(
            kind=QuoteKind.BONUS,
            line=None,
            amount=amount,
            explanation=f"Bonus of {terms.bonus_percent} % for taking store credit",
        )


def _spans(before: Iterable[ReturnedBefore], lines: Iterable[QuotedLine]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for returned in before:
        found[returned.line].extend(returned.spans)
    for quoted in lines:
        found[quoted.line.line].extend(quoted.spans)
    return found


def _is_whole(order: OrderFacts, spans: Mapping[str, Sequence[Span]]) -> bool:
    return all(count(spans.get(line.line, ())) == line.quantity for line in order.lines)


def _sum(amounts: Iterable[QuoteLine]) -> int:
    return sum(amount.amount for amount in amounts)
