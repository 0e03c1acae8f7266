"""What is asked back of money that was paid ahead, one claim for each task that asks for it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Units that were paid and aren't accepted, and what they are about in minor units."""

    units: int
    amount: int
    tax: int = 0
    # Of those, what is missing, one count per line; the rest was refused.
    missing: list[int] = field(default_factory=list)
    written_off: bool = False

    @property
    def refused(self) -> int:
        """Of its units, those that came and were refused."""
        return self.units - sum(self.missing)
