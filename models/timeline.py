"""The timeline in words: what happened as one plain English sentence, and who did it.

The database keeps facts only (kind and data); every face that shows a timeline says it with these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from babel.numbers import format_currency, get_currency_symbol

from models.messages import CarrierStatus, Disposition, EventKind, Grade, TaskKind, Template
from models.money import to_text

_LOCALE = "en_GB"

_GRADES = {
    Grade.A: "A, as new",
    Grade.B: "B, opened",
    Grade.C: "C, damaged",
    Grade.D: "D, unsellable",
}
_DISPOSITIONS = {
    Disposition.RESTOCK: "back to stock",
    Disposition.REFURBISH: "to be refurbished",
    Disposition.LIQUIDATE: "to be sold off",
    Disposition.DONATE: "to be donated",
    Disposition.DESTROY: "to be destroyed",
    Disposition.RETURN_TO_VENDOR: "back to the supplier",
    Disposition.RETURN_TO_CUSTOMER: "back to the customer",
}
_SCANS = {
    CarrierStatus.IN_TRANSIT: "The carrier has the parcel and it is moving",
    CarrierStatus.DELIVERED: "The carrier delivered the parcel",
    CarrierStatus.EXCEPTION: "The carrier reports a problem with the parcel",
    CarrierStatus.LOST: "The carrier reports the parcel lost",
}
_MAILS = {
    Template.REQUESTED: "we have your request",
    Template.APPROVED: "your return is approved",
    Template.WITHDRAWAL: "we have your withdrawal",
    Template.KEEP_ITEM: "please keep it",
    Template.DECLINED: "your request is declined",
    Template.CANCELLED: "your return is cancelled",
    Template.CHANGED: "your return is changed",
    Template.PHOTO_WANTED: "please send a photo",
    Template.LABEL_REMINDER: "a reminder to send the parcel",
    Template.EXPIRED: "your return has expired",
    Template.RECEIVED: "your parcel has arrived",
    Template.SHORT_SHIPPED: "something was missing in the parcel",
    Template.REJECTED: "we cannot accept what came back",
    Template.REFUNDED: "your refund",
    Template.STORE_CREDIT: "your store credit",
    Template.GOODWILL: "an apology with money",
    Template.REFUND_DELAYED: "your refund takes longer",
    Template.FOLLOW_UP: "what else can we do?",
    Template.EXCHANGE_PAYMENT: "what your exchange costs",
    Template.EXCHANGE_SHIPPED: "your exchange is on its way",
    Template.EXCHANGE_CANCELLED: "your exchange becomes a refund",
    Template.INSTANT_REFUND: "your money is on its way already",
}
_TASKS = {
    TaskKind.DECIDE: "decide on the request",
    TaskKind.SECOND_APPROVAL: "give the second approval",
    TaskKind.PHOTO_AWAITED: "wait for the photo",
    TaskKind.LABEL_FAILED: "make the label again",
    TaskKind.PARCEL_LOST: "look for the parcel",
    TaskKind.INSPECT: "inspect what came",
    TaskKind.REFUND_FAILED: "settle the failed refund",
    TaskKind.REFUND_SHORT: "settle what could not be refunded",
    TaskKind.SEND_BACK: "send the refused goods back",
    TaskKind.UNEXPECTED_PARCEL: "deal with the unexpected parcel",
    TaskKind.WITHDRAWAL_DUE: "refund the withdrawal in time",
    TaskKind.SHIP_EXCHANGE: "send out the exchange",
    TaskKind.CARRIER_CLAIM: "settle the claim with the carrier",
    TaskKind.ERP_FAILED: "bring it into the ERP",
    TaskKind.DISPUTE: "answer the dispute",
    TaskKind.DISPUTE_WON: "pay what waited for the dispute",
    TaskKind.DISPUTE_LOST: "settle the lost dispute",
    TaskKind.CLAWBACK: "get back what was paid ahead",
    TaskKind.UNMATCHED_PARCEL: "find the parcel's return",
}
_PAYMENTS = {
    "card": "to the card",
    "wallet": "to the wallet",
    "bank": "to the bank account",
    "cash": "in cash",
    "gift_card": "to the gift card",
    "store_credit": "to the store credit",
}
_PHOTOS = {
    "request": ", for the request",
    "receipt": ", at the dock",
    "inspection": ", in the inspection",
}
_WHO = {
    "customer": "Customer",
    "policy": "Policy",
    "carrier": "Carrier",
    "redress": "Redress",
}


def task_words(kind: TaskKind) -> str:
    """What a task asks for: "inspect what came"."""
    return _TASKS.get(kind, kind.replace("_", " "))


def money(amount: int, currency: str, locale: str = _LOCALE) -> str:
    """Minor units as people read them: 5670 GBP is "£56.70", with the currency's own decimals."""
    # The currency's decimals come from us, not the locale's data, which writes some without.
    text = to_text(amount, currency)
    places = len(text.partition(".")[2])
    gap = "\N{NO-BREAK SPACE}" if get_currency_symbol(currency, locale).isalpha() else ""
    pattern = f"¤{gap}#,##0" + ("." + "0" * places if places else "")
    return str(format_currency(Decimal(text), currency, pattern, locale, currency_digits=False))


def units(count: int) -> str:
    """A number of units: "1 unit", "3 units"."""
    return f"{count:,} unit" if count == 1 else f"{count:,} units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """Names that an event's data only refers to; whatever isn't there is left out of the words.

    `items`: order line id → the item's name. `payments`: refund id → the kind of its payment.
    """

    items: Mapping[str, str] = field(default_factory=dict)
    payments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Facts:
    data: Mapping[str, object]
    lookups: Lookups

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int:
        value = self.data.get(name)
        return value if isinstance(value, int) else 0

    def units(self, name: str = "units") -> str:
        return units(self.number(name))

    def money(self, name: str = "amount") -> str:
        currency = self.text("currency")
        return money(self.number(name), currency) if currency else str(self.number(name))

    def worth(self, name: str = "total") -> str:
        owed = self.number(name) < 0
        if not owed:
            return f"worth {self.money(name)}"
        return f"the customer owes {money(-self.number(name), self.text('currency'))}"

    def gets(self) -> str:
        """What the customer gets: goods in exchange, beside money that goes either way."""
        goods = self.text("instead")
        if not goods:
            return self.worth()
        if self.number("total") > 0:
            return f"{self.money('total')} back and {goods} in exchange"
        owed = self.number("total") < 0
        return f"{goods} in exchange" + (f", {self.worth()}" if owed else "")

    def item(self) -> str:
        line = self.text("line")
        return self.lookups.items.get(line) or (f"Line {line}" if line else "The goods")

    def destination(self) -> str:
        kind = self.lookups.payments.get(self.text("refund"), "")
        return f" {_PAYMENTS[kind]}" if kind in _PAYMENTS else ""

    def reasons(self) -> str:
        named = self.text("reasons")
        return f", for “{named}”" if named else ""

    def refund(self) -> str:
        return f"Refund of {self.money()}" if "amount" in self.data else "The refund"

    def because(self, name: str) -> str:
        reason = self.text(name).replace("_", " ").rstrip(".")
        return f": {reason}" if reason else ""


def _requested(facts: _Facts) -> str:
    words = f"Return of {facts.units()} requested, {facts.gets()}"
    words += facts.reasons()
    return words + ("; the policy was set aside" if facts.number("override") else "")


def _exchange_reserved(facts: _Facts) -> str:
    due = facts.number("due")
    rest = f"; the customer pays {facts.money('due')} before it goes out" if due > 0 else ""
    return f"{facts.units()} set aside to go out in exchange{rest}"


_NOT_EXCHANGED = {
    "not_paid": "the difference was not paid in time",
    "goods_refused": "nothing that came back was accepted",
    "staff": "refunded instead",
    "changed": "the customer wants something else",
    "return_ended": "the return has ended",
}


def _exchange_cancelled(facts: _Facts) -> str:
    return f"The exchange is called off: {_NOT_EXCHANGED.get(facts.text('why'), 'called off')}"


def _exchange_shipped(facts: _Facts) -> str:
    return f"Sent out in exchange: {facts.units()}, tracking number {facts.text('tracking')}"


def _erp_recorded(facts: _Facts) -> str:
    draft = ", as a draft" if facts.number("draft") else ""
    return f"The ERP has {facts.text('reference')} as {facts.text('numbers')}{draft}"


def _erp_failed(facts: _Facts) -> str:
    problem = facts.text("problem").rstrip(".")  # With codes in it, which are left as they are.
    return f"The ERP has not taken {facts.text('reference')}: {problem}"


def _approved(facts: _Facts) -> str:
    if facts.number("by_policy"):
        rule = facts.text("rule")
        by = f" (rule “{rule}”)" if rule else ""
        return f"Approved at once by the policy{by}: {facts.units()}"
    return f"Approved: {facts.units()}"


def _label_made(facts: _Facts) -> str:
    carrier = f" with {facts.text('carrier')}" if facts.text("carrier") else ""
    return f"Return label made{carrier}, tracking number {facts.text('tracking')}"


def _received(facts: _Facts) -> str:
    rest = facts.number("outstanding")
    tail = f"{units(rest)} still to come" if rest else "everything is here"
    return f"{facts.units().capitalize()} counted at the dock; {tail}"


def _inspected(facts: _Facts) -> str:
    words = [f"{facts.item()}: {facts.units()} inspected"]
    if facts.text("grade") in _GRADES:
        words.append(f"grade {_GRADES[Grade(facts.text('grade'))]}")
    if facts.text("disposition") in _DISPOSITIONS:
        words.append(_DISPOSITIONS[Disposition(facts.text("disposition"))])
    words.append("accepted" if facts.number("accepted") else "refused")
    return "; ".join(words)


def _granted(facts: _Facts) -> str:
    if facts.number("ahead") and not facts.number("amount"):
        return "What went out in exchange is given ahead of the goods"
    words = f"Refund of {facts.money()} granted"
    if facts.number("ahead"):
        words += ", ahead of the goods"
    if facts.number("short"):
        words += f"; {facts.money('short')} of the quote can no longer be refunded"
    return words


def _clawback(facts: _Facts) -> str:
    if facts.number("graded"):
        return f"{facts.money()} more was paid ahead than {facts.units()} of their grade are worth"
    return (
        f"{facts.money()} was paid ahead for {facts.units()} that never came or had to be refused"
    )


def _clawback_settled(facts: _Facts) -> str:
    if facts.text("outcome") == "written_off":
        return f"{facts.money()} that was paid ahead is written off"
    return f"The customer paid {facts.money()} back that was paid ahead"


def _credit(facts: _Facts) -> str:
    words = f"Store credit of {facts.money()} issued"
    if facts.number("bonus"):
        words += f", {facts.money('bonus')} of it a bonus"
    return words


def _goodwill(facts: _Facts) -> str:
    how = "as store credit" if facts.text("method") == "store_credit" else "to the payment"
    return f"Goodwill of {facts.money()} given {how}"


def _paid_otherwise(facts: _Facts) -> str:
    if facts.text("method") == "store_credit":
        return f"{facts.refund()} given as store credit instead"
    if facts.text("method") == "lost_dispute":
        return f"{facts.refund()} counts as paid: the customer got it by the lost dispute"
    return f"{facts.refund()} paid by hand"


def _scanned(facts: _Facts) -> str:
    status = facts.text("status")
    return _SCANS[CarrierStatus(status)] if status in _SCANS else "The carrier scanned the parcel"


def _reopened(facts: _Facts) -> str:
    here = facts.number("here")
    return f"Return opened again: {facts.units()}" + (f", {here} of them here" if here else "")


def _mail(facts: _Facts) -> str:
    template = facts.text("template")
    about = f": {_MAILS[Template(template)]}" if template in _MAILS else ""
    return f"Mail sent to the customer{about}"


def _mail_failed(facts: _Facts) -> str:
    template = facts.text("template")
    about = f" ({_MAILS[Template(template)]})" if template in _MAILS else ""
    return f"A mail to the customer could not be sent{about}{facts.because('problem')}"


_PARCEL_ENDS = {
    "kept": "The unexpected parcel is kept",
    "sent_back": "The unexpected parcel went back to the customer",
    "refund": "The unexpected parcel is kept, and was paid for as goodwill",
}


def _task(facts: _Facts) -> str:
    kind = facts.text("kind")
    if kind == TaskKind.UNEXPECTED_PARCEL and facts.text("outcome") in _PARCEL_ENDS:
        return _PARCEL_ENDS[facts.text("outcome")]
    return f"Task done: {_TASKS[TaskKind(kind)]}" if kind in _TASKS else "Task done"


def _settled(facts: _Facts) -> str:
    words = {
        "paid": "The carrier has paid for the lost parcel",
        "refused": "The carrier does not pay for the lost parcel",
    }
    return words.get(facts.text("outcome"), "The carrier owes nothing: the parcel turned up")


def _dispute_answered(facts: _Facts) -> str:
    if facts.text("outcome") == "accepted":
        return "The dispute is accepted: the customer keeps the money"
    return "The dispute is contested: evidence went to the bank"


def _dispute_closed(facts: _Facts) -> str:
    if facts.text("outcome") == "lost":
        return "The dispute is lost: the bank has given the customer the money"
    return "The dispute is won: the money stays with the shop"


def _lost_refunded(facts: _Facts) -> str:
    by = ", as the policy says" if facts.number("by_policy") else ""
    return f"{facts.units().capitalize()} refunded though the parcel is lost{by}"


def _of_task(facts: _Facts) -> str:
    kind = facts.text("kind")
    return f": {_TASKS[TaskKind(kind)]}" if kind in _TASKS else ""


def _ignored(facts: _Facts) -> str:
    what = facts.text("what").replace("_", " ").capitalize() or "A decision"
    return f"{what} came too late and changed nothing{facts.because('why')}"


def _unexpected(facts: _Facts) -> str:
    thing = f"{facts.number('quantity')} × {facts.text('sku')}"
    line = facts.text("instead_of")
    if line:
        return (
            f"In the parcel instead of {facts.lookups.items.get(line) or f'line {line}'}: {thing}"
        )
    return f"In the parcel but not announced: {thing}"


def _photo(facts: _Facts) -> str:
    of = f": {facts.item()}" if facts.text("line") else ""
    return f"Photo added{_PHOTOS.get(facts.text('kind'), '')}{of}"


_WORDS: dict[EventKind, Callable[[_Facts], str]] = {
    EventKind.REQUESTED: _requested,
    EventKind.APPROVED: _approved,
    EventKind.KEPT: lambda facts: f"The customer keeps them: {facts.units()}",
    EventKind.DECLINED: lambda _: "Request declined",
    EventKind.LINE_DECLINED: lambda facts: f"{facts.item()}: {facts.units()} declined",
    EventKind.SECOND_APPROVAL_NEEDED: lambda facts: (
        f"Approved once; {facts.money('total')} needs the approval of a second person"
    ),
    EventKind.CANCELLED: lambda _: "Return cancelled",
    EventKind.CHANGED: lambda facts: (
        f"Return changed: {facts.units()} now, {facts.gets()}{facts.reasons()}"
    ),
    EventKind.LABEL_MADE: _label_made,
    EventKind.LABELS_GIVEN_BACK: lambda facts: "The unused label was given back to the carrier",
    EventKind.LABEL_FAILED: lambda facts: f"The label could not be made{facts.because('problem')}",
    EventKind.EXPIRED: lambda _: "No parcel came in time; the return expired",
    EventKind.SCANNED: _scanned,
    EventKind.PHOTO_AWAITED: lambda _: "Photo awaited; the customer was asked for one",
    EventKind.PHOTO_MISSING: lambda _: "No photo came in time, so that a person decides",
    EventKind.NO_MOVEMENT: lambda _: "The parcel has not moved for too long",
    EventKind.LOST: lambda _: "The parcel counts as lost",
    EventKind.RECEIVED: _received,
    EventKind.UNEXPECTED_ITEM: _unexpected,
    EventKind.MISSING_WRITTEN_OFF: lambda facts: (
        f"{facts.units().capitalize()} never came; nobody waits any longer"
    ),
    EventKind.PARCEL_AFTER_END: lambda facts: (
        f"A parcel with {facts.units()} came after the return had ended"
    ),
    EventKind.INSPECTED: _inspected,
    EventKind.INSPECTION_OVERDUE: lambda _: "The inspection is overdue",
    EventKind.WITHDRAWAL_DUE: lambda _: "The withdrawal is to be refunded within two days",
    EventKind.REFUND_GRANTED: _granted,
    EventKind.REFUND_PENDING: lambda facts: f"{facts.refund()} is with the payment provider",
    EventKind.REFUND_SUCCEEDED: lambda facts: f"{facts.refund()} paid{facts.destination()}",
    EventKind.REFUND_FAILED: lambda facts: f"{facts.refund()} failed{facts.because('failure')}",
    EventKind.REFUND_RETRIED: lambda _: "The refund is tried once more",
    EventKind.REFUND_PAID_BY_HAND: _paid_otherwise,
    EventKind.REFUND_MOVED: lambda _: "The refund goes to another payment of the order",
    EventKind.STORE_CREDIT_ISSUED: _credit,
    EventKind.CLAWBACK_NEEDED: _clawback,
    EventKind.GOODWILL_GRANTED: _goodwill,
    EventKind.RETURN_REOPENED: _reopened,
    EventKind.REOPENED: lambda _: "Return opened again: a refund came back",
    EventKind.SEND_BACK_NEEDED: lambda facts: (
        f"Refused and to go back to the customer: {facts.units()}"
    ),
    EventKind.SENT_BACK: lambda _: "The refused goods went back to the customer",
    EventKind.RESOLVED: lambda _: "The customer has been given everything that is due",
    EventKind.CLOSED: lambda _: "Return closed",
    EventKind.MAIL_SENT: _mail,
    EventKind.MAIL_FAILED: _mail_failed,
    EventKind.TASK_COMPLETED: _task,
    EventKind.CARRIER_CLAIM_OPENED: lambda _: "The carrier is to pay for the lost parcel",
    EventKind.CARRIER_CLAIM_SETTLED: _settled,
    EventKind.DISPUTE_OPENED: lambda facts: (
        f"The customer disputes {facts.money()} with their bank; refunds of that payment wait"
    ),
    EventKind.DISPUTE_ANSWERED: _dispute_answered,
    EventKind.DISPUTE_CLOSED: _dispute_closed,
    EventKind.LOST_REFUNDED: _lost_refunded,
    EventKind.CAME_AFTER_ALL: lambda facts: (
        f"{facts.units().capitalize()} that nobody waited for any longer came after all"
    ),
    EventKind.CLAWBACK_SETTLED: _clawback_settled,
    EventKind.CLAWBACK_DROPPED: lambda facts: (
        f"{facts.money()} that was paid ahead is no longer asked back: the goods came"
    ),
    EventKind.CAME_AFTER_REFUND: lambda facts: (
        f"{facts.units().capitalize()} came after being refunded as lost; nothing is paid again"
    ),
    EventKind.TASK_ESCALATED: lambda facts: (
        f"Waits for too long; the managers are told{_of_task(facts)}"
    ),
    EventKind.DECISION_IGNORED: _ignored,
    EventKind.PHOTO_ADDED: _photo,
    EventKind.DAMAGED_ON_ARRIVAL: lambda facts: (
        f"{facts.item()}: {facts.units()} arrived damaged; photograph them for the carrier's claim"
    ),
    EventKind.EXCHANGE_RESERVED: _exchange_reserved,
    EventKind.EXCHANGE_PAID: lambda facts: f"The difference of {facts.money()} was paid",
    EventKind.EXCHANGE_SHIPPED: _exchange_shipped,
    EventKind.EXCHANGE_CANCELLED: _exchange_cancelled,
    EventKind.ERP_RECORDED: _erp_recorded,
    EventKind.ERP_FAILED: _erp_failed,
    EventKind.ERP_RETRIED: lambda facts: f"The ERP is asked for {facts.text('reference')} again",
    EventKind.ERP_BY_HAND: lambda facts: (
        f"{facts.text('reference')} was entered in the ERP by hand"
    ),
}


def sentence(kind: str, data: Mapping[str, object], lookups: Lookups | None = None) -> str:
    """What happened, without a full stop: "Refund of £56.70 paid to the card".

    Args:
        kind: an `EventKind`; an unknown one (written by a newer version) is spelt out as it is.
        data: the event's facts as `EventKind` lists them; missing ones are left out of the words.
        lookups: names the facts only refer to.
    """
    facts = _Facts(data, lookups or Lookups())
    try:
        return _WORDS[EventKind(kind)](facts)
    except ValueError:
        return kind.replace("_", " ").capitalize()


def who(actor: str, names: Mapping[str, str]) -> str:
    """Who did it: a person's or service's name, or what else can act ("Customer", "Policy").

    Args:
        actor: as the timeline keeps it, "user:3" or "service:ab12cd" or one of our own words.
        names: actor → name, looked up for the whole page at once.
    """
    if actor in _WHO:
        return _WHO[actor]
    fallback = "Someone who has left" if actor.startswith("user:") else "A service"
    return names.get(actor, fallback)
