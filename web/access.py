"""Who is calling and what they may do; the same for the API, the staff UI and the CLI."""

from dataclasses import dataclass
from enum import StrEnum

from models.messages import TaskKind


class Permission(StrEnum):
    """One thing that can be allowed; API key scopes bear the same names."""

    READ = "read"
    ORDERS = "orders"
    REQUEST = "request"
    OVERRIDE = "override"
    DECIDE = "decide"
    SHIP = "ship"
    RECEIVE = "receive"
    INSPECT = "inspect"
    REFUND = "refund"
    # Giving money without goods.
    GOODWILL = "goodwill"
    # Spending store credit at the shop's till.
    REDEEM = "redeem"
    # The journal, its accounts and periods, and reconciliation.
    BOOKS = "books"
    POLICY = "policy"
    # Reading and erasing all that is held about a person.
    PRIVACY = "privacy"
    # Telling other systems what happens.
    WEBHOOKS = "webhooks"


SCOPE_ALL = "all"


class Role(StrEnum):
    """What a member of staff does all day."""

    AGENT = "agent"
    WAREHOUSE = "warehouse"
    FINANCE = "finance"
    MANAGER = "manager"
    VIEWER = "viewer"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.AGENT: frozenset(
        {
            Permission.READ,
            Permission.REQUEST,
            Permission.OVERRIDE,
            Permission.DECIDE,
            Permission.SHIP,
            Permission.GOODWILL,
        }
    ),
    Role.WAREHOUSE: frozenset(
        {Permission.READ, Permission.SHIP, Permission.RECEIVE, Permission.INSPECT}
    ),
    Role.FINANCE: frozenset(
        {
            Permission.READ,
            Permission.DECIDE,
            Permission.REFUND,
            Permission.GOODWILL,
            Permission.BOOKS,
        }
    ),
    Role.MANAGER: frozenset(Permission),
}


# Whose work each kind of task is.
TASK_PERMISSIONS: dict[TaskKind, Permission] = {
    TaskKind.DECIDE: Permission.DECIDE,
    TaskKind.SECOND_APPROVAL: Permission.DECIDE,
    TaskKind.INSPECT: Permission.INSPECT,
    TaskKind.REFUND_FAILED: Permission.REFUND,
    TaskKind.REFUND_SHORT: Permission.REFUND,
    TaskKind.LABEL_FAILED: Permission.SHIP,
    TaskKind.PARCEL_LOST: Permission.SHIP,
    TaskKind.SEND_BACK: Permission.SHIP,
    TaskKind.UNEXPECTED_PARCEL: Permission.SHIP,
    TaskKind.WITHDRAWAL_DUE: Permission.DECIDE,
    TaskKind.SHIP_EXCHANGE: Permission.SHIP,
    TaskKind.CLAWBACK: Permission.REFUND,
    TaskKind.UNMATCHED_PARCEL: Permission.RECEIVE,
    TaskKind.CARRIER_CLAIM: Permission.SHIP,
    TaskKind.PHOTO_AWAITED: Permission.DECIDE,
    TaskKind.ERP_FAILED: Permission.REFUND,
    TaskKind.DISPUTE: Permission.REFUND,
    TaskKind.DISPUTE_WON: Permission.REFUND,
    TaskKind.DISPUTE_LOST: Permission.REFUND,
    TaskKind.WEBHOOK_FAILED: Permission.WEBHOOKS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A caller. `id` is what the timeline records: "user:3" or "service:ab12cd".

    A person's API key acts as that person. `approval_limit` is in minor units; None: no limit.
    `sandbox`: it is a sandbox key.
    """

    id: str
    name: str
    permissions: frozenset[Permission]
    user_id: int | None = None
    approval_limit: int | None = None
    sandbox: bool = False

    def may(self, permission: Permission) -> bool:
        """Whether this caller may do it."""
        return permission in self.permissions
