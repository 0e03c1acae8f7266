"""When somebody asks: what a draft of the policy would have made of past returns."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.simulations import Simulations
    from models.messages import SimulationEnd, SimulationStart
    from workflows import options
    from workflows.local import run_local
    from workflows.matter import words_of


@workflow.defn
class SimulationWorkflow:
    """Judges every return again, in one activity that begins anew when its worker dies."""

    @workflow.run
    async def run(self, start: SimulationStart) -> None:
        """Simulates.

        Raises:
            ApplicationError: `not_simulated`; the run says why.
        """
        try:
            await workflow.execute_activity_method(
                Simulations.simulate,
                start,
                start_to_close_timeout=options.SIMULATION_TIMEOUT,
                schedule_to_close_timeout=options.SIMULATION_GIVES_UP_AFTER,
                heartbeat_timeout=options.WORKER_SILENT_FOR,
                retry_policy=options.SIMULATION_RETRY,
                summary="Judge past returns again",
            )
        except ActivityError as error:
            problem = words_of(error)
            await run_local(
                Simulations.end_simulation,
                SimulationEnd(id=start.id, at=workflow.now().isoformat(), problem=problem),
                summary="Record that the simulation failed",
            )
            raise ApplicationError(problem, type="not_simulated", non_retryable=True) from error
