"""A wrong change to the rules that judge and charge makes a test fail: the tests are tested."""

import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.mutants import Mutant, killed, mutants_of, unchanged

RULES = (
    "tests/unit/test_eligibility.py",
    "tests/unit/test_return_windows.py",
    "tests/unit/test_policy_rules.py",
    "tests/unit/test_policy_risk.py",
    "tests/unit/test_reasons.py",
)
MONEY = (
    "tests/unit/test_fees.py",
    "tests/unit/test_withdrawal_fees.py",
    "tests/unit/test_money_rules.py",
)
CHARGES = (
    *MONEY,
    "tests/unit/test_quote.py",
    "tests/unit/test_grades.py",
    "tests/unit/test_policy_rules.py",
    "tests/unit/test_parts.py",
)
# Module → the unit tests that are about it.
TESTED: dict[str, Sequence[str]] = {
    "models.rules.charges": CHARGES,
    "models.rules.eligibility": RULES,
    "models.rules.fees": MONEY,
    "models.rules.policy_rules": RULES,
    "models.rules.reasons": RULES,
}
KILLED_AT_LEAST = 0.9
# Mutants that do the same: what is exactly at the limit has the same tax inside, worked out either
# way, because the tax was rounded to it.
SAME = {"comparison: net + tax <= at_most → net + tax < at_most"}
AT_ONCE = 2


def survivors(mutants: Sequence[Mutant], directory: Path) -> list[Mutant]:
    """The mutants that no test noticed."""

    def run(numbered: tuple[int, Mutant]) -> bool:
        number, mutant = numbered
        return killed(mutant, TESTED[mutant.module], directory / str(number))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(run, enumerate(mutants)))
    return [mutant for mutant, dead in zip(mutants, found, strict=True) if not dead]


def test_the_operators_make_what_they_say() -> None:
    made = {mutant.what.split(":")[0] for name in TESTED for mutant in mutants_of(name)}
    assert made >= {
        "comparison",
        "and for or",
        "or for and",
        "not removed",
        "one more",
        "one less",
        "condition negated",
    }
    assert sum(len(mutants_of(name)) for name in TESTED) > 100


def test_a_seeded_few_are_noticed_and_the_rules_themselves_are_not(tmp_path: Path) -> None:
    chosen = [random.Random(2026).choice(mutants_of(name)) for name in TESTED]
    left = survivors([*chosen, unchanged("models.rules.fees")], tmp_path)
    # One in ten may survive; of three, one by chance.
    assert left[-1].what == "nothing"
    assert len(left) <= 2, [str(mutant) for mutant in left]


@pytest.mark.prove
@pytest.mark.parametrize("name", TESTED)
def test_nine_of_ten_mutants_are_noticed(name: str, tmp_path: Path) -> None:
    mutants = [mutant for mutant in mutants_of(name) if mutant.what not in SAME]
    left = survivors([*mutants, unchanged(name)], tmp_path)
    assert left[-1].what == "nothing", "the tests fail without any change"
    lived = left[:-1]
    share = 1 - len(lived) / len(mutants)
    sys.stdout.write(f"\n{name}: {len(mutants)} mutants, {share:.1%} noticed\n")
    for mutant in lived:
        sys.stdout.write(f"  lives: {mutant}\n")
    assert share >= KILLED_AT_LEAST, [str(mutant) for mutant in lived]
