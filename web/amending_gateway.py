"""The call that changes a return, and who may have what was approved changed."""

from models.messages import EXCHANGING, ReturnStatus
from models.tables import Return
from web.access import Actor, Permission
from web.messenger import Messenger
from web.requests import AmendRequest, Answer, Forbidden


class AmendingGateway(Messenger):
    """A change of mind."""

    def amend(
        self, rma: str, asked: AmendRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Changes a return before anything was inspected; it is judged and priced again.

        Raises:
            Forbidden: it was approved, and money or goods would be given that were not.
        """
        self._require(rma)
        self._check_exchange(rma, asked, actor)
        return self._send(rma, actor, id, lambda notes: notes.amendment(asked))

    def _check_exchange(self, rma: str, asked: AmendRequest, actor: Actor) -> None:
        if actor.may(Permission.DECIDE):
            return
        with self._database.read() as session:
            row = session.get_one(Return, rma)
            changed = {asked.resolution, *(part.resolution for part in asked.lines or ())}
            exchanges = asked.exchange or EXCHANGING & (
                changed | {line.resolution for line in row.lines}
            )
            if row.status != ReturnStatus.REQUESTED and exchanges:
                raise Forbidden(
                    "An exchange that was approved is changed by people who decide returns; "
                    "ask one of them.",
                    code="needs_decision",
                )
