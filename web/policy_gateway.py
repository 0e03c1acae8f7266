"""What the policy says to new returns, and the call that tries a draft of it out."""

import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from models.messages import Deadlines
from models.rules.policy import Policy
from models.settings import parse_duration
from models.store import simulating
from models.store.policies import current_policy
from web.access import Actor
from web.messenger import Messenger
from web.requests import Unavailable


class PolicyGateway(Messenger):
    """Simulations, and the deadlines of new returns."""

    def deadlines(self) -> Deadlines:
        """The policy's own deadlines, and the settings' for those it says nothing of."""
        with self._database.read() as session:
            own = dict(current_policy(session).deadlines)
        return replace(
            self._settings.deadlines,
            **{name: parse_duration(text) for name, text in own.items()},
        )

    def nudge_webhooks(self, endpoint: str) -> None:
        """Says that something waits for a webhook endpoint; the sweep finds it, if this can't."""
        with suppress(Unavailable):
            self._delivery.nudge_webhooks(endpoint)

    def simulate(
        self,
        draft: Policy,
        actor: Actor,
        *,
        text: str | None = None,
        days: tuple[date | None, date | None] = (None, None),
    ) -> str:
        """Starts judging past returns under a draft; gives the run's id.

        Args:
            draft: what would be put in force.
            actor: who wants to know.
            text: the draft as it was written.
            days: of the requests, both included; None: without end.

        Raises:
            Unavailable: Temporal can't be reached.
        """
        run = str(uuid.uuid4())
        with self._database.write() as session:
            simulating.begin_simulation(
                session,
                run,
                actor=actor.id,
                version=current_policy(session).version,
                draft=draft,
                text=text,
                days=days,
                at=datetime.now(UTC),
            )
        try:
            self._delivery.simulate(run)
        except Unavailable:
            with self._database.write() as session:
                simulating.forget_simulation(session, run)
            raise
        return run
