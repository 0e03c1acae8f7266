"""The demo's staff, with one password that is made for each data directory and kept there."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from models.private_file import write_privately
from models.store.access import create_user, find_user
from models.tables import User
from web.access import Actor, Role
from web.auth import actor_of_user

FILE = "demo.json"
DOMAIN = "demo.example"
# No 0, 1, i, l or o: it may have to be typed from a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_NAMES = {
    Role.AGENT: "Maya Lindgren",
    Role.WAREHOUSE: "Tomasz Wrona",
    Role.FINANCE: "Ingrid Solberg",
    Role.MANAGER: "Priya Raman",
    Role.VIEWER: "Louis Viret",
}
# What an agent may approve alone, in minor units.
_AGENT_LIMIT = 25000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """How to sign in as somebody of the demo's staff."""

    email: str
    password: str
    role: Role


def email_of(role: Role) -> str:
    """The address of the one who has this role."""
    return f"{role}@{DOMAIN}"


def hire(session: Session, data_dir: Path, now: datetime) -> dict[Role, Actor]:
    """Makes the staff that isn't there yet, and writes down how they sign in.

    The password is written down before it is used, so that an interruption loses none. Nobody
    who is there already gets another one.

    Args:
        session: a writing session.
        data_dir: where the sign-ins are kept.
        now: the present time.
    """
    known = {sign_in.role: sign_in for sign_in in read_sign_ins(data_dir)}
    users = {role: find_user(session, email_of(role)) for role in Role}
    missing = [role for role, user in users.items() if user is None]
    password = next((kept.password for kept in known.values()), None) or _new_password()
    made = [SignIn(email=email_of(role), password=password, role=role) for role in missing]
    kept = known | {sign_in.role: sign_in for sign_in in made if sign_in.role not in known}
    if kept != known:
        sign_ins = [asdict(kept[role]) for role in Role if role in kept]
        write_privately(data_dir / FILE, json.dumps(sign_ins, indent=1))
    for role in missing:
        users[role] = create_user(
            session,
            email=email_of(role),
            name=_NAMES[role],
            role=role,
            password=kept[role].password,
            approval_limit=_AGENT_LIMIT if role is Role.AGENT else None,
            now=now,
        )
    return {role: actor_of_user(user) for role, user in users.items() if user is not None}


def read_sign_ins(data_dir: Path) -> list[SignIn]:
    """The sign-ins of this data directory; none where no demo was loaded."""
    try:
        return [
            SignIn(
                email=str(kept["email"]), password=str(kept["password"]), role=Role(kept["role"])
            )
            for kept in json.loads((data_dir / FILE).read_text())
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _new_password() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def is_of_the_demo(user: User) -> bool:
    """Whether this is somebody of the demo's staff."""
    return user.email.endswith(f"@{DOMAIN}")
