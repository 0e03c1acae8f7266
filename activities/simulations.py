"""Judging past returns under a draft of the policy."""

from collections.abc import Callable
from datetime import UTC, datetime

from activities.definition import uninterrupted
from models.database import Database
from models.messages import SimulationEnd, SimulationStart
from models.store import simulating


class Simulations:
    """The activities of a simulation."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Takes where returns are kept, and the real time."""
        self._database = database
        self._clock = clock

    @uninterrupted
    def simulate(self, start: SimulationStart) -> None:
        """Judges all returns of a run; its row tells how far it is."""
        simulating.simulate(self._database, start.id, self._clock)

    @uninterrupted
    def end_simulation(self, ended: SimulationEnd) -> None:
        """Records that a run could not be done. Local."""
        at = datetime.fromisoformat(ended.at)
        with self._database.write() as session:
            simulating.end_simulation(session, ended.id, at, ended.problem)
