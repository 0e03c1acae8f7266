"""The rule in the documents is accepted as it stands there, and does what it says."""

import json
import re
from pathlib import Path

from tests.web.api_app import Api
from web.policy_yaml import read_policy

DOCUMENT = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def test_the_rule_of_the_document_is_accepted_and_kept(sqlite_api: Api) -> None:
    [rule] = [json.loads(block) for block in blocks("json")]
    answer = sqlite_api.put("/policy", {"rules": [rule]})
    assert answer.status_code == 200, answer.text
    [kept] = answer.get_json()["rules"]
    assert kept["then"] == rule["then"]
    assert rule["when"].items() <= kept["when"].items()


def test_the_reasons_and_deadlines_of_the_document_are_a_policy() -> None:
    [text] = blocks("yaml")
    policy = read_policy(text)
    assert (len(policy.reasons), len(policy.deadlines)) == (4, 2)
