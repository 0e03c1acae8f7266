"""How a parcel behaves: said by the second line of its sender's address."""

from dataclasses import dataclass
from enum import StrEnum

# Where the carrier doesn't go, and where nobody picks up the phone.
NOT_SERVED = "AQ"
NOT_ANSWERING = "BV"


class Status(StrEnum):
    """Where a parcel is, in EasyPost's words."""

    UNKNOWN = "unknown"
    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A scan. `detail` is EasyPost's `status_detail`, `message` a sentence of the carrier's."""

    status: Status
    detail: str
    message: str


IN_TRANSIT = Step(
    status=Status.IN_TRANSIT, detail="arrived_at_facility", message="Arrived at the sorting centre"
)
OUT_FOR_DELIVERY = Step(
    status=Status.OUT_FOR_DELIVERY, detail="out_for_delivery", message="Out for delivery"
)
DELIVERED = Step(
    status=Status.DELIVERED,
    detail="arrived_at_destination",
    message="Delivered to the returns desk",
)
EXCEPTION = Step(
    status=Status.FAILURE, detail="delivery_exception", message="Delivery was not possible"
)
LOST = Step(status=Status.FAILURE, detail="lost", message="The parcel can't be found")

# By the names that a caller of the controls uses, which are Redress's.
STEPS = {
    "in_transit": IN_TRANSIT,
    "out_for_delivery": OUT_FOR_DELIVERY,
    "delivered": DELIVERED,
    "exception": EXCEPTION,
    "lost": LOST,
}
USUAL_JOURNEY = (IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to a parcel by itself, and what goes wrong with its label.

    Attributes:
        journey: the scans it gets by itself, one a `pause`.
        pause: seconds of the sandbox's clock before each scan.
        busy: so many calls to buy are answered 429.
        drops: so many answers to a purchase are lost.
        missing_pages: so many times the label's page isn't there.
        refuses: the carrier sells no label for it.
    """

    journey: tuple[Step, ...] = ()
    pause: float = 5.0
    busy: int = 0
    drops: int = 0
    missing_pages: int = 0
    refuses: bool = False


_BEHAVIOURS = {
    "sbx_delivered": Behaviour(journey=USUAL_JOURNEY),
    "sbx_exception": Behaviour(journey=(IN_TRANSIT, EXCEPTION)),
    "sbx_lost": Behaviour(journey=(IN_TRANSIT, LOST)),
    "sbx_label_refused": Behaviour(refuses=True),
    "sbx_label_busy": Behaviour(busy=2),
    "sbx_label_lost_answer": Behaviour(drops=1),
    "sbx_label_missing_page": Behaviour(missing_pages=2),
}


def behaviour_of(line2: str) -> Behaviour:
    """How a parcel behaves whose sender's second line is this; any other moves by nobody's hand."""
    return _BEHAVIOURS.get(line2.strip(), Behaviour())
