"""A gateway for tests of the API: it remembers what it was asked and answers as told."""

from collections.abc import Callable
from dataclasses import dataclass, field

from models.messages import RefundStatus, ReturnStatus
from models.rules.quote_lines import Quote, QuoteKind, QuoteLine
from tests.web.staff_fakes import Call
from tests.web.staff_fakes import FakeGateway as StaffGateway
from web.access import Actor
from web.gateway import new_rma
from web.requests import Answer, ReturnRequest, ScanRequest

QUOTE = Quote(
    currency="GBP",
    lines=(
        QuoteLine(kind=QuoteKind.GOODS, line="1", amount=10000, explanation="1 of 2 × Tee"),
        QuoteLine(
            kind=QuoteKind.TAX, line="1", amount=900, tax=900, explanation="Tax paid on them"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A report of a payment provider."""

    provider: str
    event_id: str
    provider_reference: str
    refund: str
    status: RefundStatus
    failure: str | None


@dataclass
class FakeGateway(StaffGateway):
    """Stands in for `web.gateway.Gateway`.

    `rma`: the return a request leads to; `meanwhile`: what happens while a request is taken.
    """

    rma: str | None = None
    meanwhile: Callable[[], None] | None = None
    news: list[News] = field(default_factory=list)
    refunded: list[tuple[str, str, list[str]]] = field(default_factory=list)
    disputed: list[tuple[str, str, list[str]]] = field(default_factory=list)
    parcels: list[tuple[str, ScanRequest]] = field(default_factory=list)

    def quote(self, request: ReturnRequest, actor: Actor) -> Quote:
        self._took("quote", (request,), actor, None)
        return QUOTE

    def request_return(
        self, request: ReturnRequest, actor: Actor, *, rma: str | None = None
    ) -> Answer:
        self.calls.append(Call(name="request_return", about=(request,), actor=actor, id=rma))
        if self.meanwhile is not None:
            self.meanwhile()
        if self.error is not None:
            raise self.error
        return Answer(
            rma=self.rma or rma or new_rma(), status=ReturnStatus.REQUESTED, settled=self.settled
        )

    def scan(self, rma: str, asked: ScanRequest, actor: Actor) -> Answer:
        return self._took("scan", (rma, asked), actor, None)

    def parcel_news(self, tracking: str, asked: ScanRequest) -> bool:
        if self.error is not None:
            raise self.error
        self.parcels.append((tracking, asked))
        return tracking.startswith("SBX")

    def refund_news(
        self,
        provider: str,
        event_id: str,
        provider_reference: str,
        refund: str,
        status: RefundStatus,
        failure: str | None = None,
    ) -> bool:
        if self.error is not None:
            raise self.error
        self.news.append(
            News(
                provider=provider,
                event_id=event_id,
                provider_reference=provider_reference,
                refund=refund,
                status=status,
                failure=failure,
            )
        )
        return True

    def payment_news(self, provider: str, event_id: str, payments: list[str]) -> bool:
        self.refunded.append((provider, event_id, payments))
        return True

    def dispute_news(self, provider: str, dispute: str, payments: list[str]) -> bool:
        self.disputed.append((provider, dispute, payments))
        return True
