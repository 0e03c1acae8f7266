"""Running a database-only activity beside the workflow, until the database answers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from models.rules.refused import conflict

Message = TypeVar("Message")
Result = TypeVar("Result")

_TIMEOUT = timedelta(seconds=30)
_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(minutes=1)
)
# Longer pauses are timers: a database that is away for a day must not fill the history.
_IN_TASK = timedelta(seconds=5)


async def run_local(
    activity: Callable[[Any, Message], Result], message: Message, summary: str
) -> Result:
    """Runs a local activity with the one retry policy that all of them share.

    Raises:
        Refused: the activity says that what was asked for can't be done.
    """
    try:
        return await workflow.execute_local_activity_method(
            activity,
            message,
            start_to_close_timeout=_TIMEOUT,
            retry_policy=_RETRY,
            local_retry_threshold=_IN_TASK,
            summary=summary,
        )
    except (ActivityError, ApplicationError) as error:
        # A local activity's own error comes as it is, not always wrapped.
        cause = error.cause if isinstance(error, ActivityError) else error
        if isinstance(cause, ApplicationError) and cause.type == "conflict":
            raise conflict(str(cause.details[0]), cause.message) from error
        raise
