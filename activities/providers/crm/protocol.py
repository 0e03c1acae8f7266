"""What Redress asks of a system with the customers' records: keep one case for each return.

A CRM is added by a package of its own: it registers a function in the entry point group
`redress.crm`, which takes `SystemSettings` and gives a `CrmProvider`.
"""

from collections.abc import Callable
from typing import Protocol

from models.rules.milestones import Case, Milestone, Standing
from models.system_settings import SystemSettings

__all__ = [
    "Case",
    "ConnectCrm",
    "CrmProvider",
    "CrmRefused",
    "CrmUnclear",
    "Milestone",
    "Standing",
]


class CrmUnclear(Exception):
    """No answer: it may have been done or not. Asked again. `message` names no person."""

    def __init__(self, message: str) -> None:
        """Says what was seen."""
        super().__init__(message)
        self.message = message


class CrmRefused(Exception):
    """The CRM said no and would say no again: a person has to change something there first."""

    def __init__(self, message: str) -> None:
        """Says what to do; names no person."""
        super().__init__(message)
        self.message = message


class CrmProvider(Protocol):
    """Where customers' records are. Methods block; they are called from several threads."""

    def record(self, case: Case) -> None:
        """Makes sure that the customer's record has this return and its milestones, each once.

        The case is whole each time. What is there is looked for first, by the return's RMA and
        the keys of its milestones, and goes on where an earlier call was interrupted.

        Raises:
            CrmUnclear: call again with the same case.
            CrmRefused: the order isn't there, say; what is recorded already stays.
        """


ConnectCrm = Callable[[SystemSettings], CrmProvider]
"""What an entry point of `redress.crm` names."""
