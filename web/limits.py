"""How often a key may call the API, and an address knock at the doors that are open to everybody.

The buckets are in the database, so that all web processes share them. A process takes ten calls of
a key at a time and counts them out by itself, so a call costs a tenth of a transaction. What it
holds was counted when it was taken: in any time a key gets no more calls than its burst, the rate
times that time, and ten for each process.
"""

import hashlib
import hmac
import ipaddress
import math
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from flask import Response, g, request
from werkzeug.exceptions import TooManyRequests

from models.database import Database
from models.store.rate_limits import Limit, forget_full, take
from web.errors import Problem

# Guessing passwords or order numbers is slow with this, and a whole office still gets in.
DOOR = Limit(rate=0.5, burst=30)
_BATCH = 10
_TIDY_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is left after a call, and for how many seconds to wait when it was refused (else 0)."""

    policy: str
    limit: Limit
    left: float
    wait: float = 0.0

    def tell(self, response: Response) -> None:
        """Puts it into the answer (draft-ietf-httpapi-ratelimit-headers)."""
        window = math.ceil(self.limit.window)
        missing = (self.limit.burst - self.left) / self.limit.rate
        headers = response.headers
        headers["RateLimit-Policy"] = f'"{self.policy}";q={self.limit.burst};w={window}'
        headers["RateLimit"] = f'"{self.policy}";r={int(self.left)};t={math.ceil(missing)}'
        if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = str(max(1, math.ceil(self.wait)))


@dataclass(slots=True)
class _Lease:
    """Calls that this process took and has yet to hand out."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    calls: int = 0
    # The bucket, as it was seen last.
    left: float = 0.0
    seen: float = 0.0
    # Asked again only after this: who is over the limit must not cost a transaction a call.
    empty_until: float = 0.0


class Limiter:
    """Counts calls for this process.

    Args:
        database: where the buckets are.
        limit: of each key; None: there is none.
    """

    def __init__(self, database: Database, limit: Limit | None) -> None:
        self._database = database
        self._limit = limit
        self._batch = 1 if limit is None else max(1, min(_BATCH, limit.burst // 20))
        self._leases: dict[str, _Lease] = {}
        self._tidied = time.monotonic()

    def call(self, account: str) -> Standing | None:
        """Counts a call of a key; None without a limit. With a `wait` it is refused."""
        limit = self._limit
        if limit is None:
            return None
        lease = self._leases.setdefault(account, _Lease())
        with lease.lock:
            now = time.monotonic()
            if not lease.calls and now >= lease.empty_until:
                taken = take(
                    self._database, f"key:{account}", limit, self._batch, datetime.now(UTC)
                )
                lease.calls, lease.left, lease.seen = taken.granted, taken.left, now
                if not taken.granted:
                    lease.empty_until = now + self._batch / limit.rate
                self._tidy(now)
            if not lease.calls:
                wait = max(lease.empty_until - now, 1 / limit.rate)
                return Standing(policy="calls", limit=limit, left=0, wait=wait)
            lease.calls -= 1
            refilled = lease.left + (now - lease.seen) * limit.rate
            left = min(lease.calls + refilled, limit.burst - 1)
            return Standing(policy="calls", limit=limit, left=left)

    def knock(self, door: str, address: str) -> Standing:
        """Counts one try of an address at a door."""
        taken = take(self._database, f"{door}:{address}", DOOR, 1, datetime.now(UTC))
        self._tidy(time.monotonic())
        wait = 0.0 if taken.granted else (1 - taken.left) / DOOR.rate
        return Standing(policy=door, limit=DOOR, left=taken.left, wait=wait)

    def _tidy(self, now: float) -> None:
        if now - self._tidied > _TIDY_EVERY:
            self._tidied = now
            forget_full(self._database, datetime.now(UTC))


def count_call(limiter: Limiter, account: str) -> None:
    """Counts a call of a key.

    Raises:
        Problem: 429, when it is one too many.
    """
    standing = limiter.call(account)
    g.standing = standing
    if standing is not None and standing.wait:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "rate_limited",
            f"This key called too often: {standing.limit.rate:g} calls a second are allowed, "
            f"{standing.limit.burst} at once. Wait for Retry-After seconds.",
        )


def count_knock(limiter: Limiter, secret: str, door: str) -> None:
    """Counts a form sent to a door that is open to everybody, by where it comes from.

    Of the address only a keyed hash is kept, until its bucket is full again: a minute.

    Raises:
        TooManyRequests: too many came from there.
    """
    standing = limiter.knock(door, _hashed(secret, request.remote_addr or ""))
    g.standing = standing
    if standing.wait:
        raise TooManyRequests("Too many tries came from where you are. Wait a minute, then go on.")


def tell_limit(response: Response) -> Response:
    """After each request: what is left."""
    standing: Standing | None = g.get("standing")
    if standing is not None:
        standing.tell(response)
    return response


def _hashed(secret: str, address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
        if found.version == 6:
            # Who has one such address has all of its network.
            address = str(ipaddress.ip_network((found, 64), strict=False))
    except ValueError:
        pass
    return hmac.new(secret.encode(), f"address {address}".encode(), hashlib.sha256).hexdigest()[:32]
