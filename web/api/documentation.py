"""The OpenAPI document, and a page that shows it without asking any other host."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Blueprint, Response, render_template

from web.api.blueprint import PREFIX, RedressApi
from web.api.openapi import complete, operations
from web.api.respond import respond
from web.auth import public


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the page."""

    method: str
    path: str
    summary: str
    description: str
    permissions: tuple[str, ...]
    query: tuple[str, ...]
    body: str | None
    answers: tuple[tuple[str, str | None], ...]
    refusals: tuple[str, ...]
    sent: str | None
    answered: str | None


def create_blueprint(api: RedressApi) -> Blueprint:
    """`/api/v1/openapi.json` and `/api/docs`."""
    blueprint = Blueprint("documentation", __name__)

    @cache  # Once all routes are there it stays as it is.
    def completed() -> dict[str, Any]:
        return complete(api.spec.to_dict())

    @blueprint.get(f"{PREFIX}/openapi.json")
    @public
    def openapi() -> Response:
        return respond(completed())

    @blueprint.get("/api/docs")
    @public
    def docs() -> str:
        document = completed()
        groups = {tag["name"]: tag for tag in document["tags"]}
        shown: dict[str, list[Operation]] = {name: [] for name in groups}
        for tag, operation in _shown(document):
            shown[tag].append(operation)
        return render_template(
            "api_docs.html",
            groups=[(groups[name]["description"], found) for name, found in shown.items() if found],
            schemas=sorted(document["components"]["schemas"].items()),
        )

    return blueprint


def _shown(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for method, path, found in operations(document):
        body = found.get("requestBody", {}).get("content", {})
        yield (
            found["tags"][0],
            Operation(
                method=method.upper(),
                path=path,
                summary=found.get("summary", ""),
                description=found.get("description", ""),
                permissions=tuple(found.get("x-permission-any-of", ())),
                query=tuple(
                    parameter["name"]
                    for parameter in found.get("parameters", ())
                    if parameter.get("in") == "query"
                ),
                body=_schema_name(body.get("application/json", {}).get("schema", {})),
                answers=tuple(
                    (status, _answer_schema(answer))
                    for status, answer in sorted(found["responses"].items())
                    if status.startswith("2")
                ),
                refusals=tuple(status for status in sorted(found["responses"]) if status >= "400"),
                sent=_example(body),
                answered=next(
                    (
                        example
                        for answer in found["responses"].values()
                        if (example := _example(answer.get("content", {}))) is not None
                    ),
                    None,
                ),
            ),
        )


def _example(content: dict[str, Any]) -> str | None:
    for described in content.values():
        example = described.get("example")
        if example is not None:
            return example if isinstance(example, str) else json.dumps(example, indent=2)
    return None


def _answer_schema(answer: dict[str, Any]) -> str | None:
    for content in answer.get("content", {}).values():
        return _schema_name(content.get("schema", {}))
    return None


def _schema_name(schema: dict[str, Any]) -> str | None:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or None
