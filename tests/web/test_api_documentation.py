"""The OpenAPI document and the page that shows it."""

import json
import re
from typing import Any

import jsonschema_rs

from tests.web.api_app import BASE, Api
from web.api.openapi import load_examples, operation_id, operations
from web.auth import access_rule
from web.errors import is_api


def test_every_route_stands_in_the_document_with_its_permission(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    described = 0
    for rule in sqlite_api.app.url_map.iter_rules():
        if not is_api(rule.rule) or rule.endpoint.startswith("documentation."):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = document["paths"][path][method.lower()]
            access = access_rule(sqlite_api.app.view_functions[rule.endpoint])
            assert access is not None
            assert operation.get("x-permission-any-of", []) == sorted(access.any_of)
            assert operation["summary"]
            assert "default" not in operation["responses"]
            assert operation["responses"]["503"]
            described += 1
    assert described > 20


def test_a_call_that_names_a_thing_tells_that_there_may_be_none(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    for path, method in (("returns/{rma}", "get"), ("returns", "post"), ("events", "get")):
        assert "404" in document["paths"][f"{BASE}/{path}"][method]["responses"], path
    assert "404" not in document["paths"][f"{BASE}/tasks"]["get"]["responses"]


def test_what_comes_of_a_header_stands_where_the_header_is_heeded(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    for method, path, operation in operations(document):
        names = [asked.get("$ref", asked.get("name")) for asked in operation["parameters"]]
        asked = {name.rpartition("/")[2] for name in names}
        told = set(operation["responses"])
        name = f"{method} {path}"
        assert "Redress-Version" in asked, name
        assert {"400", "503"} <= told, name
        assert ("304" in told) == ("If-None-Match" in asked) == (method == "get"), name
        assert ("410" in told) == ("Idempotency-Key" in asked), name
        assert ("412" in told) == ("If-Match" in asked) == (name == f"put {BASE}/policy"), name
    headers = document["paths"][f"{BASE}/returns/{{rma}}"]["get"]["responses"]["200"]["headers"]
    assert {"ETag", "Redress-Version", "RateLimit", "X-Request-Id"} <= set(headers)


def test_bodies_and_answers_are_described_strictly(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    schemas = document["components"]["schemas"]
    line = schemas["RequestedLine"]
    assert line["additionalProperties"] is False
    assert line["properties"]["quantity"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10**9,
    }
    # Shops have reasons of their own, so that it is no closed list.
    reason = line["properties"]["reason"]
    assert (reason["type"], reason["maxLength"], "enum" in reason) == ("string", 30, False)
    assert "too_small" in reason["description"]
    said = schemas["Policy"]["properties"]["reasons"]["additionalProperties"]["$ref"]
    assert "label" in schemas[said.rpartition("/")[2]]["properties"]
    assert sorted(line["required"]) == ["line", "quantity", "reason"]
    for problem in document["components"]["responses"].values():
        assert list(problem["content"]) == ["application/problem+json"]
    assert document["security"] == [{"apiKey": []}]
    assert document["paths"][f"{BASE}/webhooks/{{provider}}"]["post"]["security"] == []


def test_the_page_lists_every_operation_and_asks_no_other_host(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    page = sqlite_api.client.get("/api/docs")
    assert page.status_code == 200
    for path, item in document["paths"].items():
        assert page.text.count(f"<code>{path}</code>") == len(set(item) - {"parameters"})
    for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert address.startswith(("/", "#")), address
    assert "<script" not in page.text
    assert "style=" not in page.text
    for anchor in re.findall(r'href="#(\w+)"', page.text):
        assert f'id="{anchor}"' in page.text
    style = re.search(r'href="(/static/[^"]+css)"', page.text)
    assert style is not None
    with sqlite_api.client.get(style[1]) as sheet:
        assert sheet.status_code == 200


def test_every_operation_has_an_example_of_the_shape_it_describes(sqlite_api: Api) -> None:
    document = sqlite_api.client.get(f"{BASE}/openapi.json").get_json()
    examples = load_examples()
    described = {operation_id(method, path): item for method, path, item in operations(document)}
    # What comes from a provider is told in its own documentation.
    assert set(described) - set(examples) == {"post_webhooks_provider"}
    assert set(examples) <= set(described)
    for name, operation in described.items():
        if name not in examples:
            continue
        example = examples[name]
        answer = operation["responses"][str(example["status"])]
        if "answer" in example:
            hold(document, answer["content"]["application/json"], example["answer"])
        else:
            assert answer["content"], name
            assert "application/json" not in answer["content"], name
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            hold(document, body, example.get("request", {}))


def hold(document: dict[str, Any], content: dict[str, Any], example: object) -> None:
    """The example is one of what the document says of it, and stands there."""
    schema = {**content["schema"], "components": document["components"]}
    jsonschema_rs.validator_for(schema).validate(example)
    assert content.get("example", {}) == json.loads(json.dumps(example))
