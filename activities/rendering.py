"""Turns the facts of a letter into a mail's subject, plain text and HTML.

The words are in `templates/mail`: one `.txt` and one `.html` for each template. The first line of
a `.txt` is the subject.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import get_currency_symbol, parse_pattern
from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from activities.letters import Item, Letter
from models.messages import Template
from models.money import decimals, to_text

_FALLBACK: Final = Locale("en", "GB")
_SUBJECT_LENGTH: Final = 300

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates" / "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
# Phones and dark screens are told by media queries, which can't be inlined and stay.
_inliner = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """A mail in words. `html` has its CSS inlined and loads nothing."""

    subject: str
    text: str
    html: str


def render(
    template: Template, letter: Letter, *, shop_name: str, time_zone: ZoneInfo
) -> RenderedMail:
    """Writes a mail.

    Args:
        template: which mail.
        letter: what it tells.
        shop_name: who writes.
        time_zone: the shop's, for dates.
    """
    locale = choose_locale(letter.locale, letter.country)

    def money(amount: int) -> str:
        return write_money(amount, letter.currency, locale)

    def day(moment: datetime) -> str:
        return format_date(moment.astimezone(time_zone), format="long", locale=locale)

    def moment(at: datetime) -> str:
        time = at.astimezone(time_zone)
        return f"{day(at)}, {time:%H:%M} ({time.tzname()})"

    words = {
        "letter": letter,
        "shop": shop_name,
        "money": money,
        "day": day,
        "moment": moment,
        "thing": _thing,
    }
    subject, _, text = _environment.get_template(f"{template}.txt").render(words).partition("\n")
    html = _environment.get_template(f"{template}.html").render(words, subject=subject)
    return RenderedMail(
        subject=" ".join(subject.split())[:_SUBJECT_LENGTH],
        text=_tidy(text),
        html=_inliner.inline(html),
    )


def choose_locale(locale: str | None, country: str | None) -> Locale:
    """How numbers and dates are written: in English, as the customer's country writes them.

    Args:
        locale: the customer's, like "de-DE" or "de".
        country: the order's, for a locale that names none.
    """
    territory = _territory(locale) or country or ""
    try:
        return Locale.parse(f"en_{territory}")
    except (ValueError, UnknownLocaleError):
        return _FALLBACK


def write_money(amount: int, currency: str, locale: Locale) -> str:
    """Minor units as people of this locale write them: 123456 EUR is "€1,234.56" or "1.234,56 €".

    The number of decimals is the currency's own: the locale's data writes some without, and an
    amount must never be rounded.
    """
    written = locale.currency_formats["standard"].pattern
    if get_currency_symbol(currency, locale)[-1].isalpha():
        written = written.replace("¤#", "¤\N{NO-BREAK SPACE}#")  # KWD 5.400, not KWD5.400
    pattern = parse_pattern(written)
    pattern.frac_prec = (decimals(currency), decimals(currency))
    number = Decimal(to_text(amount, currency))
    return str(pattern.apply(number, locale, currency=currency, currency_digits=False))


def _territory(locale: str | None) -> str | None:
    if not locale:
        return None
    try:
        parsed = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None
    if parsed.territory or parsed.language == "en":
        return parsed.territory
    likely = get_global("likely_subtags").get(parsed.language, "")
    return likely.rpartition("_")[2] or None


def _thing(item: Item, count: int) -> str:
    return f"{count:,} × {item.name}" + (f" ({item.variant})" if item.variant else "")


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
