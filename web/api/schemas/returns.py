"""Bodies of the calls on returns, made into what the gateway takes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, post_load, pre_load, validates, validates_schema

from models.messages import (
    CarrierStatus,
    Condition,
    CountedLine,
    DecisionKind,
    Disposition,
    Grade,
    ManualMethod,
    PayoutMethod,
    Reason,
    Resolution,
    ReturnKind,
    TaskChoice,
)
from models.rules.order_checks import MOST_MONEY
from web.api.schemas.fields import (
    LONGEST_NOTE,
    Body,
    Choice,
    CurrencyCode,
    EmailText,
    Flag,
    Items,
    Moment,
    Object,
    Text,
    Units,
    WholeNumber,
    refuse,
)
from web.api.schemas.orders import AddressSchema
from web.api.schemas.reasons import ReasonCode
from web.errors import Coded
from web.requests import (
    AmendedLineRequest,
    AmendRequest,
    Contact,
    DecisionRequest,
    GoodwillRequest,
    InspectionLineRequest,
    InspectionRequest,
    LineDecisionRequest,
    LineRequest,
    ReceiptRequest,
    ReturnRequest,
    ScanRequest,
    UnexpectedRequest,
    WantedItem,
)

# How far a carrier's clock may be ahead, or its zone be forgotten.
_AHEAD = timedelta(days=1)


class Note(Text):
    """Free text of a person; none and null are empty."""

    def __init__(self) -> None:
        super().__init__(longest=LONGEST_NOTE, load_default="", allow_none=True)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> str:
        """Reads the text."""
        return super().deserialize(value, attr, data, **kwargs) or ""


class OrderLineName(Text):
    """An order line's id."""

    def __init__(self) -> None:
        super().__init__(longest=100, shortest=1, required=True)


class EmptySchema(Body):
    """A call that needs no more than its address."""


class LabelRequestSchema(Body):
    """A label. `address`: where the parcel is sent from, when it isn't where the order went."""

    address = Object(AddressSchema, load_default=None)


class RequestedLineSchema(Body):
    """Some units of one order line to send back."""

    line = OrderLineName()
    quantity = Units(required=True)
    reason = ReasonCode(required=True)
    comment = Note()
    resolution = Choice(Resolution, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> LineRequest:
        """As the gateway takes it."""
        return LineRequest(**data)


class ContactSchema(Body):
    """Whom to write to: a guest, or a gift's recipient."""

    name = Text(longest=200, load_default=None)
    email = EmailText(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Contact:
        """As the gateway takes it."""
        return Contact(**data)


class OverrideSchema(Body):
    """Staff set the policy aside, and why."""

    reason = Text(longest=LONGEST_NOTE, shortest=1, required=True)


class WantedItemSchema(Body):
    """What the customer wants instead of a line."""

    line = OrderLineName()
    sku = Text(longest=100, shortest=1, required=True)
    quantity = Units(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> WantedItem:
        """As the gateway takes it."""
        return WantedItem(**data)


class ReturnRequestSchema(Body):
    """A request for a return, or for its quote. Only a withdrawal needs no reason.

    A gift's return needs its recipient as `contact` and brings store credit or an exchange; the
    buyer isn't told.
    """

    order = Text(longest=100, shortest=1, required=True)
    kind = Choice(ReturnKind, load_default=ReturnKind.RETURN)
    lines = Items(Object(RequestedLineSchema), at_least=1, required=True)
    resolution = Choice(Resolution, load_default=Resolution.REFUND)
    exchange = Items(Object(WantedItemSchema), load_default=None)
    contact = Object(ContactSchema, load_default=None)
    override = Object(OverrideSchema, load_default=None)
    reference = Text(longest=200, shortest=1, load_default=None)

    @pre_load
    def give_resolution(self, data: Any, **_: Any) -> Any:
        """A gift's recipient gets store credit unless they ask for something else."""
        if isinstance(data, dict) and data.get("kind") == ReturnKind.GIFT:
            return {"resolution": Resolution.STORE_CREDIT, **data}
        return data

    @pre_load
    def give_reason(self, data: Any, **_: Any) -> Any:
        """Nobody has to say why they withdraw."""
        if not isinstance(data, dict) or data.get("kind") != ReturnKind.WITHDRAWAL:
            return data
        lines = data.get("lines")
        if not isinstance(lines, list):
            return data
        why = {"reason": Reason.WITHDRAWAL}
        return {
            **data,
            "lines": [{**why, **line} if isinstance(line, dict) else line for line in lines],
        }

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ReturnRequest:
        """As the gateway takes it."""
        override = data.pop("override")
        data["exchange"] = data["exchange"] or []
        return ReturnRequest(override_reason=override["reason"] if override else None, **data)


class AmendedLineSchema(Body):
    """A line as it shall be; what is left out stays as it was."""

    line = OrderLineName()
    quantity = Units(required=True)
    reason = ReasonCode(load_default=None)
    comment = Text(longest=LONGEST_NOTE, load_default=None)
    resolution = Choice(Resolution, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AmendedLineRequest:
        """As the gateway takes it."""
        return AmendedLineRequest(**data)


class AmendSchema(Body):
    """A change of mind: `lines` are all that come back; left out, they stay as they are.

    Of an exchanged line that `exchange` doesn't name, the same goes out as before.
    """

    lines = Items(Object(AmendedLineSchema), at_least=1, load_default=None)
    resolution = Choice(Resolution, load_default=None)
    exchange = Items(Object(WantedItemSchema), at_least=1, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def need_a_change(self, data: dict[str, Any], **_: Any) -> None:
        """A change of nothing is a mistake."""
        if all(data[name] is None for name in ("lines", "resolution", "exchange")):
            message = "Say what shall change: lines, resolution, exchange or several."
            raise ValidationError({"lines": [Coded(message, "nothing_to_change")]})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AmendRequest:
        """As the gateway takes it."""
        return AmendRequest(**data)


class LineDecisionSchema(Body):
    """A decision on one line, where it differs from the whole."""

    line = OrderLineName()
    decision = Choice(DecisionKind, required=True)
    note = Note()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> LineDecisionRequest:
        """As the gateway takes it."""
        return LineDecisionRequest(**data)


class DecisionSchema(Body):
    """Approve or decline."""

    decision = Choice(DecisionKind, required=True)
    note = Note()
    lines = Items(Object(LineDecisionSchema), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> DecisionRequest:
        """As the gateway takes it."""
        return DecisionRequest(**data)


class NoteSchema(Body):
    """A call with nothing but a note."""

    note = Note()


class ClaimSchema(Body):
    """Whose task it is from now on: the caller's; `note`: what they say of it."""

    note = Note()


class CompletionSchema(Body):
    """A task that was done; `choice` where it can end in more than one way."""

    note = Note()
    choice = Choice(TaskChoice, load_default=None)


class TrackingSchema(Body):
    """What a carrier says of the parcel; an event_id counts once, and older scans change nothing.

    `at` may be ahead of our clock by a day at most, and counts as now then.
    """

    event_id = Text(longest=120, shortest=1, required=True)
    status = Choice(CarrierStatus, required=True)
    at = Moment(required=True)
    detail = Note()

    @validates("at")
    def check_at(self, at: datetime, data_key: str) -> None:
        """A scan of next year would make all that come after it older ones."""
        if at > datetime.now(UTC) + _AHEAD:
            raise refuse("future", " is in the future; say when the carrier scanned the parcel.")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ScanRequest:
        """As the gateway takes it."""
        return ScanRequest(**data)


class CountedLineSchema(Body):
    """Units of one order line counted at the dock; name a line twice for two conditions."""

    line = OrderLineName()
    quantity = Units(required=True)
    condition = Choice(Condition, load_default=None, allow_none=True)
    note = Note()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CountedLine:
        """As the gateway takes it."""
        return CountedLine(**{**data, "note": data["note"] or None})


class ThingSchema(Body):
    """A thing in a parcel."""

    sku = Text(longest=100, shortest=1, required=True)
    quantity = Units(required=True)
    note = Note()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> UnexpectedRequest:
        """As the gateway takes it."""
        return UnexpectedRequest(**data)


class UnexpectedSchema(ThingSchema):
    """A thing in the parcel that nobody announced; `instead_of`: the line it came for."""

    instead_of = Text(longest=100, shortest=1, load_default=None, allow_none=True)


class ReceiptSchema(Body):
    """What was counted at the dock."""

    lines = Items(Object(CountedLineSchema), load_default=list)
    unexpected = Items(Object(UnexpectedSchema), load_default=list)
    tracking = Text(longest=60, shortest=1, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def check_something_came(self, data: dict[str, Any], **_: Any) -> None:
        """A receipt of nothing is a mistake."""
        if not data["lines"] and not data["unexpected"]:
            message = "Name what was in the parcel, in lines or in unexpected."
            raise ValidationError({"lines": [Coded(message, "required")]})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ReceiptRequest:
        """As the gateway takes it."""
        return ReceiptRequest(**data)


class InspectedLineSchema(Body):
    """The verdict on some units of one order line."""

    line = OrderLineName()
    quantity = Units(required=True)
    grade = Choice(Grade, required=True)
    disposition = Choice(Disposition, required=True)
    # Left out: what the policy makes of the grade.
    accepted = Flag(load_default=None, allow_none=True)
    note = Note()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> InspectionLineRequest:
        """As the gateway takes it."""
        return InspectionLineRequest(**data)


class InspectionSchema(Body):
    """What was found on opening the parcel."""

    lines = Items(Object(InspectedLineSchema), at_least=1, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> InspectionRequest:
        """As the gateway takes it."""
        return InspectionRequest(**data)


class RetrySchema(Body):
    """Which refund to try once more."""

    refund = Text(longest=60, shortest=1, required=True)


class ResolveManuallySchema(Body):
    """How a refund is paid that the payment could not give back.

    `reference`: where to find what was paid by hand, or the id of the order's other payment.
    """

    refund = Text(longest=60, shortest=1, required=True)
    method = Choice(ManualMethod, required=True)
    reference = Text(longest=200, load_default="")
    note = Note()

    @validates_schema(skip_on_field_errors=True)
    def need_reference(self, data: dict[str, Any], **_: Any) -> None:
        """Store credit has a code of its own, and a dispute is known; the others must say where the
        money is.
        """
        known = (ManualMethod.STORE_CREDIT, ManualMethod.LOST_DISPUTE)
        if data["method"] in known or data["reference"].strip():
            return
        if data["method"] is ManualMethod.OTHER_PAYMENT:
            raise ValidationError(
                {"reference": [Coded("The id of the other payment is missing.", "missing")]}
            )
        raise ValidationError(
            {"reference": [Coded("Say where the payment by hand can be found.", "missing")]}
        )


class GoodwillSchema(Body):
    """Money without goods, in minor units of the order's currency or of the shop's."""

    amount = WholeNumber(at_least=1, at_most=MOST_MONEY, required=True)
    currency = CurrencyCode(required=True)
    method = Choice(PayoutMethod, load_default=PayoutMethod.REFUND)
    note = Note()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> GoodwillRequest:
        """As the gateway takes it."""
        return GoodwillRequest(**data)


class ExchangePaymentSchema(Body):
    """The customer paid the difference. `reference`: of the payment, at its provider."""

    reference = Text(longest=200, shortest=1, required=True)
    amount = WholeNumber(at_least=1, at_most=MOST_MONEY, required=True)


class ExchangeShipmentSchema(Body):
    """The new item went out."""

    tracking = Text(longest=60, shortest=1, required=True)
