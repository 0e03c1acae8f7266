"""A worker that is killed at its n-th step of an exchange, before or after the step's effect.

`python -m tests.chaos.dying_worker N before|after FILE` is `python -m worker` until then; it writes
a line to the file for each step. With 0 it never dies.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

import worker
from activities.heartbeats import Heartbeats

# What an exchange and its return do once it is approved; mails and labels are nobody's money.
STEPS = {
    "open_exchange",
    "record_exchange_payment",
    "record_exchange_shipment",
    "call_exchange_off",
    "grant_refund",
    "pay_refund",
    "save_progress",
    "save_payout",
}


class KilledAt(Interceptor):
    """Has the process killed at a step, as a machine would be that loses its power."""

    def __init__(self, number: int, *, after: bool, steps: Path) -> None:
        self.number = number
        self.after = after
        self.steps = steps
        self.seen = 0

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Killed(Heartbeats().intercept_activity(next), self)


class _Killed(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, plan: KilledAt) -> None:
        super().__init__(next)
        self._plan = plan

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        plan, name = self._plan, getattr(input.fn, "__name__", "")
        if name not in STEPS:
            return await super().execute_activity(input)
        plan.seen += 1
        dies = plan.seen == plan.number
        with plan.steps.open("a") as file:
            file.write(f"{name}\n")
        if dies and not plan.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await super().execute_activity(input)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def main() -> None:
    """Runs the worker until its step."""
    number, when, steps = sys.argv[1:]
    plan = KilledAt(int(number), after=when == "after", steps=Path(steps))
    worker.Heartbeats = lambda: plan  # type: ignore[assignment, misc]
    worker.main()


if __name__ == "__main__":
    main()
