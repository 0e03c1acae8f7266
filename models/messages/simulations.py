"""Trying a draft of the policy out."""

from dataclasses import dataclass


def simulation_workflow_id(run: str) -> str:
    """The id of a run's workflow."""
    return f"simulation/{run}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationStart:
    """Starts a run, whose row holds the draft."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationEnd:
    """Ends a run that could not be done. `at`: RFC 3339; `problem`: why, in words."""

    id: str
    at: str
    problem: str
