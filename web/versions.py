"""The API's version of an answer, a date: the one the caller names, or the one of its key.

A change that would break a caller makes a new date here, and what it changes asks `version_used()`
which way to answer. Fields are added without one.
"""

from http import HTTPStatus

from flask import Response, g, request

from web.errors import Problem

HEADER = "Redress-Version"
# Oldest first.
VERSIONS = ("2026-11-01",)
NEWEST = VERSIONS[-1]


def choose_version(pinned: str | None = None) -> None:
    """Settles which version this request gets.

    Args:
        pinned: the version of the caller's key; None: the newest.

    Raises:
        Problem: 400 for a version there isn't.
    """
    pin_version(pinned)
    asked = request.headers.get(HEADER)
    if asked is not None and asked not in VERSIONS:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "unknown_version",
            f"There is no such version; {HEADER} may be {' or '.join(VERSIONS)}.",
        )
    g.version = asked or g.version


def pin_version(pinned: str | None) -> None:
    """The version of the caller's key, which a refusal has before the one asked for is settled."""
    g.version = pinned or NEWEST


def version_used() -> str:
    """The version this request gets."""
    used: str = g.version
    return used


def tell_version(response: Response) -> None:
    """Puts the version into the answer: the newest, when it was refused before one was settled."""
    response.headers[HEADER] = g.get("version", NEWEST)
