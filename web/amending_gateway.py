"""The call that changes a return, and who may have what was approved changed."""

from models.messages import EXCHANGING, ReturnStatus
from models.rules.eligibility import judge_reason
from models.store.policies import policy_at
from models.tables import Return
from web.access import Actor, Permission
from web.messenger import Messenger
from web.requests import AmendRequest, Answer, Forbidden, Refused


class AmendingGateway(Messenger):
    """A change of mind."""

    def amend(
        self, rma: str, asked: AmendRequest, actor: Actor, *, id: str | None = None
    ) -> Answer:
        """Changes a return before anything was inspected; it is judged and priced again.

        Raises:
            Refused: the shop doesn't know one of the reasons.
            Forbidden: it was approved, and money or goods would be given that were not.
        """
        self._require(rma)
        self._check_reasons(rma, asked)
        self._check_exchange(rma, asked, actor)
        try:
            return self._send(rma, actor, id, lambda notes: notes.amendment(asked))
        except Refused as refused:
            for refusal in refused.refusals:
                if refusal.code == "above_limit":
                    raise Forbidden(refusal.message, code=refusal.code) from refused
            raise

    def _check_reasons(self, rma: str, asked: AmendRequest) -> None:
        with self._database.read() as session:
            policy = policy_at(session, session.get_one(Return, rma).policy_version)
        refusals = [
            refusal
            for index, line in enumerate(asked.lines or ())
            for refusal in judge_reason(line.reason, policy, f"/lines/{index}/reason")
        ]
        if refusals:
            raise Refused(refusals)

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
