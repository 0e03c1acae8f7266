"""The dock: one field for whatever a scanner reads, and the count of what came."""

from dataclasses import dataclass, field, replace

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from models.messages import FINAL_STATUSES, Condition, CountedLine, ReturnStatus
from models.rules.parcels import ParcelStatus, same_sku
from models.store.desk_page import read_return
from models.store.expecting import expecting_skus, find_scanned, open_of_order
from models.store.parcel_cases import list_parcels
from models.store.parcels import candidates
from models.tables import OrderLine, Return
from web.access import Permission
from web.dock import dock
from web.requests import (
    GatewayError,
    ParcelRequest,
    ReceiptRequest,
    Refused,
    Unavailable,
    UnexpectedRequest,
)
from web.services import services
from web.staff.forms import FormError, new_call, read_call, read_counts, read_text
from web.staff.guard import requires
from web.staff.possible import find_possible
from web.staff.returns import Trouble

_LONGEST_SCAN = 200
_CASES = 20
_LIKELY = 3


@dataclass(slots=True, kw_only=True)
class CountedHere:
    """An order line of the return with the units counted so far.

    `most`: what it may count; `expected`: what surely is to come, without what was given up.
    """

    order_line: OrderLine
    most: int
    expected: int
    units: int = 0
    # How many of the units arrived damaged, and what is to be said of them.
    damaged: int = 0
    found: str = ""

    @property
    def line(self) -> str:
        """The order line's id."""
        return self.order_line.line

    @property
    def counted(self) -> list[CountedLine]:
        """Its units by condition."""
        whole = CountedLine(line=self.line, quantity=self.units - self.damaged)
        broken = CountedLine(
            line=self.line,
            quantity=self.damaged,
            condition=Condition.DAMAGED,
            note=self.found or None,
        )
        return [part for part in (whole, broken) if part.quantity]


@dataclass(slots=True, kw_only=True)
class Count:
    """What is counted of a parcel so far, while its form is open."""

    ret: Return
    lines: list[CountedHere]
    more: list[UnexpectedRequest] = field(default_factory=list)

    @property
    def late(self) -> bool:
        """The return has ended; what comes is an unexpected parcel."""
        return self.ret.status in FINAL_STATUSES

    @property
    def undecided(self) -> bool:
        """Nobody has approved it, so it can't take a parcel."""
        return self.ret.status == ReturnStatus.REQUESTED

    def add(self, sku: str) -> str:
        """Counts one unit more, under unexpected when the return expects no more of it."""
        of_sku = [line for line in self.lines if same_sku(line.order_line.sku) == same_sku(sku)]
        for line in of_sku:
            if line.units < line.most:
                line.units += 1
                return f"{line.order_line.name}: {line.units} of {line.most}."
        self.add_more(of_sku[0].order_line.sku if of_sku else sku, 1)
        return f"{sku} is not expected here; it stands under what nobody announced."

    def add_more(self, sku: str, units: int, note: str = "") -> None:
        """Counts units that nobody announced."""
        for place, item in enumerate(self.more):
            if same_sku(item.sku) == same_sku(sku) and not (note and item.note):
                self.more[place] = replace(
                    item, quantity=item.quantity + units, note=item.note or note
                )
                return
        self.more.append(UnexpectedRequest(sku=sku, quantity=units, note=note))

    def receipt(self) -> ReceiptRequest:
        """As the gateway takes it; what is over what a line expects goes under unexpected."""
        for line in self.lines:
            if line.units > line.most:
                extra, line.units = line.units - line.most, line.most
                line.damaged = min(line.damaged, line.most)
                self.add_more(line.order_line.sku, extra, "More than was announced.")
        return ReceiptRequest(
            lines=[part for row in self.lines for part in row.counted],
            unexpected=self.more,
        )


# --- what was scanned ----------------------------------------------------------------------


@requires(Permission.RECEIVE)
def dock_page() -> ResponseReturnValue:
    """`q` is an RMA, a tracking number, an order number or a SKU; without it, the open cases."""
    text = read_text(request.args, "q")[:_LONGEST_SCAN]
    if not text:
        return _show_dock()
    with services().database.read() as database:
        rma = find_scanned(database, text)
        of_order = open_of_order(database, text) if rma is None else []
        of_sku = expecting_skus(database, [text]) if rma is None and not of_order else []
    if rma is not None:
        return redirect(url_for("staff.count_page", rma=rma))
    return _show_dock(text, of_order=of_order, of_sku=of_sku)


def _show_dock(
    text: str = "",
    *,
    of_order: list[Return] | None = None,
    of_sku: list[Return] | None = None,
    trouble: Trouble | None = None,
    status: int = 200,
) -> tuple[str, int]:
    with services().database.read() as database:
        cases = list_parcels(database, ParcelStatus.OPEN, limit=_CASES)
        likely = {parcel.id: candidates(database, parcel)[:_LIKELY] for parcel in cases}
    page = render_template(
        "staff/dock.html",
        text=text,
        of_order=of_order or [],
        of_sku=of_sku or [],
        cases=cases,
        candidates=likely,
        rma=request.args.get("rma", ""),
        announce=bool(request.args.get("new")) or trouble is not None,
        trouble=trouble,
        new_call=new_call,
    )
    return page, status


@requires(Permission.RECEIVE)
def take_parcel() -> ResponseReturnValue:
    """Takes a parcel in that nobody announced: received where it surely belongs, else a case."""
    call = read_call(request.form)
    try:
        lines, items = read_counts(request.form)
        if lines or not items:
            raise FormError("Say what is in the parcel: a SKU and how many of it.")
        asked = ParcelRequest(
            items=items,
            rma=_mark("rma", 20),
            tracking=_mark("tracking", 60),
            order=_mark("order", 100),
            name=_mark("name", 200),
        )
        answer = dock().take(asked, g.actor, id=call)
    except FormError as error:
        trouble = Trouble(action="parcel", messages=[str(error)], form=request.form)
        return _show_dock(trouble=trouble, status=422)
    except GatewayError as error:
        return _show_dock(trouble=_trouble("parcel", error, call), status=error.status)
    if answer.returns:
        flash(f"The parcel is received for {', '.join(answer.returns)}.", "success")
        return redirect(url_for("staff.dock"), 303)
    flash("Nobody knows yet whose it is: choose its return, or leave it for a colleague.", "info")
    return redirect(url_for("staff.parcel", id=answer.id), 303)


def _mark(name: str, longest: int) -> str | None:
    return read_text(request.form, name)[:longest] or None


# --- the count of one return ---------------------------------------------------------------


@requires(Permission.RECEIVE)
def count_page(rma: str) -> ResponseReturnValue:
    """The count of a return, from nothing; `scanned` is a SKU that was scanned already."""
    count = _count(rma)
    scanned = read_text(request.args, "scanned")[:_LONGEST_SCAN]
    return _show_count(count, said=count.add(scanned) if scanned else "")


@requires(Permission.RECEIVE)
def scan_thing(rma: str) -> ResponseReturnValue:
    """One thing more was scanned, or everything came: the count goes on, nothing is recorded."""
    count = _count(rma)
    text = read_text(request.form, "scan")[:_LONGEST_SCAN]
    try:
        _fill(count)
    except FormError as error:
        return _trouble_with(count, str(error))
    if "all" in request.form:
        for line in count.lines:
            line.units = line.expected
        return _show_count(count, said="Everything that is expected stands in the count.")
    if not text:
        return _trouble_with(count, "Scan or type a SKU; then record the count.")
    with services().database.read() as database:
        other = find_scanned(database, text)
    if other is not None:
        if other == rma:
            return _show_count(count, said="That is this return.")
        return _trouble_with(count, f"That is return {other}. Record this count first.")
    return _show_count(count, said=count.add(text[:100]))


@requires(Permission.RECEIVE)
def count_in(rma: str) -> ResponseReturnValue:
    """Records the count, and goes back for the next parcel."""
    count = _count(rma)
    call = read_call(request.form)
    try:
        _fill(count)
        asked = count.receipt()
        if not asked.lines and not asked.unexpected:
            raise FormError("Nothing is counted yet: scan what is in the parcel, or enter units.")
        answer = services().gateway.receive(rma, asked, g.actor, id=call)
    except FormError as error:
        return _trouble_with(count, str(error))
    except GatewayError as error:
        return _show_count(count, trouble=_trouble("count", error, call), status=error.status)
    if answer.settled:
        flash(f"The count of {rma} is recorded.", "success")
    else:
        flash(f"The count of {rma} is taken and will be recorded soon.", "info")
    return redirect(url_for("staff.dock"), 303)


def _count(rma: str) -> Count:
    with services().database.read() as database:
        page = read_return(database, rma)
    if page is None:
        abort(404, f"There is no return {rma}. Check the number, or search for the order.")
    late = page.return_.status in FINAL_STATUSES
    return Count(
        ret=page.return_,
        lines=[
            CountedHere(
                order_line=line.order_line,
                most=line.requested if late else line.most,
                expected=line.requested if late else line.outstanding,
            )
            for line in find_possible(page, g.actor).lines
        ],
    )


def _fill(count: Count) -> None:
    lines, more = read_counts(request.form)
    for row in count.lines:
        for part in lines:
            if part.line == row.line:
                row.units += part.quantity
                if part.condition is Condition.DAMAGED:
                    row.damaged, row.found = part.quantity, part.note or ""
    count.more = more


def _trouble_with(count: Count, message: str) -> tuple[str, int]:
    trouble = Trouble(action="count", messages=[message], form=request.form)
    return _show_count(count, trouble=trouble, status=422)


def _trouble(action: str, error: GatewayError, call: str) -> Trouble:
    messages = (
        [refusal.message for refusal in error.refusals]
        if isinstance(error, Refused)
        else [error.detail]
    )
    # Whether it acted is unknown, so the same form keeps its id.
    kept = call if isinstance(error, Unavailable) else None
    return Trouble(action=action, messages=messages, form=request.form, call=kept)


def _show_count(
    count: Count, *, said: str = "", trouble: Trouble | None = None, status: int = 200
) -> tuple[str, int]:
    page = render_template(
        "staff/dock_count.html", count=count, said=said, trouble=trouble, new_call=new_call
    )
    return page, status
