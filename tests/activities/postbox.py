"""A mail transport for tests, and what a reader sees of the mails it took."""

from collections.abc import Callable
from html.parser import HTMLParser

from activities.providers.mail.protocol import Mail


class Postbox:
    """A transport that keeps the mails, or fails as told, with something to do meanwhile."""

    name = "postbox"

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.tried = 0
        self.problems: list[Exception] = []
        self.meanwhile: Callable[[], object] | None = None

    def send(self, mail: Mail) -> None:
        self.tried += 1
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            act()
        if self.problems:
            raise self.problems.pop(0)
        self.sent.append(mail)


def both(mail: Mail) -> tuple[str, str]:
    """The words of the plain mail and of the HTML one, on one line each."""
    words = Words()
    words.feed(mail.html)
    return " ".join(mail.text.split()), " ".join(" ".join(words.found).split())


class Words(HTMLParser):
    """Collects what a reader of an HTML mail sees, and every address it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.loads: list[str | None] = []
        self._styles = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._styles = tag == "style"
        self.loads += [value for name, value in attrs if name in ("src", "href", "background")]

    def handle_endtag(self, tag: str) -> None:
        self._styles = False

    def handle_data(self, data: str) -> None:
        if not self._styles:
            self.found.append(data)


def in_order(words: str, *parts: str) -> bool:
    """Whether all parts are there, one after the other."""
    at = 0
    for part in parts:
        at = words.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
