"""`python -m worker` that tries webhooks again soon, and is missed soon when it is dead."""

from datetime import timedelta

import worker
from activities.providers.webhooks import http
from models.rules import webhooks
from workflows import options


def main() -> None:
    """Runs the worker with shorter times; everything else is as a shop runs it."""
    webhooks.RETRY_AFTER = (timedelta(milliseconds=100),)
    webhooks.PAUSE_AFTER = (timedelta(milliseconds=10),)
    http.TIMEOUT = 0.2  # type: ignore[misc]
    options.WORKER_SILENT_FOR = timedelta(seconds=3)
    worker.main()


if __name__ == "__main__":
    main()
