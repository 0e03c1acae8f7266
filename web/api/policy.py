"""The shop's policy and its versions."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response
from sqlalchemy.exc import IntegrityError

from models.rules.policy import Policy
from models.store.policy_versions import StoredPolicy, list_policies, newest_policy, save_policy
from models.store.queries import Place
from web.access import Permission
from web.api.blueprint import ResourceBlueprint
from web.api.respond import respond
from web.api.schemas.answers import PolicyPageSchema
from web.api.schemas.lists import VersionQuery, write_cursor
from web.api.schemas.policy import PolicySchema
from web.auth import current_actor, requires
from web.errors import Problem
from web.representation import represent_policy_version
from web.sandbox_keys import open_to_sandbox_keys
from web.services import services
from web.validators import require_match

blueprint = ResourceBlueprint("policy", "The versioned rules of the shop.")


@blueprint.on("GET", "/policy")
@open_to_sandbox_keys
@requires(Permission.READ)
@blueprint.answers(200, PolicySchema)
def read_policy() -> Response:
    """Read the policy in force."""
    return respond(represent_policy_version(_in_force()))


@blueprint.on("PUT", "/policy")
@requires(Permission.POLICY)
@blueprint.matches()
@blueprint.takes(PolicySchema)
@blueprint.answers(200, PolicySchema)
def put_policy(policy: Policy) -> Response:
    """Put a policy in force; what is left out gets its default.

    What GET gives may be PUT back: the read-only fields are ignored, and a policy that changes
    nothing makes no new version. With `If-Match` and the ETag of what GET gave, it is put in force
    only if nobody changed it since.
    """
    try:
        with services().database.write() as session:
            require_match(represent_policy_version(newest_policy(session)))
            save_policy(session, policy, actor=current_actor().id, now=datetime.now(UTC))
    except IntegrityError:
        raise Problem(
            HTTPStatus.CONFLICT,
            "changed_meanwhile",
            "Somebody changed the policy at the same moment; read it again.",
        ) from None
    return respond(represent_policy_version(_in_force()))


@blueprint.on("GET", "/policy/versions")
@requires(Permission.READ)
@blueprint.takes(VersionQuery, "query")
@blueprint.answers(200, PolicyPageSchema)
def read_versions(query: tuple[int, int | None]) -> Response:
    """List the policy's versions, newest first."""
    limit, below = query
    with services().database.read() as session:
        found, following = list_policies(session, limit=limit, below=below)
    place = None if following is None else Place(at=None, id=str(following))
    return respond(
        {
            "data": [represent_policy_version(stored) for stored in found],
            "next_cursor": write_cursor(place),
        }
    )


def _in_force() -> StoredPolicy:
    with services().database.read() as session:
        return newest_policy(session)
