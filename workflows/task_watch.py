"""Every quarter of an hour, people are reminded of tasks that are due."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.task_watch import TaskWatch
    from workflows import options


@workflow.defn
class TaskWatchWorkflow:
    """Reminds of tasks that are due, and escalates those that wait for much longer."""

    @workflow.run
    async def run(self) -> int:
        """How many mails went to the staff."""
        return await workflow.execute_activity_method(
            TaskWatch.watch_tasks,
            workflow.now().isoformat(),
            start_to_close_timeout=options.TASK_WATCH_TIMEOUT,
            schedule_to_close_timeout=options.TASK_WATCH_GIVES_UP_AFTER,
            heartbeat_timeout=options.WORKER_SILENT_FOR,
            retry_policy=options.MAIL_RETRY,
            summary="Remind of tasks that are due",
        )
