"""Writing down what the workflow decided. Database only, so it runs as local activities."""

from dataclasses import replace
from datetime import datetime

from activities.definition import uninterrupted
from models.database import Database
from models.messages import (
    Amended,
    Amending,
    Assessment,
    HoldUnits,
    JudgingAgain,
    Opening,
    Refusal,
    ReturnProgress,
)
from models.store import amending, erp, reopening, returns
from models.store.judging import assessment_of
from models.store.policies import policy_at
from models.tables import Return


class Records:
    """The activities that keep the database in step with a return's workflow."""

    def __init__(self, database: Database) -> None:
        """Takes the database to write to."""
        self._database = database

    @uninterrupted
    def open_return(self, opening: Opening) -> Assessment:
        """Judges a request and records the return, or says why not."""
        start = opening.start
        time = datetime.fromisoformat(opening.at)
        judged_at = datetime.fromisoformat(start.judged_at) if start.judged_at else time
        with self._database.write() as session:
            assessment = returns.open_return(session, start, at=judged_at, now=time)
            return replace(assessment, erp=erp.is_connected(session))

    @uninterrupted
    def reopen_return(self, opening: Opening) -> Assessment:
        """Opens a return again that had ended, or says why not."""
        with self._database.write() as session:
            assessment = reopening.reopen(session, opening.start)
            return replace(assessment, erp=erp.is_connected(session))

    @uninterrupted
    def hold_units(self, asked: HoldUnits) -> list[Refusal]:
        """Takes unit positions again that a return had given back, or says which are gone."""
        with self._database.write() as session:
            return returns.hold_again(session, asked)

    @uninterrupted
    def amend_return(self, asked: Amending) -> Amended:
        """Judges a change of a return and records it, or says why not."""
        with self._database.write() as session:
            return amending.amend(session, asked)

    @uninterrupted
    def judge_again(self, asked: JudgingAgain) -> Assessment:
        """Says what a request comes to with the photos that it has now."""
        with self._database.read() as session:
            row = session.get_one(Return, asked.rma)
            return assessment_of(session, row, policy_at(session, row.policy_version))

    @uninterrupted
    def save_progress(self, progress: ReturnProgress) -> None:
        """Records how far the return is."""
        with self._database.write() as session:
            returns.save_progress(session, progress)
