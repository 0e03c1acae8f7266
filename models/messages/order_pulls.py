"""Pulling orders from where the shop keeps them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPullStart:
    """Starts a pull, or goes on with one.

    Attributes:
        since: RFC 3339; None: since the last pull that came to its end, or from the first order.
        after: the source's own word for the page to go on with; None: the first.
        newest: RFC 3339; what the first page said of the newest change.
        so_far: what the pages before came to.
    """

    since: str | None = None
    after: str | None = None
    newest: str | None = None
    so_far: "OrdersPulled | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersPulled:
    """What a pull came to, in orders."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    def plus(self, other: "OrdersPulled") -> "OrdersPulled":
        """Both together."""
        return OrdersPulled(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            refused=self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPageAsked:
    """Asks for one page. `since`, `after`: as in `OrderPullStart`."""

    since: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPagePulled:
    """One page. `next`: the page after it; `newest`: by the first page, RFC 3339."""

    pulled: OrdersPulled
    next: str | None = None
    newest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPullEnd:
    """All pages were read. `newest`, `at`: RFC 3339."""

    newest: str
    at: str
