"""What the sandbox does without being asked: a round every moment, in a thread of its own."""

import logging

from activities.providers.payments.sandbox.desk import Desk
from activities.providers.payments.sandbox.webhooks import Courier, Outbox

_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Rounds:
    """Fails what is due to fail, and delivers events.

    Args:
        desk: knows what is due.
        outbox: wakes a round early when there is something to deliver.
        courier: delivers; None when nobody listens.
    """

    def __init__(self, desk: Desk, outbox: Outbox, courier: Courier | None) -> None:
        self._desk = desk
        self._outbox = outbox
        self._courier = courier

    def run(self) -> None:
        """Goes round for ever; a round that fails is logged, and the next one tries again."""
        self._desk.forget_old_keys()
        while True:
            self._outbox.news.wait(_SECONDS)
            self._outbox.news.clear()
            try:
                self._desk.fail_due()
                if self._courier is not None:
                    self._courier.deliver()
            except Exception:
                _log.exception("a round failed")
