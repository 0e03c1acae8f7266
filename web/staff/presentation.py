"""What every staff template can call: money, times in the shop's zone, names and short texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from markupsafe import Markup

from models.store.recipients import name_of, recipient_of
from models.tables import Parcel, ParcelItem, Return, ReturnLine
from models.timeline import money
from web.staff import words
from web.staff.icons import icon

_LOCALE = "en_GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """Says things for one page: `now` is the moment it is made, `zone` the shop's time zone."""

    zone: ZoneInfo
    now: datetime

    def icon(self, name: str) -> Markup:
        """A small drawing beside words."""
        return icon(name)

    def money(self, amount: int, currency: str) -> str:
        """Minor units as people read them."""
        return money(amount, currency)

    def day(self, at: datetime) -> str:
        """Like "12 Dec 2026"."""
        return format_datetime(at, "d MMM y", tzinfo=self.zone, locale=_LOCALE)

    def moment(self, at: datetime) -> str:
        """Like "12 Dec 2026, 14:05"."""
        return format_datetime(at, "d MMM y, HH:mm", tzinfo=self.zone, locale=_LOCALE)

    def iso(self, at: datetime) -> str:
        """For machines: the `datetime` of a <time> element."""
        return at.isoformat(timespec="seconds")

    def ago(self, at: datetime) -> str:
        """Like "3 hours ago" or "in 2 days"."""
        return str(format_timedelta(at - self.now, add_direction=True, locale=_LOCALE))

    def due(self, at: datetime) -> str:
        """Like "due in 3 hours" or "2 hours overdue"."""
        left = at - self.now
        words_for = format_timedelta(abs(left), locale=_LOCALE)
        return f"due in {words_for}" if left >= timedelta() else f"{words_for} overdue"

    def overdue(self, at: datetime | None) -> bool:
        """Whether the time has passed."""
        return at is not None and at < self.now

    def until(self, text: str) -> datetime:
        """A stored deadline as a time."""
        return datetime.fromisoformat(text)

    def customer(self, return_: Return) -> str:
        """Whom the return is with: the contact given with it, else the order's customer."""
        return name_of(return_) or recipient_of(return_) or "Guest"

    def email(self, return_: Return) -> str | None:
        """Where mails about the return go."""
        return recipient_of(return_)

    def items(self, lines: Sequence[ReturnLine], most: int = 2) -> str:
        """Like "2 × Linen shirt, 1 × Belt and 3 more"."""
        named = [f"{line.requested} × {line.order_line.name}" for line in lines[:most]]
        rest = len(lines) - len(named)
        return ", ".join(named) + (f" and {rest} more" if rest else "")

    def reasons(self, lines: Sequence[ReturnLine], most: int = 2) -> str:
        """The different reasons of the lines, like "Too small, Colour"."""
        found = list(dict.fromkeys(line.why for line in lines))
        rest = len(found) - most
        return ", ".join(found[:most]) + (f" and {rest} more" if rest > 0 else "")

    def things(self, items: Sequence[ParcelItem], most: int = 3) -> str:
        """Like "2 × TEE-RED-M, 1 × BELT and 1 more"."""
        named = [f"{item.quantity} × {item.sku}" for item in items[:most]]
        rest = len(items) - len(named)
        return ", ".join(named) + (f" and {rest} more" if rest else "")

    def parcel_marks(self, parcel: Parcel) -> str:
        """What stands on a parcel, like "order 1001 · Ada Okafor"."""
        marks = (
            parcel.rma,
            parcel.tracking,
            parcel.order_number and f"order {parcel.order_number}",
            parcel.name,
        )
        return " · ".join(mark for mark in marks if mark) or "Nothing stands on it"

    def variant(self, values: Mapping[str, object]) -> str:
        """Like "M, red"."""
        return ", ".join(str(value) for value in values.values())

    def word(self, table: Mapping[str, str], word: str) -> str:
        """The word's label, or the word itself when it has none."""
        return table.get(word) or words.plain(word)

    def badge(self, table: Mapping[str, words.Badge], word: str) -> words.Badge:
        """The word's badge, or a quiet one when it has none."""
        return table.get(word) or words.Badge(words.plain(word), "still")
