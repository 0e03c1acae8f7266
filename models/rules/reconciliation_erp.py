"""Compares our credit memos with what the ERP holds, and names each difference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.money import to_text
from models.rules.erp import Held
from models.rules.reconciliation import DifferenceKind, Found


@dataclass(frozen=True, slots=True, kw_only=True)
class OurMemo:
    """A credit memo of ours that the ERP is told of. Amounts in minor units.

    Attributes:
        acknowledged: the ERP had said that it has it.
        by_hand: a person entered it there, under a number of their own.
        late: it is old enough that the ERP should have it.
        asked: a person is asked about it already.
    """

    reference: str
    rma: str | None
    order: str
    amount: int
    currency: str
    acknowledged: bool
    by_hand: bool
    late: bool
    asked: bool


def compare_with_erp(
    erp: str, ours: Iterable[OurMemo], theirs: Iterable[Held]
) -> Iterator[tuple[Found, bool]]:
    """Names what our memos and the ERP's credit notes tell differently.

    Args:
        erp: its name.
        ours: every memo since the ERP is told, as far back as theirs go, and those theirs name.
        theirs: the credit notes there with references of ours.

    Returns:
        Each difference, and whether telling the ERP again mends it.
    """
    held = {each.reference: each for each in theirs}
    for our in ours:
        their = held.pop(our.reference, None)
        if their is None:
            if our.by_hand or our.asked:
                continue
            if our.acknowledged:
                why = "The ERP had acknowledged it and has it no more; somebody took it out there."
                yield _of(erp, our, DifferenceKind.MISSING_IN_ERP, why), False
            elif our.late:
                why = "The ERP was never told of it; it is told now."
                yield _of(erp, our, DifferenceKind.MISSING_IN_ERP, why), True
            continue
        numbers = ", ".join(their.numbers)
        if their.copies > 1:
            why = f"The ERP has it {their.copies} times, as {numbers}."
            yield _of(erp, our, DifferenceKind.TWICE_IN_ERP, why, numbers), False
        elif (their.amount, their.currency) != (our.amount, our.currency):
            why = (
                f"We have {_money(our.amount, our.currency)}, the ERP has "
                f"{_money(their.amount, their.currency)} as {numbers}."
            )
            yield _of(erp, our, DifferenceKind.ERP_AMOUNT_DIFFERS, why, numbers), False
    for their in held.values():
        numbers = ", ".join(their.numbers)
        yield (
            Found(
                kind=DifferenceKind.UNKNOWN_IN_ERP,
                amount=abs(their.amount),
                currency=their.currency,
                explanation=(
                    f"The ERP has {numbers} under {their.reference}, and we have no such memo."
                ),
                provider=erp,
                provider_reference=numbers[:200],
            ),
            False,
        )


def _of(erp: str, our: OurMemo, kind: DifferenceKind, why: str, numbers: str = "") -> Found:
    return Found(
        kind=kind,
        amount=our.amount,
        currency=our.currency,
        explanation=f"{our.reference}: {why}",
        rma=our.rma,
        order=our.order,
        provider=erp,
        provider_reference=(numbers or our.reference)[:200],
    )


def _money(amount: int, currency: str) -> str:
    return f"{to_text(amount, currency)} {currency}"
