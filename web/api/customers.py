"""What is held about a person: a copy of it, and its erasure."""

from datetime import UTC, datetime

from flask import Response

from models.outbox import DIRECTORY, mail_file
from models.store.personal_data import Erased, StillOpen, erase, find_subject
from models.store.personal_export import export
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.customers import ErasureSchema, ExportSchema
from web.auth import current_actor, requires
from web.errors import not_found
from web.representation import represent_time
from web.requests import Conflict
from web.services import services

blueprint = ResourceBlueprint("customers", "What is held about a person.")


@blueprint.on("GET", "/customers/<path:id>/export")
@requires(Permission.PRIVACY)
@blueprint.answers(200, ExportSchema)
def export_data(id: str) -> Response:
    """Read all that is held about a person.

    A customer with an id by that, the customer of one order by `order:<number>`, and the contact
    that came with one return, a gift's recipient say, by `return:<rma>`.
    """
    with services().database.read() as session:
        subject = find_subject(session, id)
        if subject is None:
            raise not_found(f"customer {id}")
        found = export(session, subject)
    address = f"{services().settings.web_url.rstrip('/')}/api/v1/returns"
    for row in found["returns"]:
        for photo in row["photos"]:
            photo["address"] = f"{address}/{row['rma']}/photos/{photo['id']}"
    return respond(found)


@blueprint.on("DELETE", "/customers/<path:id>/personal-data")
@requires(Permission.PRIVACY)
@blueprint.answers(200, ErasureSchema)
def erase_data(id: str) -> Response:
    """Erase names, addresses, mails, words and photos of a person; the books stay.

    Named as for the export. It is refused while a return of theirs is open, and may be repeated.
    """
    try:
        with services().database.write() as session:
            subject = find_subject(session, id)
            if subject is None:
                raise not_found(f"customer {id}")
            erased = erase(session, subject, actor=current_actor().id, now=datetime.now(UTC))
    except StillOpen as error:
        raise Conflict(
            f"{error} Cancel or finish them first; until then these data are needed.",
            code="open_returns",
        ) from None
    # After the rows, which name the files: a call that died in between finds them again.
    _remove_files(erased)
    services().database.tidy_log()
    return respond(
        {
            "customer": subject.name,
            "erased_at": represent_time(erased.row.at),
            "erased_by": erased.row.actor,
            "orders": subject.orders,
            "returns": subject.rmas,
        }
    )


def _remove_files(erased: Erased) -> None:
    directory = services().settings.data_dir / DIRECTORY
    for key in erased.files:
        mail_file(directory, key).unlink(missing_ok=True)
