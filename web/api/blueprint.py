"""Blueprints of the API: strict parsing of requests, and the OpenAPI document made from them."""

import json
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

import marshmallow
from flask import Flask, Request, Response, g, request
from flask_smorest import Api, Blueprint
from flask_smorest.utils import prepare_response
from webargs.core import is_json
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from web.api.schemas.answers import ProblemSchema
from web.errors import PROBLEM_TYPE, Coded, Problem, field_errors, http_problem, invalid

PREFIX = "/api/v1"
View = TypeVar("View", bound=Callable[..., Any])


def json_body() -> Any:
    """The request's body; of a POST, none at all counts as an empty object.

    Raises:
        Problem: 415 for another type than JSON, 400 for what isn't JSON.
    """
    if "json_body" not in g:
        g.json_body = _read_json(request)
    return g.json_body


def _read_json(asked: Request) -> Any:
    raw = asked.get_data(cache=True)
    if asked.content_length is None and len(raw) >= (asked.max_content_length or sys.maxsize):
        # Of a body whose length wasn't told, werkzeug gives the beginning without a word.
        raise RequestEntityTooLarge
    if not raw:
        if asked.method == "POST":
            return {}
        # A PUT of nothing would set everything back to its default.
        raise Problem(HTTPStatus.BAD_REQUEST, "missing_body", "Send the whole object as JSON.")
    if not is_json(asked.mimetype):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the body as JSON, with Content-Type: application/json.",
        )
    try:
        return json.loads(raw.decode(), parse_constant=_refuse_constant)
    # ValueError also comes from numbers with thousands of digits, RecursionError from brackets.
    except (ValueError, RecursionError):
        raise Problem(
            HTTPStatus.BAD_REQUEST, "malformed_json", "The body is not JSON; check its syntax."
        ) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _Parser(FlaskParser):
    """Refuses what a schema doesn't know, in queries too, and answers with problem documents."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  webargs reads it from the class
        "json": marshmallow.RAISE,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The body, read once."""
        return json_body()

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query, of which nothing is dropped: a parameter given twice is refused."""
        twice = [name for name, given in req.args.lists() if len(given) > 1]
        if twice:
            message = Coded(" stands in the query more than once; give it once.", "twice")
            raise invalid(field_errors({name: [message] for name in twice}))
        return super().load_querystring(req, schema)

    def handle_error(
        self, error: marshmallow.ValidationError, *args: object, **kwargs: object
    ) -> NoReturn:
        """422 with a pointer to each wrong place."""
        messages = error.messages_dict
        raise invalid([found for at in messages.values() for found in field_errors(at)])


class ResourceBlueprint(Blueprint):  # type: ignore[misc]  # the library has no types
    """A blueprint for one kind of resource."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, f"web.api.{name}", url_prefix=PREFIX, description=description)

    def on(self, method: str, rule: str) -> Callable[[View], View]:
        """Serves a method of an address."""

        def register(view: View) -> View:
            self.add_url_rule(rule, view.__name__, view, methods=[method])
            return view

        return register

    def takes(
        self, schema: type[marshmallow.Schema], location: str = "json"
    ) -> Callable[[View], View]:
        """Parses the body or the query and passes what the schema makes of it first."""
        found: Callable[[View], View] = self.arguments(schema(), location=location)
        return found

    def matches(self) -> Callable[[View], View]:
        """Tells in the OpenAPI document that the view heeds `If-Match`."""
        asked = {"in": "header", "name": "If-Match", "schema": {"type": "string"}}
        found: Callable[[View], View] = self.doc(parameters=[asked])
        return found

    def takes_files(self, *content_types: str) -> Callable[[View], View]:
        """Tells in the OpenAPI document that the body is a file of one of these types."""
        content: dict[str, Any] = {name: {} for name in content_types}
        found: Callable[[View], View] = self.doc(requestBody={"required": True, "content": content})
        return found

    def takes_form(self, *required: str, **properties: dict[str, Any]) -> Callable[[View], View]:
        """Tells in the OpenAPI document that the body is a form with files."""
        schema = {
            "type": "object",
            "required": list(required),
            "properties": properties,
            "additionalProperties": False,
        }
        content = {"multipart/form-data": {"schema": schema}}
        found: Callable[[View], View] = self.doc(requestBody={"required": True, "content": content})
        return found

    def answers(
        self,
        status: int,
        schema: type[marshmallow.Schema] | None = None,
        description: str | None = None,
        *,
        content_type: str | None = None,
    ) -> Callable[[View], View]:
        """Tells in the OpenAPI document what an answer looks like; views return responses."""
        file = {"type": "string", "contentMediaType": content_type} if content_type else None
        found: Callable[[View], View] = self.alt_response(
            status,
            schema=schema or file,
            description=description,
            content_type=content_type,
            success=True,
        )
        return found


class RedressApi(Api):  # type: ignore[misc]
    """The OpenAPI document, whose errors are problem documents."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        app.config.update(
            API_TITLE="Redress",
            API_VERSION="1",
            OPENAPI_VERSION="3.1.0",
            API_SPEC_OPTIONS={
                "info": {"description": "Returns, exchanges and refunds."},
                "security": [{"apiKey": []}],
            },
        )
        super().__init__(app)
        self.spec.components.security_scheme("apiKey", {"type": "http", "scheme": "bearer"})

    def handle_http_exception(self, error: HTTPException) -> Response | HTTPException:
        """Flask's own errors, as problem documents."""
        return http_problem(error)

    def _register_responses(self) -> None:
        for name in [status.name for status in HTTPStatus] + ["DEFAULT_ERROR"]:
            response = {"description": "A problem (RFC 9457)", "schema": self.ERROR_SCHEMA}
            prepare_response(response, self.spec, PROBLEM_TYPE)
            self.spec.components.response(name, response, lazy=True)
