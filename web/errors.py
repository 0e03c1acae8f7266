"""Refusals and failures of the API, told as RFC 9457 problem documents."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, json, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from models.messages import ReturnStatus
from web.requests import Conflict, GatewayError, Refused, Unavailable

PROBLEM_TYPE = "application/problem+json"
_RETRY_AFTER_SECONDS = 5
_MESSAGES_IN_DETAIL = 3

_SENTENCES = {
    400: "The request can't be understood; check its address, headers and body.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    413: "The body is too large; send at most 1 MB.",
    415: "Send the body as JSON, with Content-Type: application/json.",
    500: "Something went wrong on our side. Try again; if it stays, tell us the request_id.",
}

_log = structlog.get_logger(__name__)


class Coded(str):
    """A message with the code that programs read."""

    def __new__(cls, message: str, code: str) -> "Coded":
        """Takes both."""
        made = super().__new__(cls, message)
        made.code = code
        return made

    code: str

    def __deepcopy__(self, _memo: dict[int, object]) -> "Coded":
        """Itself: it never changes, and the OpenAPI document is made from copies of schemas."""
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong at one place. `pointer` is a JSON pointer into the body, "" its root."""

    pointer: str
    code: str
    message: str


class Problem(Exception):
    """An answer that is a refusal.

    Args:
        status: the HTTP status.
        code: for programs.
        detail: for people: what is wrong and what to do.
        errors: the places it concerns.
        state: the present state of the return, for a conflict.
        headers: to go with the answer.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        state: ReturnStatus | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.state = state
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The problem document."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "code": self.code,
            "detail": self.detail,
            "errors": [asdict(error) for error in self.errors],
            "request_id": g.get("request_id"),
        }
        if self.state is not None:
            body["state"] = self.state
        return Response(json.dumps(body), int(self.status), self.headers, content_type=PROBLEM_TYPE)


def not_found(what: str) -> Problem:
    """404 for a thing that isn't there, like "return R-1"."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what}.")


def invalid(errors: Sequence[FieldError]) -> Problem:
    """422, saying the first few of the messages."""
    shown = [error.message for error in errors[:_MESSAGES_IN_DETAIL]]
    more = len(errors) - len(shown)
    if more:
        shown.append(f"({more} more in errors.)")
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", " ".join(shown), errors=errors)


def field_errors(messages: object, pointer: str = "") -> list[FieldError]:
    """Flattens marshmallow's nested messages into pointers."""
    return list(_flatten(messages, pointer))


def _flatten(messages: object, pointer: str) -> Iterator[FieldError]:
    if isinstance(messages, Mapping):
        for key, below in messages.items():
            yield from _flatten(below, pointer if key == "_schema" else f"{pointer}/{_escape(key)}")
    elif isinstance(messages, str):
        code = messages.code if isinstance(messages, Coded) else "invalid"
        yield FieldError(pointer=pointer, code=code, message=_named(messages, pointer))
    elif isinstance(messages, Sequence):
        for message in messages:
            yield from _flatten(message, pointer)


def _escape(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _named(message: str, pointer: str) -> str:
    """A schema doesn't know under which name it stands, so its messages begin with a gap."""
    if not message.startswith(" "):
        return str(message)
    *_, name = pointer.split("/")
    name = name.replace("~1", "/").replace("~0", "~")
    if not pointer:
        name = "The body"
    elif name.isdecimal():
        name = f"Item {name}"
    return name + message


def is_api(path: str) -> bool:
    """Whether an address belongs to the API, whose errors are problem documents."""
    return re.match(r"/api(/|$)", path) is not None


def http_problem(error: HTTPException) -> Response | HTTPException:
    """Flask's own errors."""
    if error.code is None:
        return error
    status = HTTPStatus(error.code)
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(error.valid_methods)
    detail = _SENTENCES.get(error.code, f"{status.phrase}.")
    if isinstance(error, RequestEntityTooLarge) and (most := request.max_content_length):
        detail = f"The body is too large; send at most {most // 1_000_000} MB."
    return Problem(status, status.name.lower(), detail, headers=headers).response()


def gateway_problem(error: GatewayError) -> Response:
    """A refusal of the gateway. Other faces than the API handle theirs before this."""
    headers = {}
    errors: list[FieldError] = []
    state = None
    if isinstance(error, Refused):
        errors = [
            FieldError(pointer=refusal.pointer, code=refusal.code, message=refusal.message)
            for refusal in error.refusals
        ]
    elif isinstance(error, Conflict):
        state = error.state
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = str(_RETRY_AFTER_SECONDS)
    return Problem(
        HTTPStatus(error.status),
        error.code,
        error.detail,
        errors=errors,
        state=state,
        headers=headers,
    ).response()


def _database_problem(error: OperationalError | PoolTimeout) -> Response:
    if not is_api(request.path):
        raise error
    # The statement's parameters are personal data; its class and code say enough.
    _log.error("database_unavailable", error=type(error).__name__, code=error.code)
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "The database does not answer now. Try again in a moment.",
        headers={"Retry-After": str(_RETRY_AFTER_SECONDS)},
    ).response()


def register(app: Flask, page: Callable[[HTTPException], ResponseReturnValue]) -> None:
    """Makes the API answer every failure with a problem document, and the rest with a page.

    Args:
        app: the application.
        page: shows Flask's own errors for addresses outside the API.
    """

    def http_error(error: HTTPException) -> ResponseReturnValue:
        return http_problem(error) if is_api(request.path) else page(error)

    app.register_error_handler(Problem, Problem.response)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(GatewayError, gateway_problem)
    app.register_error_handler(OperationalError, _database_problem)
    app.register_error_handler(PoolTimeout, _database_problem)
