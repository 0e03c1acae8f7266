"""The search attributes by which ops find returns in Temporal: ids and states, nothing personal."""

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from models.messages import PayoutStart, ReturnStart, ReturnStatus

RMA = SearchAttributeKey.for_keyword("RedressRma")
STATUS = SearchAttributeKey.for_keyword("RedressStatus")
ORDER = SearchAttributeKey.for_keyword("RedressOrder")
RESOLUTION = SearchAttributeKey.for_keyword("RedressResolution")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("RedressNeedsAttention")

# What a namespace has to know before the first return starts.
ALL: tuple[SearchAttributeKey[str] | SearchAttributeKey[bool], ...] = (
    RMA,
    STATUS,
    ORDER,
    RESOLUTION,
    NEEDS_ATTENTION,
)


def for_start(start: ReturnStart) -> TypedSearchAttributes:
    """What a return is found by from its first moment."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(RMA, start.rma),
            SearchAttributePair(STATUS, ReturnStatus.REQUESTED.value),
            SearchAttributePair(ORDER, start.order),
            SearchAttributePair(RESOLUTION, start.resolution.value),
            SearchAttributePair(NEEDS_ATTENTION, False),
        ]
    )


def for_return(rma: str) -> TypedSearchAttributes:
    """What goes on beside a return is found by."""
    return TypedSearchAttributes([SearchAttributePair(RMA, rma)])


def for_payout(start: PayoutStart) -> TypedSearchAttributes:
    """What a payment beside a return is found by."""
    return TypedSearchAttributes([SearchAttributePair(RMA, start.rma)])
