"""Credit memos: the numbered documents of what was granted."""

import csv
import io
from typing import Any

from flask import Response, request

from models.documents.credit_memo import credit_memo_pdf
from models.money import to_text
from models.rules.ledger_csv import cell
from models.store.credit_memos import (
    WholeMemo,
    list_memos,
    load,
    memo_facts,
    number_text,
    parse_number,
)
from models.store.queries import Place
from web.access import Permission
from web.api.blueprint import PREFIX, ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.credit_memos import CreditMemoPageSchema, CreditMemoSchema
from web.api.schemas.ledger import EntriesAsked, EntryQuery
from web.api.schemas.lists import write_cursor
from web.auth import requires
from web.errors import not_found
from web.representation import represent_grant_lines, represent_time
from web.services import services

blueprint = ResourceBlueprint("credit memos", "The numbered documents of what was granted.")

_COLUMNS = ("number", "issued_at", "return", "order", "kind", "method", "currency", "amount", "tax")


@blueprint.on("GET", "/credit-memos")
@requires(Permission.READ)
@blueprint.takes(EntryQuery, "query")
@blueprint.answers(200, CreditMemoPageSchema, "As `Accept: text/csv` all that match, in one file.")
def read_memos(asked: EntriesAsked) -> Response:
    """List credit memos, newest first."""
    as_file = request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"
    with services().database.read() as session:
        found, following = list_memos(
            session, asked.wanted, limit=None if as_file else asked.limit, before=asked.after
        )
    if as_file:
        return _file(found)
    place = None if following is None else Place(at=None, id=str(following))
    return respond(
        {"data": [_represent(memo) for memo in found], "next_cursor": write_cursor(place)}
    )


@blueprint.on("GET", "/credit-memos/<number>")
@requires(Permission.READ)
@blueprint.answers(200, CreditMemoSchema)
def read_memo(number: str) -> Response:
    """Read one credit memo."""
    return respond(_represent(_find(number)))


@blueprint.on("GET", "/credit-memos/<number>.pdf")
@requires(Permission.READ)
@blueprint.answers(200, content_type="application/pdf")
def read_document(number: str) -> Response:
    """The document, to print or to send."""
    found, settings = _find(number), services().settings
    with services().database.read() as session:
        facts = memo_facts(
            session,
            found,
            shop_name=settings.shop_name,
            shop_email=settings.shop_email,
            time_zone=settings.time_zone,
        )
    return Response(
        credit_memo_pdf(facts),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{facts.number}.pdf"'},
    )


def _find(text: str) -> WholeMemo:
    number = parse_number(text)
    with services().database.read() as session:
        found = None if number is None else load(session, number)
    if found is None:
        raise not_found(f"credit memo {text}")
    return found


def _represent(found: WholeMemo) -> dict[str, Any]:
    memo, grant = found.memo, found.grant
    number = number_text(memo.number)
    address = f"{services().settings.web_url.rstrip('/')}{PREFIX}/credit-memos/{number}"
    return {
        "number": number,
        "return": memo.rma,
        "order": memo.order_number,
        "grant": grant.id,
        "kind": grant.kind,
        "method": grant.method,
        "currency": memo.currency,
        "amount": memo.amount,
        "tax": memo.tax,
        "issued_at": represent_time(memo.issued_at),
        "lines": represent_grant_lines(grant),
        "refunds": [refund.id for refund in found.refunds],
        "links": {"self": address, "pdf": f"{address}.pdf"},
    }


def _file(found: list[WholeMemo]) -> Response:
    """All of them, amounts in major units."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    for each in found:
        shown = _represent(each)
        for name in ("amount", "tax"):
            shown[name] = to_text(shown[name], shown["currency"])
        rows.writerow([cell(shown[name] or "") for name in _COLUMNS])
    return Response(
        out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="credit-memos.csv"'},
    )
