"""Credit memos as the API shows them."""

from marshmallow import Schema, fields

from models.messages import PayoutMethod
from web.api.schemas.answers import QuoteLineSchema
from web.api.schemas.fields import Choice


class MemoLinksSchema(Schema):
    """Where the memo and its document are found."""

    self = fields.String(required=True)
    pdf = fields.String(required=True)


class CreditMemoSchema(Schema):
    """The numbered document of one granted refund."""

    number = fields.String(required=True, metadata={"example": "CM-000012"})
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    order = fields.String(required=True)
    grant = fields.String(required=True)
    kind = fields.String(required=True, metadata={"enum": ["return", "goodwill", "adopted"]})
    method = Choice(PayoutMethod, required=True)
    currency = fields.String(required=True)
    amount = fields.Integer(required=True)
    tax = fields.Integer(required=True)
    issued_at = fields.AwareDateTime(required=True)
    lines = fields.List(fields.Nested(QuoteLineSchema), required=True)
    refunds = fields.List(fields.String(), required=True)
    links = fields.Nested(MemoLinksSchema, required=True)


class CreditMemoPageSchema(Schema):
    """Some memos, newest first."""

    data = fields.List(fields.Nested(CreditMemoSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
