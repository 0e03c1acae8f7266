"""gzip in both directions: bodies that callers send packed, and answers to who can unpack them.

Answers are packed for the API only. A page of the staff answers with a token against forged forms
and with what somebody typed, and packing both together would let an onlooker guess the one with
the other; a program's key is nothing a browser would send by itself.
"""

import gzip
import io
import zlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from web.errors import Problem, is_api

View = TypeVar("View", bound=Callable[..., Any])
_UNPACKS_ITSELF = "unpacks_itself"
# Below this a packed answer is hardly smaller.
_SMALLEST = 1000
_LEVEL = 6
_PACKED_TYPES = frozenset(
    {"application/json", "application/problem+json", "text/csv", "text/plain"}
)
_GZIP = 16 + zlib.MAX_WBITS


def unpacks_itself(view: View) -> View:
    """For a view that reads packed bodies as they stream in."""
    setattr(view, _UNPACKS_ITSELF, True)
    return view


def unpack_body() -> None:
    """Before each request of the API, after its largest body is known: what comes packed.

    Never more than the largest body is unpacked, however much a small one would grow to.

    Raises:
        Problem: 415 for another packing than gzip, 400 for what isn't gzip.
        RequestEntityTooLarge: 413.
    """
    packing = request.headers.get("Content-Encoding", "").strip().lower()
    if packing in ("", "identity") or not is_api(request.path):
        return
    if packing not in ("gzip", "x-gzip"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Send the body as it is, or packed with Content-Encoding: gzip.",
            headers={"Accept-Encoding": "gzip"},
        )
    if getattr(current_app.view_functions.get(request.endpoint or ""), _UNPACKS_ITSELF, False):
        return
    most = request.max_content_length or 0
    environ = request.environ
    packed = get_input_stream(environ, max_content_length=most).read()
    body = _unpack(packed, most)
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    del environ["HTTP_CONTENT_ENCODING"]


def _unpack(packed: bytes, most: int) -> bytes:
    reader = zlib.decompressobj(_GZIP)
    try:
        body = reader.decompress(packed, most + 1)
    except zlib.error:
        raise _broken() from None
    if len(body) > most:
        raise RequestEntityTooLarge
    if not reader.eof or reader.unused_data:
        raise _broken()
    return body


def _broken() -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "malformed_gzip",
        "The body is not one whole gzip stream; pack it again or send it as it is.",
    )


def shall_pack(response: Response) -> bool:
    """Whether the caller gets this answer packed."""
    return (
        is_api(request.path)
        and not response.is_streamed
        and response.mimetype in _PACKED_TYPES
        and "Content-Encoding" not in response.headers
        and len(response.get_data()) >= _SMALLEST
        and request.accept_encodings["gzip"] > 0
        and request.accept_encodings["gzip"] >= request.accept_encodings["identity"]
    )


def pack(response: Response) -> None:
    """Packs an answer; the same one always into the same bytes."""
    response.set_data(gzip.compress(response.get_data(), _LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
