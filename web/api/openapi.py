"""The OpenAPI document, completed: ids, each status an operation may answer, links, examples.

flask-smorest describes bodies and answers. What follows from the kind of a call (a key is asked
for, a body is read, a thing is named in the address) is the same for all of them, and is added
here, so that no view has to repeat it.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from web.api.blueprint import PREFIX
from web.errors import PROBLEM_TYPE
from web.versions import HEADER as VERSION_HEADER
from web.versions import VERSIONS

METHODS = ("get", "post", "put", "patch", "delete")

_PROBLEMS = {
    400: "It can't be understood: a body that isn't JSON, an Idempotency-Key that isn't one, a"
    f" {VERSION_HEADER} that there isn't.",
    401: "No valid API key came with it.",
    403: "The key may not do this.",
    404: "There is no such thing.",
    409: "It doesn't fit the present state, which is given; or the first call with this"
    " Idempotency-Key still runs.",
    410: "This call was carried out; its answer was erased with its customer's data.",
    412: "It isn't what If-Match names any more; read it again.",
    413: "The body is too large.",
    415: "The body is of another type than is read here.",
    422: "Its content is refused; `errors` points at each wrong place.",
    429: "Too many calls with this key; wait as long as Retry-After says.",
    503: "A part of Redress doesn't answer; try again after Retry-After.",
}
_HEADERS: dict[str, dict[str, Any]] = {
    "Retry-After": {
        "description": "Seconds to wait before calling again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-Request-Id": {
        "description": "Names this call in our logs; the request_id of a problem.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the new thing is.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "This is the first answer to this Idempotency-Key once more.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "ETag": {
        "description": "Names what was read, for If-None-Match and If-Match.",
        "schema": {"type": "string"},
    },
    VERSION_HEADER: {
        "description": "The version that this answer is of.",
        "schema": {"type": "string", "enum": list(VERSIONS)},
    },
    "RateLimit": {
        "description": "The calls left to this key, and the seconds until all are.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "This key's burst, and the seconds in which it fills again.",
        "schema": {"type": "string"},
    },
}
_PARAMETERS: dict[str, dict[str, Any]] = {
    VERSION_HEADER: {
        "description": "Asks for another version than the one of the key.",
        "schema": {"type": "string", "enum": list(VERSIONS)},
    },
    "If-None-Match": {
        "description": "An ETag: 304 without a body, as long as nothing has changed.",
        "schema": {"type": "string"},
    },
    "If-Match": {
        "description": "An ETag: 412 and no change, when it isn't what was seen any more.",
        "schema": {"type": "string"},
    },
}
_ALWAYS = ("X-Request-Id", VERSION_HEADER)
_LIMITED = ("RateLimit", "RateLimit-Policy")
_WAITS = frozenset({409, 429, 503})
# What names a thing in the address, by the schema of the answer that tells it.
_NAMES_OF = {
    "Return": {"rma": "$response.body#/rma", "refund": "$response.body#/refunds/0/id"},
    "Taken": {"rma": "$response.body#/rma"},
    "ReturnPage": {"rma": "$response.body#/data/0/rma"},
    "TaskPage": {"task": "$response.body#/data/0/id"},
    "CreditMemoPage": {"number": "$response.body#/data/0/number"},
}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation with its method and path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def operation_id(method: str, path: str) -> str:
    """The same for as long as the operation has its address, like `post_returns_rma_cancel`."""
    return re.sub(r"\W+", "_", f"{method}{path.removeprefix(PREFIX)}").strip("_")


def complete(made: dict[str, Any]) -> dict[str, Any]:
    """The document with all that belongs into it."""
    document = deepcopy(made)
    document["components"]["responses"] = {
        name: _problem(status) for status, name in _names().items()
    }
    document["components"]["headers"] = deepcopy(_HEADERS)
    document["components"]["parameters"] = {
        name: {"in": "header", "name": name, **deepcopy(told)} for name, told in _PARAMETERS.items()
    }
    examples = load_examples()
    for method, path, operation in operations(document):
        operation["operationId"] = operation_id(method, path)
        _tell_statuses(document, method, path, operation)
        _tell_headers(method, operation)
        _tell_parameters(operation)
        _show(operation, examples.get(operation["operationId"]))
    _link(document)
    return document


def load_examples() -> dict[str, dict[str, Any]]:
    """What was sent and answered, by operation: `{"request"?, "status", "answer"?}`."""
    found: dict[str, dict[str, Any]] = json.loads(
        files("web.api").joinpath("examples.json").read_text(encoding="utf-8")
    )
    return found


def _names() -> dict[int, str]:
    return {status: HTTPStatus(status).name for status in _PROBLEMS}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[status],
        "headers": _headers(*_ALWAYS, *_LIMITED, *(["Retry-After"] if status in _WAITS else ())),
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _tell_statuses(
    document: dict[str, Any], method: str, path: str, operation: dict[str, Any]
) -> None:
    responses = operation["responses"]
    responses.pop("default", None)
    # Each call may ask for a version that there isn't.
    found = {400, 503}
    if operation.get("security") != []:
        found |= {401, 403, 429}
    # `after` names an event.
    names_one = any(asked["name"] == "after" for asked in operation.get("parameters", ()))
    if "{" in path or method == "post" or names_one:
        found.add(404)
    if any(parameter["in"] == "query" for parameter in operation.get("parameters", ())):
        found.add(422)
    if method != "get":
        found |= {409, 413, 415, 422}
    if _takes(operation, "Idempotency-Key"):
        found.add(410)
    if _takes(operation, "If-Match"):
        found.add(412)
    if method == "get":
        responses["304"] = {"description": "It is what If-None-Match names; nothing is sent."}
        responses["414"] = {
            "description": "The address is too long; the HTTP server says so, in its own words.",
            "content": {"text/html": {}},
        }
    names = _names()
    for status in sorted(found):
        responses[str(status)] = {"$ref": f"#/components/responses/{names[status]}"}
    operation["responses"] = dict(sorted(responses.items()))


def _tell_headers(method: str, operation: dict[str, Any]) -> None:
    limited = _LIMITED if operation.get("security") != [] else ()
    for status, response in operation["responses"].items():
        if "$ref" in response or status == "414":
            continue
        names = [*_ALWAYS, *limited]
        if method == "get":
            names.append("ETag")
        if status == "201" and method == "post":
            names.append("Location")
        if _takes(operation, "Idempotency-Key") and status != "202":
            names.append("Idempotent-Replayed")
        response.setdefault("headers", {}).update(_headers(*names))


def _tell_parameters(operation: dict[str, Any]) -> None:
    """The headers that any call may have, each of which is described once."""
    kept = [asked for asked in operation.get("parameters", ()) if asked["name"] not in _PARAMETERS]
    names = [VERSION_HEADER]
    names += ["If-None-Match"] if "304" in operation["responses"] else []
    names += ["If-Match"] if "412" in operation["responses"] else []
    operation["parameters"] = kept + [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _takes(operation: dict[str, Any], header: str) -> bool:
    return any(asked["name"] == header for asked in operation.get("parameters", ()))


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _show(operation: dict[str, Any], example: dict[str, Any] | None) -> None:
    if example is None:
        return
    if "request" in example:
        # Of the ways a file may come, the first is shown.
        content = next(iter(operation["requestBody"]["content"].values()))
        content["example"] = example["request"]
    answer = operation["responses"][str(example["status"])]
    if "answer" in example:
        for content in answer["content"].values():
            content["example"] = example["answer"]


def _link(document: dict[str, Any]) -> None:
    """What an answer names can be followed to every operation that takes that name alone."""
    takers: dict[str, list[str]] = {}
    for _method, path, operation in operations(document):
        parameters = re.findall(r"{(\w+)}", path)
        # An id is that of the thing its address begins with.
        if len(parameters) == 1:
            name = parameters[0] if parameters[0] != "id" else path.split("{")[0]
            takers.setdefault(name, []).append(operation["operationId"])
    for _, path, operation in operations(document):
        for status, response in operation["responses"].items():
            if status not in {"200", "201", "202"}:
                continue
            links = {
                target: {"operationId": target, "parameters": {parameter: expression}}
                for name, parameter, expression in _named_by(path, response)
                for target in takers.get(name, ())
                if target != operation["operationId"]
            }
            if links:
                response["links"] = links
    _link_order_to_return(document)


def _named_by(path: str, response: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What the answer names: the taker's key, the parameter's name, where it stands."""
    for content in response.get("content", {}).values():
        schema = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        for name, expression in _NAMES_OF.get(schema, {}).items():
            yield name, name, expression
        if schema.endswith("Page"):
            yield f"{path}/", "id", "$response.body#/data/0/id"
        elif schema:
            yield f"{path}/", "id", "$response.body#/id"


def _link_order_to_return(document: dict[str, Any]) -> None:
    """An order that was put can be returned."""
    put = document["paths"][f"{PREFIX}/orders/{{number}}"]["put"]
    body = {
        "order": "$request.path.number",
        "lines": [{"line": "$request.body#/lines/0/id", "quantity": 1, "reason": "too_small"}],
    }
    for status in ("200", "201"):
        put["responses"][status]["links"] = {
            target: {"operationId": target, "requestBody": body}
            for target in ("post_quotes", "post_returns")
        }
