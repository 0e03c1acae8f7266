"""What the API answers, for the OpenAPI document; `web.representation` writes it."""

from marshmallow import Schema, fields

from models.messages import (
    Acceptance,
    CarrierStatus,
    ClaimStatus,
    Disposition,
    EventKind,
    ExchangeStatus,
    Grade,
    PayoutMethod,
    Reception,
    RefundStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from models.rules.erp import DocumentKind
from models.rules.orders import PaymentKind
from models.rules.quote_lines import QuoteKind
from models.store.erp import DocumentState
from web.api.schemas.fields import Choice
from web.api.schemas.policy import PolicySchema
from web.api.schemas.reasons import ReasonCode
from web.api.schemas.returns import OverrideSchema


class FieldErrorSchema(Schema):
    """What is wrong at one place of the body."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)


class ProblemSchema(Schema):
    """A refusal or failure (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema), required=True)
    request_id = fields.String(required=True, allow_none=True)
    state = Choice(ReturnStatus)


class QuoteLineSchema(Schema):
    """One amount of a quote: plus goes to the customer, minus comes from them.

    `tax`: how much of it is tax.
    """

    kind = Choice(QuoteKind, required=True)
    line = fields.String(required=True, allow_none=True)
    amount = fields.Integer(required=True)
    tax = fields.Integer(required=True)
    explanation = fields.String(required=True)


class QuoteSchema(Schema):
    """What comes back, in minor units of the currency."""

    currency = fields.String(required=True)
    lines = fields.List(fields.Nested(QuoteLineSchema), required=True)
    total = fields.Integer(required=True)


class ExchangeItemSchema(Schema):
    """What goes out for a line. `price`: for one, tax included, as it was quoted."""

    line = fields.String(required=True)
    sku = fields.String(required=True)
    quantity = fields.Integer(required=True)
    price = fields.Integer(required=True)


class ExchangeSchema(Schema):
    """What goes out. `difference`: above 0 the customer owes it, below 0 it comes back.

    `status` null: nothing is set aside yet.
    """

    lines = fields.List(fields.Nested(ExchangeItemSchema), required=True)
    difference = fields.Integer(required=True)
    status = Choice(ExchangeStatus, required=True, allow_none=True)
    paid = fields.Integer(required=True)
    tracking = fields.String(required=True, allow_none=True)


class PricedQuoteSchema(QuoteSchema):
    """A quote that isn't stored, with what would go out."""

    exchange = fields.Nested(ExchangeSchema, required=True, allow_none=True)


class ReturnLineSchema(Schema):
    """A line of a return, with its counters in units."""

    line = fields.String(required=True)
    sku = fields.String(required=True)
    name = fields.String(required=True)
    requested = fields.Integer(required=True)
    approved = fields.Integer(required=True)
    received = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    refunded = fields.Integer(required=True)
    ahead = fields.Integer(required=True)
    forgone = fields.Integer(required=True)
    reception = Choice(Reception, required=True)
    acceptance = Choice(Acceptance, required=True)
    reason = ReasonCode(required=True)
    reason_label = fields.String(required=True)
    comment = fields.String(required=True)
    resolution = Choice(Resolution, required=True)
    grade = Choice(Grade, required=True, allow_none=True)
    disposition = Choice(Disposition, required=True, allow_none=True)


class RefundSchema(Schema):
    """A refund transaction: money moving at one payment."""

    id = fields.String(required=True)
    payment = fields.String(required=True)
    kind = Choice(PaymentKind, required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    status = Choice(RefundStatus, required=True)
    provider_reference = fields.String(required=True, allow_none=True)
    failure = fields.String(required=True, allow_none=True)
    replaced_by = fields.String(required=True, allow_none=True)
    paid_by = fields.String(required=True, allow_none=True)
    paid_reference = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class OneRefundSchema(RefundSchema):
    """A refund transaction by itself. `return`: null when it was found at the provider."""

    return_ = fields.String(required=True, allow_none=True, data_key="return")
    order = fields.String(required=True)


class GrantSchema(Schema):
    """A granted refund: the decision to pay an amount, as it was paid."""

    id = fields.String(required=True)
    kind = fields.String(
        required=True, metadata={"enum": ["return", "goodwill", "adopted", "exchange"]}
    )
    method = Choice(PayoutMethod, required=True)
    amount = fields.Integer(required=True)
    bonus = fields.Integer(required=True)
    short = fields.Integer(required=True)
    currency = fields.String(required=True)
    lines = fields.List(fields.Nested(QuoteLineSchema), required=True)
    credit_memo = fields.String(required=True, allow_none=True)
    actor = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class IssuedCreditSchema(Schema):
    """Store credit that was issued."""

    code = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    balance = fields.Integer(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)


class LabelSchema(Schema):
    """The newest return label. `cost`: what the shop paid for it, where the carrier says."""

    carrier = fields.String(required=True)
    tracking = fields.String(required=True)
    cost = fields.Integer(required=True, allow_none=True)
    currency = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class ScanSchema(Schema):
    """What a carrier said of the parcel."""

    event_id = fields.String(required=True)
    status = Choice(CarrierStatus, required=True)
    at = fields.AwareDateTime(required=True)
    detail = fields.String(required=True, allow_none=True)


class TaskSchema(Schema):
    """Work that waits for a person, about a return, a parcel, an order without a return, or a
    webhook endpoint.

    `owner`: who claimed it.
    """

    id = fields.String(required=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    parcel = fields.String(required=True, allow_none=True)
    order = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The order, where it has no return."},
    )
    webhook_endpoint = fields.String(required=True, allow_none=True)
    kind = Choice(TaskKind, required=True)
    status = fields.String(required=True, metadata={"enum": ["open", "claimed", "done"]})
    refund = fields.String(required=True, allow_none=True)
    reference = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Our reference of what the ERP has not taken, the provider's id of a "
            "dispute, or the id of an event that a webhook endpoint would not take."
        },
    )
    owner = fields.String(required=True, allow_none=True)
    note = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "What was said by who claimed it, or ended one that is about no return."
        },
    )
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    opened_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    reminded_at = fields.AwareDateTime(required=True, allow_none=True)
    escalated_at = fields.AwareDateTime(required=True, allow_none=True)


class CarrierClaimSchema(Schema):
    """What a carrier owes for a parcel it lost; `task` settles it."""

    task = fields.String(required=True)
    carrier = fields.String(required=True)
    tracking = fields.String(required=True)
    status = Choice(ClaimStatus, required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    opened_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)


class ErpDocumentSchema(Schema):
    """A credit memo or goods of the return in the shop's ERP; `numbers` are the ERP's own."""

    reference = fields.String(required=True)
    kind = Choice(DocumentKind, required=True)
    state = Choice(DocumentState, required=True)
    numbers = fields.List(fields.String(), required=True)
    at = fields.AwareDateTime(required=True)


class LinksSchema(Schema):
    """Where more of it is found; null: there is none."""

    self = fields.String(required=True)
    events = fields.String(required=True)
    label = fields.String(required=True, allow_none=True)
    temporal_ui = fields.String(required=True, allow_none=True)
    portal = fields.String(required=True, allow_none=True)


class ReturnSchema(Schema):
    """A return. What isn't recorded yet of one that was just taken is null or empty."""

    rma = fields.String(required=True)
    status = Choice(ReturnStatus, required=True)
    order = fields.String(required=True)
    reference = fields.String(required=True, allow_none=True)
    override = fields.Nested(OverrideSchema, required=True, allow_none=True)
    kind = Choice(ReturnKind, required=True, allow_none=True)
    resolution = Choice(Resolution, required=True, allow_none=True)
    currency = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Nested(ReturnLineSchema), required=True)
    quote = fields.Nested(QuoteSchema, required=True, allow_none=True)
    refunds = fields.List(fields.Nested(RefundSchema), required=True)
    grants = fields.List(fields.Nested(GrantSchema), required=True)
    store_credit = fields.Nested(IssuedCreditSchema, required=True, allow_none=True)
    exchange = fields.Nested(ExchangeSchema, required=True, allow_none=True)
    label = fields.Nested(LabelSchema, required=True, allow_none=True)
    tracking = fields.List(fields.Nested(ScanSchema), required=True)
    tasks = fields.List(fields.Nested(TaskSchema), required=True)
    carrier_claims = fields.List(fields.Nested(CarrierClaimSchema), required=True)
    erp = fields.List(fields.Nested(ErpDocumentSchema), required=True)
    policy_version = fields.Integer(required=True, allow_none=True)
    deadlines = fields.Dict(keys=fields.String(), values=fields.AwareDateTime(), required=True)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)
    links = fields.Nested(LinksSchema, required=True)


class TakenSchema(Schema):
    """A call that was taken and will be carried out; ask for the return to see it done."""

    rma = fields.String(required=True)
    status = Choice(ReturnStatus, required=True)
    links = fields.Nested(LinksSchema, required=True)


class EventSchema(Schema):
    """An entry of a timeline: who, when and what, in words and in fields."""

    id = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    kind = Choice(EventKind, required=True)
    actor = fields.String(required=True)
    actor_name = fields.String(required=True)
    text = fields.String(required=True)
    data = fields.Dict(keys=fields.String(), required=True)
    note = fields.String(required=True, allow_none=True)


class OrderTakenSchema(Schema):
    """An order as it was taken; `refundable` is what of `paid` no refund holds yet."""

    number = fields.String(required=True)
    currency = fields.String(required=True)
    paid = fields.Integer(required=True)
    refundable = fields.Integer(required=True)


class RefusedRowSchema(Schema):
    """A row of a file that isn't in, and why; its order is left out whole."""

    row = fields.Integer(required=True)
    order = fields.String(required=True, allow_none=True)
    message = fields.String(required=True)


class ImportSchema(Schema):
    """What came of a file, in orders.

    `refused` says what is wrong, the first thousand things, and a row may have several;
    `refused_rows` counts each row once.
    """

    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    lines = fields.Integer(required=True)
    refused_rows = fields.Integer(required=True)
    refused = fields.List(fields.Nested(RefusedRowSchema), required=True)


class ReceivedSchema(Schema):
    """An incoming webhook was taken."""

    received = fields.Boolean(required=True)


def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a list's page."""
    name = item.__name__.removesuffix("Schema")
    return Schema.from_dict(
        {
            "data": fields.List(fields.Nested(item), required=True),
            "next_cursor": fields.String(required=True, allow_none=True),
        },
        name=f"{name}PageSchema",
    )


ReturnPageSchema = page_of(ReturnSchema)
EventPageSchema = page_of(EventSchema)
TaskPageSchema = page_of(TaskSchema)
PolicyPageSchema = page_of(PolicySchema)
