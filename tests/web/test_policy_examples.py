"""The policies in the documents are accepted as they stand there, and do what they say."""

import json
import re
from pathlib import Path

import pytest

from tests.web.api_app import Api

DOCUMENT = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]
POLICIES = [example for example in EXAMPLES if "rules" in example]


def test_the_document_has_a_rule_and_three_shops() -> None:
    assert (len(EXAMPLES), len(POLICIES)) == (4, 3)


@pytest.mark.parametrize("policy", [*POLICIES, {"rules": [EXAMPLES[0]]}])
def test_an_example_is_accepted_and_kept(sqlite_api: Api, policy: dict[str, object]) -> None:
    answer = sqlite_api.put("/policy", policy)
    assert answer.status_code == 200, answer.text
    kept = answer.get_json()
    for name, value in policy.items():
        if name != "rules":
            assert kept[name] == value
    rules = policy["rules"]
    assert isinstance(rules, list)
    for kept_rule, rule in zip(kept["rules"], rules, strict=True):
        assert kept_rule["then"] == rule["then"]
        assert rule["when"].items() <= kept_rule["when"].items()
