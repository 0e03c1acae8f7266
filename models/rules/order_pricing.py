"""What each line of an order cost (money rule 1), worked out once, when the order comes in."""

from collections.abc import Mapping

from models.money import apportion, to_text
from models.rules.order_checks import MOST_MONEY, Problems, check_fields, money
from models.rules.orders import (
    OrderInput,
    OrderRefused,
    PricedLine,
    PricedOrder,
    TaxMode,
)


def price_order(order: OrderInput) -> PricedOrder:
    """Works out what each line of an order cost.

    Raises:
        OrderRefused: with everything that is wrong, as far as it can be told at once.
    """
    problems = Problems()
    check_fields(order, problems)
    lines = _price_lines(order, problems) if problems.countable else ()
    paid = sum(line.paid for line in lines) + order.shipping.amount
    if order.tax_mode == TaxMode.EXCLUSIVE:
        paid += order.shipping.tax
    if problems.countable:
        _check_paid(order, paid, problems)
    if problems.refusals:
        raise OrderRefused(problems.refusals)
    return PricedOrder(order=order, lines=lines, paid=paid)


def discount_shares(
    amount: int, given: Mapping[str, int] | None, weights: Mapping[str, int]
) -> dict[str, int]:
    """What each line has of one discount on the order.

    Args:
        amount: the discount, minor units.
        given: the shares that came with the order, used as they are.
        weights: line id → quantity × unit price − own discount, in the order of the lines.
    """
    if given is not None:
        return {line: given.get(line, 0) for line in weights}
    return dict(zip(weights, apportion(amount, list(weights.values())), strict=True))


def _price_lines(order: OrderInput, problems: Problems) -> tuple[PricedLine, ...]:
    goods = {line.id: line.quantity * line.unit_price - line.discount for line in order.lines}
    discounted = dict.fromkeys(goods, 0)
    total, most = sum(discount.amount for discount in order.discounts), sum(goods.values())
    if total > most:
        message = (
            f"The order's discounts come to {money(total, order.currency)} but its goods only "
            f"to {money(most, order.currency)}."
        )
        problems.add("discount", message, "/discounts", countable=False)
        return ()
    for discount in order.discounts:
        for line, part in discount_shares(discount.amount, discount.shares, goods).items():
            discounted[line] += part
    priced = []
    for index, sent in enumerate(order.lines):
        net = goods[sent.id] - discounted[sent.id]
        if net < 0:
            message = (
                f"Line {sent.id}: its shares of the order's discounts come to "
                f"{money(discounted[sent.id], order.currency)}, more than its goods of "
                f"{money(goods[sent.id], order.currency)}; send other `shares`."
            )
            problems.add("discount", message, f"/lines/{index}/discount", countable=False)
        elif order.tax_mode == TaxMode.INCLUSIVE and sent.tax > net:
            message = (
                f"Line {sent.id}: its tax of {money(sent.tax, order.currency)} is more than "
                f"its price with tax, {money(net, order.currency)}."
            )
            problems.add("tax", message, f"/lines/{index}/tax")
        paid = net + sent.tax if order.tax_mode == TaxMode.EXCLUSIVE else net
        priced.append(PricedLine(line=sent, order_discount=discounted[sent.id], paid=paid))
    return tuple(priced)


def _check_paid(order: OrderInput, paid: int, problems: Problems) -> None:
    if paid > MOST_MONEY:
        problems.add("too_much", "The order's total is too large to be true.", "")
    given = sum(payment.amount for payment in order.payments)
    if given == paid:
        return
    difference = to_text(abs(paid - given), order.currency)
    message = (
        f"The payments come to {money(given, order.currency)} but the order to "
        f"{money(paid, order.currency)}: {difference} "
        f"{'are missing' if given < paid else 'are too much'}."
    )
    problems.add("payments", message, "/payments")
