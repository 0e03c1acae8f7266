"""What the sandbox does without being asked: a round every moment, in a thread of its own."""

import logging
from collections.abc import Callable, Sequence
from threading import Event

_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Rounds:
    """Does what is due, and delivers events.

    Args:
        news: wakes a round early when there is something to deliver.
        steps: what to do in each round, in this order.
    """

    def __init__(self, news: Event, steps: Sequence[Callable[[], None]]) -> None:
        self._news = news
        self._steps = steps

    def run(self) -> None:
        """Goes round for ever; a round that fails is logged, and the next one tries again."""
        while True:
            self._news.wait(_SECONDS)
            self._news.clear()
            try:
                for step in self._steps:
                    step()
            except Exception:
                _log.exception("a round failed")
