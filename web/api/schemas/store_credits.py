"""Store credit: what is asked of a code, and what the API answers."""

from marshmallow import Schema, fields

from models.rules.order_checks import MOST_MONEY
from models.store.credit_rows import CreditOrigin, MovementKind
from web.api.schemas.fields import Body, Choice, Text, WholeNumber


class ReversalSchema(Body):
    """Which redeem to take back, by the reference it was made with."""

    reference = Text(longest=100, shortest=1, required=True)


class RedemptionSchema(ReversalSchema):
    """How much to spend, in minor units of the credit's currency.

    The caller's `reference`, unique per code, makes asking again harmless.
    """

    amount = WholeNumber(at_least=1, at_most=MOST_MONEY, required=True)


class MovementSchema(Schema):
    """One change of the balance: above 0 onto the code, below 0 off it."""

    kind = Choice(MovementKind, required=True)
    amount = fields.Integer(required=True)
    reference = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class StoreCreditSchema(Schema):
    """A code and what is left on it. `amount`: all that was ever put on it, bonus included."""

    code = fields.String(required=True)
    amount = fields.Integer(required=True)
    currency = fields.String(required=True)
    balance = fields.Integer(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    origin = Choice(CreditOrigin, required=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    order = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    movements = fields.List(fields.Nested(MovementSchema), required=True)
