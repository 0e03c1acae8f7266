"""Sandbox keys: they try everything on orders of their own, which only the sandbox provider paid.

Such an order's number begins with `sandbox-`. Nothing else is seen or touched with such a key, and
no other key puts such an order.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from flask import current_app, request

from models.messages import EXCHANGING, Resolution
from models.rules.orders import OrderInput, PaymentKind
from models.store.sandbox import PREFIX, is_sandbox, order_of_return
from web.access import Actor
from web.errors import Problem, not_found
from web.requests import AmendRequest, ReturnRequest
from web.services import services

View = TypeVar("View", bound=Callable[..., Any])
_OPEN = "open_to_sandbox_keys"
_PROVIDER = "sandbox"
# The others would give back to, or take from, codes that may be real.
_KINDS = frozenset({PaymentKind.CARD, PaymentKind.WALLET, PaymentKind.BANK, PaymentKind.CASH})


def open_to_sandbox_keys(view: View) -> View:
    """Lets a view be used with a sandbox key; it looks by itself at what is asked for.

    Views whose address names a return need no mark: the return is looked at here.
    """
    setattr(view, _OPEN, True)
    return view


def guard_sandbox_key() -> None:
    """Refuses what a sandbox key may not touch, before the view runs.

    Raises:
        Problem: 403, or 404 for a return that isn't one of theirs.
    """
    rma = (request.view_args or {}).get("rma")
    if rma is not None:
        with services().database.read() as session:
            if not is_sandbox(order_of_return(session, str(rma))):
                raise not_found(f"return {rma}")
        return
    if not getattr(current_app.view_functions[request.endpoint or ""], _OPEN, False):
        raise _refused(
            "A sandbox key can put orders, ask for returns of them and follow these; take a live"
            " key for this."
        )


def check_order(order: OrderInput, actor: Actor) -> None:
    """Keeps orders of sandbox keys and others apart.

    Raises:
        Problem: 403.
    """
    if is_sandbox(order.number) != actor.sandbox:
        raise _refused(f"Orders of sandbox keys, and only they, have numbers like {PREFIX}1001.")
    if not actor.sandbox:
        return
    for payment in order.payments:
        if payment.provider != _PROVIDER or payment.kind not in _KINDS:
            raise _refused(
                f"Payment {payment.id} is not the sandbox provider's; with a sandbox key all are,"
                " of the kinds card, wallet, bank or cash."
            )


def check_request(asked: ReturnRequest, actor: Actor) -> None:
    """Lets a sandbox key ask for returns of its own orders, without touching the stock.

    Raises:
        Problem: 403.
    """
    if not actor.sandbox:
        return
    if not is_sandbox(asked.order):
        raise not_found(f"order {asked.order}")
    _check_resolutions([asked.resolution, *(line.resolution for line in asked.lines)])


def check_change(asked: AmendRequest, actor: Actor) -> None:
    """The same for a change of mind.

    Raises:
        Problem: 403.
    """
    if actor.sandbox:
        _check_resolutions([asked.resolution, *(line.resolution for line in asked.lines or ())])


def _check_resolutions(resolutions: Iterable[Resolution | None]) -> None:
    if any(resolution in EXCHANGING for resolution in resolutions):
        raise _refused("A sandbox key can't exchange: real stock would be set aside.")


def _refused(detail: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "sandbox_key", detail)
