"""The OpenAPI document, and a page that shows it without asking any other host."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template

from web.api.blueprint import PREFIX, RedressApi
from web.api.respond import respond
from web.auth import public

_METHODS = ("get", "post", "put", "patch", "delete")


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


def create_blueprint(api: RedressApi) -> Blueprint:
    """`/api/v1/openapi.json` and `/api/docs`."""
    blueprint = Blueprint("documentation", __name__)

    @blueprint.get(f"{PREFIX}/openapi.json")
    @public
    def openapi() -> Response:
        return respond(api.spec.to_dict())

    @blueprint.get("/api/docs")
    @public
    def docs() -> str:
        document = api.spec.to_dict()
        groups = {tag["name"]: tag for tag in document["tags"]}
        operations: dict[str, list[Operation]] = {name: [] for name in groups}
        for tag, operation in _operations(document):
            operations[tag].append(operation)
        return render_template(
            "api_docs.html",
            groups=[
                (groups[name]["description"], found) for name, found in operations.items() if found
            ],
            schemas=sorted(document["components"]["schemas"].items()),
        )

    return blueprint


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            found = item[method]
            body = found.get("requestBody", {}).get("content", {}).get("application/json", {})
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
                        if parameter["in"] == "query"
                    ),
                    body=_schema_name(body.get("schema", {})),
                    answers=tuple(
                        (status, _answer_schema(answer))
                        for status, answer in sorted(found["responses"].items())
                        if status.startswith("2")
                    ),
                ),
            )


def _answer_schema(answer: dict[str, Any]) -> str | None:
    for content in answer.get("content", {}).values():
        return _schema_name(content.get("schema", {}))
    return None


def _schema_name(schema: dict[str, Any]) -> str | None:
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or None
