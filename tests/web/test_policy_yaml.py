"""The policy as YAML: what is read, what is refused and where, and what is written."""

from datetime import date

import pytest

from models.rules.policy import Policy
from models.rules.policy_rules import Rule, Then, When
from web.api.schemas.policy import PolicySchema
from web.policy_yaml import PolicyTextError, difference, read_policy, write_policy

RULES = """\
# Where the parcels go.
rules:
  - name: Norway  # far
    when:
      countries: [NO, SE]
      ordered_from: 2026-11-15
    then: {window_days: 60, restocking_percent: 12.5}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(PolicyTextError) as caught:
        read_policy(text)
    return [str(problem) for problem in caught.value.problems]


def test_what_is_written_is_read_again() -> None:
    for policy in (Policy(), read_policy(RULES)):
        assert read_policy(write_policy(policy)) == policy


def test_every_part_is_written_in_the_contracts_order() -> None:
    text = write_policy(Policy())
    names = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    shown = [name for name, field in PolicySchema().fields.items() if not field.dump_only]
    assert names == shown


def test_countries_and_days_are_text_to_it() -> None:
    assert read_policy(RULES) == Policy(
        rules=(
            Rule(
                name="Norway",
                when=When(
                    countries=("NO", "SE"),
                    ordered_from=date(2026, 11, 15),
                ),
                then=Then(window_days=60, restocking_percent="12.5"),
            ),
        )
    )
    assert read_policy("fees: {restocking_percent: 15}").restocking_percent == "15"
    assert "'NO'" in write_policy(read_policy(RULES))


def test_json_is_taken_too() -> None:
    assert read_policy('{"auto_approve_up_to": 100, "second_approval_above": null}') == Policy(
        auto_approve_up_to=100
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Line 1: A policy begins with a name and a colon"),
        ("just words", "Line 1: A policy begins with a name and a colon"),
        ("window:\n  days: NO\n", "Line 2 (/window/days): days must be a whole number"),
        ("window:\n  days: 010\n", "Line 2 (/window/days): days must be a whole number"),
        ("window: 30", "Line 1 (/window): window must be names with their values."),
        ("\nwindws: {}", "Line 2 (/windws): windws is not known here"),
        ("window:\n\tdays: 3", "Line 2: A tab can't indent; use spaces."),
        ("a: b: c", "Line 1: A colon is not understood here"),
        ("window: {}\n\nwindow: {}", "Line 3: window stands here twice"),
        ("fees: &x {}\nwindow: *x", "Line 2: Write it out here"),
        ("window: {}\n---\nfees: {}", "Line 2: Here a second document begins"),
        ("time_zone: !!python/object:os.system x", "Line 1 (/time_zone): tag:yaml.org"),
        ("time_zone: !!int x", "Line 1 (/time_zone): x is not a time zone"),
        ('time_zone: "UTC', "Line 1: This is not YAML"),
        ("fees: {}\ntime_zone: \x01", "Line 2: There is a character that no text file has"),
        ("? [a]\n: b", "Line 1: A name is a word"),
        ("[" * 5000, "Line 1: That is nested too deeply."),
        ("rules: " + "[" * 50 + "]" * 50, "nested too deeply."),
        ("#" * 500_000, "Line 1: That is too long"),
        (
            "rules:\n  - name: x\n    then:\n      deny: No\n  - name: y\n",
            "Line 5 (/rules/1/then): then is required.",
        ),
    ],
)
def test_a_document_that_is_no_policy_is_refused_with_its_line(text: str, problem: str) -> None:
    [told] = refused(text)
    assert problem in told


def test_all_problems_of_a_document_are_told_at_once() -> None:
    told = refused("window: {days: -1}\nfees:\n  return_shipping: 1.5\n")
    assert [line.split(":")[0] for line in told] == [
        "Line 1 (/window/days)",
        "Line 3 (/fees/return_shipping)",
    ]


def test_a_difference_shows_what_changed_and_no_comments() -> None:
    before, after = write_policy(Policy()), write_policy(Policy(auto_approve_up_to=5000))
    lines = difference(before, after, names=("version 1", "version 2"))
    changed = [line for line in lines if line[:1] in "+-"]
    assert changed == [
        "--- version 1",
        "+++ version 2",
        "-auto_approve_up_to: 0",
        "+auto_approve_up_to: 5000",
    ]
    assert not any("#" in line for line in lines)
    assert difference(before, before, names=("a", "b")) == []


def test_every_part_of_the_document_is_explained() -> None:
    lines = write_policy(Policy()).splitlines()
    parts = [at for at, line in enumerate(lines) if line[:1].isalpha()]
    assert len(parts) >= 20
    assert [lines[at] for at in parts if not lines[at - 1].startswith("# ")] == []
