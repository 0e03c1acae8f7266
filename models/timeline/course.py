"""How a return goes: request, decision, changes, tasks, mails and its end."""

from models.messages import EventKind, TaskChoice, TaskKind, Template
from models.timeline.facts import Facts, Words
from models.timeline.names import MAILS, PHOTOS, TASKS


def _requested(facts: Facts) -> str:
    words = f"Return of {facts.units()} requested, {facts.gets()}"
    words += facts.reasons()
    return words + ("; the policy was set aside" if facts.number("override") else "")


def _approved(facts: Facts) -> str:
    if facts.number("by_policy"):
        rule = facts.text("rule")
        by = f" (rule “{rule}”)" if rule else ""
        return f"Approved at once by the policy{by}: {facts.units()}"
    return f"Approved: {facts.units()}"


def _reopened(facts: Facts) -> str:
    here = facts.number("here")
    return f"Return opened again: {facts.units()}" + (f", {here} of them here" if here else "")


def _mail(facts: Facts) -> str:
    template = facts.text("template")
    about = f": {MAILS[Template(template)]}" if template in MAILS else ""
    return f"Mail sent to the customer{about}"


def _mail_failed(facts: Facts) -> str:
    template = facts.text("template")
    about = f" ({MAILS[Template(template)]})" if template in MAILS else ""
    return f"A mail to the customer could not be sent{about}{facts.because('problem')}"


_PARCEL_ENDS = {
    "kept": "The unexpected parcel is kept",
    "sent_back": "The unexpected parcel went back to the customer",
    "refund": "The unexpected parcel is kept, and was paid for as goodwill",
}


def _task(facts: Facts) -> str:
    kind = facts.text("kind")
    if kind == TaskKind.UNEXPECTED_PARCEL and facts.text("outcome") in _PARCEL_ENDS:
        return _PARCEL_ENDS[facts.text("outcome")]
    if kind == TaskKind.PARCEL_LOST and facts.text("outcome") == TaskChoice.WAIT:
        return "Still waiting for the parcel, though it seems lost"
    return f"Task done: {TASKS[TaskKind(kind)]}" if kind in TASKS else "Task done"


def _of_task(facts: Facts) -> str:
    kind = facts.text("kind")
    return f": {TASKS[TaskKind(kind)]}" if kind in TASKS else ""


def _second_approval(facts: Facts) -> str:
    if facts.number("unpaid"):
        return f"Not paid in time; {facts.money('total')} instead takes the approval of two people"
    what = "Money instead of the exchange approved" if facts.number("instead") else "Approved"
    return f"{what} once; {facts.money('total')} needs the approval of a second person"


def _ignored(facts: Facts) -> str:
    what = facts.text("what").replace("_", " ").capitalize() or "A decision"
    return f"{what} came too late and changed nothing{facts.because('why')}"


def _photo(facts: Facts) -> str:
    of = f": {facts.item()}" if facts.text("line") else ""
    return f"Photo added{PHOTOS.get(facts.text('kind'), '')}{of}"


WORDS: Words = {
    EventKind.REQUESTED: _requested,
    EventKind.APPROVED: _approved,
    EventKind.KEPT: lambda facts: f"The customer keeps them: {facts.units()}",
    EventKind.DECLINED: lambda _: "Request declined",
    EventKind.LINE_DECLINED: lambda facts: f"{facts.item()}: {facts.units()} declined",
    EventKind.SECOND_APPROVAL_NEEDED: _second_approval,
    EventKind.CANCELLED: lambda _: "Return cancelled",
    EventKind.CHANGED: lambda facts: (
        f"Return changed: {facts.units()} now, {facts.gets()}{facts.reasons()}"
    ),
    EventKind.PHOTO_AWAITED: lambda _: "Photo awaited; the customer was asked for one",
    EventKind.PHOTO_MISSING: lambda _: "No photo came in time, so that a person decides",
    EventKind.PHOTO_ADDED: _photo,
    EventKind.EXPIRED: lambda _: "No parcel came in time; the return expired",
    EventKind.WITHDRAWAL_DUE: lambda _: "The withdrawal is to be refunded within two days",
    EventKind.RETURN_REOPENED: _reopened,
    EventKind.REOPENED: lambda _: "Return opened again: a refund came back",
    EventKind.RESOLVED: lambda _: "The customer has been given everything that is due",
    EventKind.CLOSED: lambda _: "Return closed",
    EventKind.MAIL_SENT: _mail,
    EventKind.MAIL_FAILED: _mail_failed,
    EventKind.TASK_COMPLETED: _task,
    EventKind.TASK_ESCALATED: lambda facts: (
        f"Waits for too long; the managers are told{_of_task(facts)}"
    ),
    EventKind.DECISION_IGNORED: _ignored,
}
