"""Amounts and numbers of units as people read them."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_symbol

from models.money import to_text

_LOCALE = "en_GB"


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
