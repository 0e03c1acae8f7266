"""When a webhook is tried again, when it is given up, and what an answer means."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# After each attempt that failed; the last one again and again.
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
GIVES_UP_AFTER = timedelta(days=3)
# How long events, and what became of sending them, can be read; what was taken for 30 days.
EVENTS_KEPT_FOR = timedelta(days=90)
# How long nothing at all is sent after so many attempts in a row without any answer.
PAUSE_AFTER = (
    timedelta(0),
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
)
# How long an old secret signs beside the new one, unless asked otherwise.
SECRETS_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an attempt.

    `status` None: no answer (nobody there, too late, an address that isn't allowed), and `problem`
    says why. `body`: its beginning. `took`: in milliseconds.
    """

    status: int | None
    body: str = ""
    problem: str = ""
    took: int = 0

    @property
    def taken(self) -> bool:
        """Whether the endpoint took the event: with any 2xx, and nothing else."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint asks never to be called again."""
        return self.status == 410


def next_attempt(attempts: int, at: datetime) -> datetime:
    """When to try again after so many attempts that failed, the last one just now."""
    return at + RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]


def pause(silent: int) -> timedelta:
    """How long to leave an endpoint alone that gave no answer so many times in a row."""
    return PAUSE_AFTER[min(silent, len(PAUSE_AFTER)) - 1]
