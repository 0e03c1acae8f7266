"""Icons drawn into the page from the sprite that comes with Bootstrap-Flask.

The sprite holds two thousand icons in a megabyte; a page needs ten. Reading the few out of it
once saves every browser the rest.
"""

import re
from functools import cache
from importlib.resources import files

from markupsafe import Markup

_SYMBOL = re.compile(r'<symbol class="[^"]*" viewBox="([^"]+)" id="([^"]+)">(.*?)</symbol>', re.S)


@cache
def _sprite() -> dict[str, tuple[str, str]]:
    source = files("flask_bootstrap").joinpath("static/bootstrap5/icons/bootstrap-icons.svg")
    found = _SYMBOL.finditer(source.read_text(encoding="utf-8"))
    return {match[2]: (match[1], match[3]) for match in found}


@cache
def icon(name: str) -> Markup:
    """An icon beside words that say the same, so screen readers skip it.

    Raises:
        KeyError: there is no such icon.
    """
    box, drawing = _sprite()[name]
    # Both parts come from the installed package, not from a caller.
    return Markup(  # noqa: S704
        f'<svg class="icon" viewBox="{box}" fill="currentColor" aria-hidden="true">{drawing}</svg>'
    )
