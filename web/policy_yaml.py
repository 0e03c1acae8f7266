"""The policy as one YAML document: read with the place of every problem, and written to be read.

YAML guesses: it takes NO for false and 2026-11-15 for a date. Here it doesn't: only true, false,
null and plain whole numbers are anything else than text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any

import yaml
from marshmallow import ValidationError

from models.rules.policy import Policy
from models.store.policy_versions import StoredPolicy
from web.api.schemas.policy import PolicySchema, represent_policy
from web.errors import field_errors

# A policy with a thousand rules is far below it.
LONGEST_DOCUMENT = 400_000
_DEEPEST = 20
_COMMENTS = {
    "window": "How long goods may come back, from which day: placed, shipped or delivered.",
    "auto_approve_up_to": "Returns worth no more are approved at once; 0: a person decides each.",
    "second_approval_above": "Above it a second person approves, too; null: never.",
    "promotions": "A threshold discount that what is kept no longer reaches: keep_share or"
    " reprice_kept.",
    "tender_order": "Which payment is refunded first: card_first, gift_first or ratio.",
    "outbound_shipping": "When the way out comes back: never, merchant_fault or full_return.",
    "fees": "What the customer pays: the way back with tax, and a percentage of the goods.",
    "fee_waived_for": "Who pays no fees.",
    "keep_item_up_to": "What is worth no more is kept by the customer and refunded; 0: never.",
    "keep_item_percent": "What share of such goods is paid.",
    "instant_refund": "Whether all that was approved is paid at the carrier's first scan.",
    "advance_exchange": "Whether what is exchanged goes out before it has come back.",
    "grades": "What share of the goods is paid for units of a grade, or refuse.",
    "lost_parcel": "A parcel that is lost: ask a person, or refund it at once.",
    "store_credit_bonus_percent": "What store credit is worth more than a refund.",
    "store_credit_valid_days": "How long store credit can be spent; null: for ever.",
    "withdrawal": "The statutory right to withdraw; 0 days: there is none.",
    "time_zone": "In which a day begins and ends.",
    "reasons": "The shop's own reasons, and what it says of the usual ones: label, fault, photo,"
    " offered, kinds.",
    "deadlines": "Times like 2d or 12h, instead of those of the settings.",
    "rules": "What differs by category, country, season or reason; the highest priority decides.",
}
# Written with a point they are text anyway.
_DECIMALS = ("_percent", "_rate_above")
_HEAD = "# The policy. Amounts are minor units of the shop's currency; what is left out has its"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextProblem:
    """What is wrong. `line` counts from 1; `pointer` is the place, as the API names it."""

    line: int
    pointer: str
    message: str

    def __str__(self) -> str:
        place = f" ({self.pointer})" if self.pointer else ""
        return f"Line {self.line}{place}: {self.message}"


class PolicyTextError(Exception):
    """A document that is no policy; everything that is wrong with it."""

    def __init__(self, problems: list[TextProblem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def read_policy(text: str) -> Policy:
    """Reads a document; the version is given when it is put in force.

    Raises:
        PolicyTextError: it is no YAML, or a policy would not be followed as it stands there.
    """
    found = _Document()
    body = found.read(text)
    if not isinstance(body, dict):
        message = "A policy begins with a name and a colon, like auto_approve_up_to: 5000."
        raise PolicyTextError([TextProblem(line=1, pointer="", message=message)])
    try:
        policy: Policy = PolicySchema().load(body)
    except ValidationError as error:
        raise PolicyTextError(
            [
                TextProblem(
                    line=found.line_of(problem.pointer),
                    pointer=problem.pointer,
                    message=problem.message.replace("a JSON object", "names with their values"),
                )
                for problem in field_errors(error.messages)
            ]
        ) from None
    return policy


def write_policy(policy: Policy) -> str:
    """A policy as a document that `read_policy` takes, with a word on each part."""
    parts = [f"{_HEAD}\n# default. docs/policy.md explains all of it.\n"]
    for name, value in represent_policy(policy).items():
        comment = f"\n# {_COMMENTS[name]}\n" if name in _COMMENTS else "\n"
        parts.append(comment + _dumped({name: value}))
    return "".join(parts)


def document_of(stored: StoredPolicy) -> str:
    """A version as somebody wrote it, else as we write it."""
    return stored.text or write_policy(stored.policy)


def own_words(text: str, present: StoredPolicy) -> str | None:
    """A document to be kept as it was written; None: we would write the same."""
    return None if text == document_of(present) and present.text is None else text


def difference(before: str, after: str, *, names: tuple[str, str]) -> list[str]:
    """What changed between two documents, comments apart, as lines that begin with + or -."""
    old, new = _without_comments(before), _without_comments(after)
    return list(unified_diff(old, new, names[0], names[1], lineterm="", n=2))


def _without_comments(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _dumped(value: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100))


class _Loader(yaml.SafeLoader):
    """Composes nodes; guesses no types, and follows no aliases, which multiply what is read."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "write it out here: references with * are not taken", event.start_mark
            )
        return super().compose_node(parent, index)


_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", re.compile(r"(?:true|false)\Z"), list("tf")),
    ("int", _WHOLE, list("-0123456789")),
    ("null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _pattern, _first)


@dataclass(slots=True)
class _Document:
    """Reads a document into plain values, and remembers on which line each began."""

    lines: dict[str, int] = field(default_factory=dict)

    def read(self, text: str) -> Any:
        if len(text) > LONGEST_DOCUMENT:
            message = f"That is too long; a policy can have {LONGEST_DOCUMENT:,} characters."
            raise PolicyTextError([TextProblem(line=1, pointer="", message=message)])
        try:
            loader = _Loader(text)
            try:
                node = loader.get_single_node()
            finally:
                loader.dispose()
            return None if node is None else self._plain(node, "", 0)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = 1 if mark is None else mark.line + 1
            raise PolicyTextError(
                [TextProblem(line=line, pointer="", message=_in_words(error))]
            ) from None
        except yaml.reader.ReaderError as error:
            line = text[: error.position].count("\n") + 1
            message = "There is a character that no text file has; delete it."
            raise PolicyTextError([TextProblem(line=line, pointer="", message=message)]) from None
        except RecursionError:
            raise self._refused(1, "", "That is nested too deeply.") from None

    def line_of(self, pointer: str) -> int:
        """The line of a place; of one that isn't there, that of what it is missing in."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines.get(pointer, 1)

    def _plain(self, node: Any, pointer: str, depth: int) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(pointer, line)
        if depth > _DEEPEST:
            raise self._refused(line, pointer, "That is nested too deeply.")
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, pointer, depth))
        if isinstance(node, yaml.SequenceNode):
            return [
                self._plain(item, f"{pointer}/{place}", depth + 1)
                for place, item in enumerate(node.value)
            ]
        return self._scalar(node, line, pointer)

    def _pairs(self, node: Any, pointer: str, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise self._refused(line, pointer, "A name is a word, like window.")
            name = str(key.value)
            if name in seen:
                raise self._refused(line, pointer, f"{name} stands here twice; keep one of them.")
            seen.add(name)
            place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            # The name's line: its value may begin below.
            self.lines[place] = line
            yield name, self._plain(value, place, depth + 1)

    def _scalar(self, node: Any, line: int, pointer: str) -> Any:
        kind = str(node.tag).rpartition(":")[2]
        if kind == "null":
            return None
        if kind == "bool":
            return node.value == "true"
        if kind == "int" and not pointer.endswith(_DECIMALS) and _WHOLE.fullmatch(node.value):
            return int(node.value)
        if kind in ("str", "int"):
            return node.value
        raise self._refused(line, pointer, f"{node.tag} means nothing here; leave it out.")

    def _refused(self, line: int, pointer: str, message: str) -> PolicyTextError:
        return PolicyTextError([TextProblem(line=line, pointer=pointer, message=message)])


def _in_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it can't be read"
    if "'\\t'" in problem:
        return "A tab can't indent; use spaces."
    if "expected a single document" in (error.context or ""):
        return "Here a second document begins; a policy is one. Delete the line with ---."
    if "write it out here" in problem:
        return f"{problem[0].upper()}{problem[1:]}."
    if "mapping values are not allowed" in problem:
        return (
            "A colon is not understood here; put text that has one into quotes, and check the"
            " spaces at the beginning of the line."
        )
    return f"This is not YAML: {problem}. Check spaces, colons and quotes here and just above."
