"""Rings when events were written, so that webhook endpoints hear of them at once.

It only makes things fast: whatever it misses, while Temporal is away say, the sweep finds.
"""

import threading
import time

import structlog

from models.database import Database
from models.store.sending import endpoints_behind
from web.delivery import Delivery
from web.requests import Unavailable

# Events come in bunches; one nudge does for all of a moment.
_MOMENT = 0.3

_log = structlog.get_logger(__name__)


class WebhookBell:
    """Nudges the workflows of endpoints that are behind, from a thread of its own."""

    def __init__(self, database: Database, delivery: Delivery) -> None:
        """Takes where endpoints are kept, and the way to Temporal."""
        self._database = database
        self._delivery = delivery
        self._rung = threading.Event()
        self._lock = threading.Lock()
        self._listens = False

    def ring(self) -> None:
        """Says that events were written; never waits."""
        self._rung.set()
        with self._lock:
            if not self._listens:
                # With the first event, so that the thread is never shared across a fork.
                threading.Thread(target=self._listen, name="webhook-bell", daemon=True).start()
                self._listens = True

    def _listen(self) -> None:
        while True:
            self._rung.wait()
            time.sleep(_MOMENT)
            self._rung.clear()
            try:
                with self._database.read() as session:
                    behind = endpoints_behind(session)
                for endpoint in behind:
                    self._delivery.nudge_webhooks(endpoint)
            except Unavailable:
                _log.info("webhooks wait for the sweep, Temporal can't be reached")
            except Exception:
                _log.exception("webhooks wait for the sweep")
