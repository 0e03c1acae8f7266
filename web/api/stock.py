"""Stock moves: where inspected units went."""

from collections.abc import Iterator

from flask import Response, request

from models.stock_csv import moves_csv
from models.store.queries import Place
from models.store.stock import MoveFilter, list_moves, stream_moves
from models.tables import StockMove
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.lists import write_cursor
from web.api.schemas.stock import MoveQuery, MovesAsked, StockMovePageSchema
from web.auth import requires
from web.representation import Json, represent_time
from web.services import services

blueprint = ResourceBlueprint("stock moves", "Where inspected units went.")

_JSON, _CSV = "application/json", "text/csv"


@blueprint.on("GET", "/stock-moves")
@requires(Permission.READ)
@blueprint.takes(MoveQuery, "query")
@blueprint.answers(200, StockMovePageSchema, "As `Accept: text/csv` all that match, in one file.")
def list_all(asked: MovesAsked) -> Response:
    """List stock moves in the order they were made."""
    if request.accept_mimetypes.best_match([_JSON, _CSV]) == _CSV:
        return moves_file(asked.wanted)
    with services().database.read() as session:
        page = list_moves(session, asked.wanted, limit=asked.limit, after=asked.after)
    place = None if page.next is None else Place(at=None, id=str(page.next))
    return respond(
        {
            "data": [_represent(move) for move in page.moves],
            "next_cursor": write_cursor(place),
        }
    )


def moves_file(wanted: MoveFilter) -> Response:
    """All moves that match as a file, sent while it is read."""
    database = services().database

    def rows() -> Iterator[str]:
        with database.read() as session:
            yield from moves_csv(stream_moves(session, wanted))

    response = Response(rows(), content_type=f"{_CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="stock-moves.csv"'
    return response


def _represent(move: StockMove) -> Json:
    return {
        "number": move.id,
        "return": move.rma,
        "line": move.line,
        "sku": move.sku,
        "quantity": move.quantity,
        "grade": move.grade,
        "disposition": move.disposition,
        "accepted": move.accepted,
        "actor": move.actor,
        "at": represent_time(move.at),
    }
