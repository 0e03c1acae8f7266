"""Answers of the API: JSON, and a return as it stands after a call."""

from http import HTTPStatus
from typing import Any

from flask import Response

from models.store.queries import load_return, load_submission
from web.errors import not_found
from web.representation import (
    represent_links,
    represent_return,
    represent_submission,
    return_address,
)
from web.requests import Answer
from web.services import services
from web.validators import write_json


def respond(
    body: Any, status: HTTPStatus = HTTPStatus.OK, *, location: str | None = None
) -> Response:
    """A JSON answer."""
    response = Response(write_json(body), status, content_type="application/json")
    if location is not None:
        response.headers["Location"] = location
    return response


def read_return(rma: str) -> dict[str, Any]:
    """A return as the database has it, or as it was asked for when it isn't recorded yet.

    Raises:
        Problem: 404.
    """
    with services().database.read() as session:
        found = load_return(session, rma)
        if found is not None:
            return represent_return(found, services().settings)
        submission = load_submission(session, rma)
        if submission is not None:
            return represent_submission(submission, services().settings)
    raise not_found(f"return {rma}")


def respond_taken(answer: Answer) -> Response:
    """202: the call is taken and will be carried out."""
    body = {
        "rma": answer.rma,
        "status": answer.status,
        "links": represent_links(services().settings, answer.rma),
    }
    return respond(
        body,
        HTTPStatus.ACCEPTED,
        location=return_address(services().settings, answer.rma),
    )


def respond_return(answer: Answer, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """The return as it stands now; 202 when the call isn't carried out yet."""
    if not answer.settled:
        return respond_taken(answer)
    body = read_return(answer.rma)
    location = body["links"]["self"] if status is HTTPStatus.CREATED else None
    return respond(body, status, location=location)
