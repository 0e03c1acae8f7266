"""The bridge from Flask's threads to Temporal's client, which lives on one event loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from web.requests import Unavailable

Result = TypeVar("Result")

# A caller waits this long for an answer from a worker; the bridge itself a little longer.
ANSWER_WITHIN = 10.0
_MARGIN = 5.0
_UNREACHABLE = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
    }
)


class TemporalBridge:
    """Runs coroutines on a loop thread of its own and waits for them with a deadline.

    The thread starts with the first call, so that it is never shared across a fork.
    """

    def __init__(self, connect: Callable[[], Awaitable[Client]]) -> None:
        """Takes what makes the client, called on the loop until there is one."""
        self._connect = connect
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None

    def run(self, call: Callable[[Client], Coroutine[Any, Any, Result]]) -> Result:
        """Waits for what `call` makes with the client.

        Raises:
            Unavailable: Temporal can't be reached.
        """
        future = asyncio.run_coroutine_threadsafe(self._call(call), self._running_loop())
        try:
            return future.result(ANSWER_WITHIN + _MARGIN)
        except FutureTimeout:
            future.cancel()
            raise Unavailable(
                "The return service gives no answer; try again in a moment."
            ) from None
        except RPCError as error:
            if error.status in _UNREACHABLE:
                raise Unavailable(
                    "The return service can't be reached; try again in a moment."
                ) from error
            raise
        except ConnectionError as error:
            raise Unavailable(
                "The return service can't be reached; try again in a moment."
            ) from error

    async def _call(self, call: Callable[[Client], Coroutine[Any, Any, Result]]) -> Result:
        if self._client is None:
            self._client = await self._connect()
        return await call(self._client)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="temporal", daemon=True
                ).start()
            return self._loop
