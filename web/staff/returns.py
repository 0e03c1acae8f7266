"""The list of returns, the quick search, and the page of one return."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from flask import Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from models.documents.credit_memo import credit_memo_pdf
from models.messages import ReturnStatus
from models.rules.policy import Policy
from models.rules.rma import normalise_rma
from models.store.credit_memos import load, memo_facts, parse_number
from models.store.desk import Filters, Mark, list_returns
from models.store.desk_page import ReturnPage, read_label, read_return
from models.store.desk_search import find_return
from models.store.photo_proof import believed_with_photo
from models.store.policies import policy_at
from models.store.reasons import all_reasons
from models.tables import JournalEntry, Refund
from models.timeline import Lookups, sentence, who
from web.access import Permission
from web.services import services
from web.staff.forms import Form, FormError, new_call
from web.staff.guard import requires
from web.staff.possible import find_possible
from web.temporal_ui import workflow_address

_LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a form was not accepted, with the form as it was sent.

    `call` is the form's own id when sending it again must not act twice.
    """

    action: str
    messages: list[str]
    form: Form
    call: str | None = None


# --- the list ------------------------------------------------------------------------------


@requires(Permission.READ)
def return_list() -> ResponseReturnValue:
    """Returns, newest first, narrowed by the query; `before` and `after` turn the pages."""
    problem = None
    with services().database.read() as database:
        reasons = all_reasons(database)
    try:
        filters = _filters(request.args, reasons, ZoneInfo(services().settings.time_zone))
    except FormError as error:
        problem, filters = str(error), Filters()
    try:
        before = Mark.parse(request.args["before"]) if "before" in request.args else None
        after = Mark.parse(request.args["after"]) if "after" in request.args else None
    except ValueError:
        abort(404, "There is no such page of the list.")
    with services().database.read() as database:
        found = list_returns(database, filters, before=before, after=after)
    asked = {name: value for name, value in request.args.items() if name not in ("before", "after")}
    page = render_template(
        "staff/returns.html",
        found=found,
        asked=asked,
        narrowed=any(asked.values()),
        problem=problem,
        statuses=list(ReturnStatus),
        reasons=reasons,
    )
    return page, 400 if problem else 200


def _filters(asked: MultiDict[str, str], reasons: Mapping[str, str], zone: ZoneInfo) -> Filters:
    until = _day(asked, "until")
    try:
        status = ReturnStatus(asked["status"]) if asked.get("status") else None
        if (reason := asked.get("reason") or None) not in (None, *reasons):
            raise ValueError
    except ValueError:
        raise FormError("Choose the status and the reason from their lists.") from None
    return Filters(
        q=asked.get("q", "").strip()[:_LONGEST_SEARCH],
        status=status,
        reason=reason,
        order=asked.get("order", "").strip()[:_LONGEST_SEARCH],
        since=_start(_day(asked, "since"), zone),
        until=_start(until + timedelta(days=1) if until else None, zone),
    )


def _day(asked: MultiDict[str, str], name: str) -> date | None:
    text = asked.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    # The last days of the calendar have no day after them.
    if found is None or not 1900 < found.year < 9000:
        raise FormError("A date is written year-month-day, like 2026-12-31.")
    return found


def _start(day: date | None, zone: ZoneInfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone)


@requires(Permission.READ)
def find() -> ResponseReturnValue:
    """The quick field: a scanned or typed number goes to its return, anything else to the list."""
    text = request.args.get("q", "").strip()[:_LONGEST_SEARCH]
    if not text:
        return redirect(url_for("staff.return_list"))
    with services().database.read() as database:
        rma = find_return(database, text)
    if rma is not None:
        return redirect(url_for("staff.return_page", rma=rma))
    return redirect(url_for("staff.return_list", q=text))


# --- one return ----------------------------------------------------------------------------


@requires(Permission.READ)
def return_page(rma: str) -> ResponseReturnValue:
    """Everything about one return."""
    proper = normalise_rma(rma)
    if proper is not None and proper != rma:
        return redirect(url_for("staff.return_page", rma=proper))
    return show_return(rma)


@requires(Permission.READ)
def label(rma: str) -> ResponseReturnValue:
    """The newest label as a PDF."""
    with services().database.read() as database:
        found = read_label(database, rma)
    if found is None:
        abort(404, f"Return {rma} has no label yet.")
    answer = Response(found.pdf, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="label-{rma}.pdf"'
    return answer


@requires(Permission.READ)
def credit_memo(number: str) -> ResponseReturnValue:
    """A credit memo as a PDF."""
    settings = services().settings
    with services().database.read() as database:
        found = load(database, parse_number(number) or 0)
        if found is None:
            abort(404, f"There is no credit memo {number}.")
        facts = memo_facts(
            database,
            found,
            shop_name=settings.shop_name,
            shop_email=settings.shop_email,
            time_zone=settings.time_zone,
        )
    answer = Response(credit_memo_pdf(facts), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{facts.number}.pdf"'
    return answer


def show_return(rma: str, *, trouble: Trouble | None = None, status: int = 200) -> tuple[str, int]:
    """The page of a return, with what was wrong with a form that was just sent.

    Aborts with 404 when there is no such return.
    """
    with services().database.read() as database:
        page = read_return(database, rma)
        policy = policy_at(database, page.return_.policy_version) if page else Policy()
    if page is None:
        abort(404, f"There is no return {rma}. Check the number, or search for the order.")
    text = render_template(
        "staff/return.html",
        page=page,
        ret=page.return_,
        possible=find_possible(page, g.actor),
        trouble=trouble,
        new_call=new_call,
        amounts=_amounts(page),
        items={line.order_line.line: line.order_line.name for line in page.return_.lines},
        entries_of=partial(_entries_of, page),
        other_entries=_other_entries(page),
        told=_told(page),
        names=page.names,
        believed=_believed_with_photo(policy, page),
        reasons={reason: policy.on_reason(reason).words for reason in policy.known_reasons},
        who=who,
        history=workflow_address(services().settings, rma, page.return_.workflow),
    )
    return text, status


def _believed_with_photo(policy: Policy, page: ReturnPage) -> list[str]:
    """The reasons of a return that its policy believes with a photo only."""
    lines = believed_with_photo(page.return_.lines, policy)
    return list(dict.fromkeys(line.why for line in lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A timeline entry in words. `mail` is the key of the mail it is about, `task` the id of the
    task.
    """

    at: datetime
    kind: str
    words: str
    who: str
    note: str | None
    mail: str | None
    task: str | None


def _told(page: ReturnPage) -> list[Told]:
    lookups = Lookups(
        items={line.order_line.line: line.order_line.name for line in page.return_.lines},
        payments={refund.id: refund.payment.kind for refund in page.refunds},
    )
    mails = {mail.key for mail in page.mails}
    return [
        Told(
            at=event.at,
            kind=event.kind,
            words=sentence(event.kind, event.data, lookups),
            who=who(event.actor, page.names),
            note=event.note.body if event.note else None,
            mail=key if (key := str(event.data.get("message") or "")) in mails else None,
            task=str(event.data["task"]) if "task" in event.data else None,
        )
        for event in page.events
    ]


def _amounts(page: ReturnPage) -> Counter[str]:
    """Order line id → what the quote gives for it."""
    found: Counter[str] = Counter()
    for amount in page.return_.quote_lines:
        if amount.line is not None:
            found[amount.line] += amount.amount
    return found


def _entries_of(page: ReturnPage, refund: Refund) -> list[JournalEntry]:
    """The book entries of a refund: the one that paid it, and what became of it later."""
    source = f"refund/{refund.id}"
    return [
        entry
        for entry in page.entries
        if entry.source == source or entry.source.startswith(f"{source}/")
    ]


def _other_entries(page: ReturnPage) -> list[JournalEntry]:
    shown = {entry.id for refund in page.refunds for entry in _entries_of(page, refund)}
    return [entry for entry in page.entries if entry.id not in shown]
