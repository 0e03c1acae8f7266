"""ETags: a caller asks whether something changed, or changes only what it has seen."""

import hashlib
from http import HTTPStatus
from typing import Any

from flask import Response, json, request

from web.compression import pack, shall_pack
from web.errors import Problem, is_api

# A packed answer is another one to HTTP, so its tag differs.
_PACKED = "-gzip"


def finish(response: Response) -> Response:
    """After each request: tags what was read, says 304 to who has it, and packs the rest."""
    if not is_api(request.path):
        return response
    response.vary.update(["Accept", "Accept-Encoding"])
    packed = shall_pack(response)
    if _is_read(response):
        response.set_etag(_digest(response.get_data()) + (_PACKED if packed else ""))
        if request.headers.get("If-Match") is None:
            response.make_conditional(request)
            packed = packed and response.status_code == HTTPStatus.OK
    if packed:
        pack(response)
    return response


def require_match(body: Any) -> None:
    """Refuses a change by somebody who saw something else than `body`, what GET answers now.

    Raises:
        Problem: 412, when the request has an `If-Match` that doesn't name it.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None:
        return
    tag = _digest(write_json(body).encode())
    # Not by `request.if_match` alone: it takes a header that names nothing for none at all.
    if not any(request.if_match.contains(seen) for seen in (tag, tag + _PACKED)):
        raise Problem(
            HTTPStatus.PRECONDITION_FAILED,
            "precondition_failed",
            "It is no longer what you saw; read it again and decide anew.",
        )


def write_json(body: Any) -> str:
    """A body as answers of the API have it."""
    return json.dumps(body) + "\n"


def _is_read(response: Response) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.status_code == HTTPStatus.OK
        and not response.is_streamed
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
