"""Answers about people, for the OpenAPI document."""

from marshmallow import Schema, fields


class ExportSchema(Schema):
    """All rows about a person, as they are kept; amounts are minor units, times UTC.

    An order has its `lines`, `payments` and `requests` that aren't recorded yet; a return its
    `lines`, `quote`, `events`, `notes`, `mails`, `photos` and so on.
    """

    customer = fields.String(required=True)
    person = fields.List(fields.Dict(), required=True)
    orders = fields.List(fields.Dict(), required=True)
    returns = fields.List(fields.Dict(), required=True)
    parcels = fields.List(fields.Dict(), required=True)
    erasures = fields.List(fields.Dict(), required=True)


class ErasureSchema(Schema):
    """What was erased: the numbers of the orders and returns, which stay without a person."""

    customer = fields.String(required=True)
    erased_at = fields.DateTime(required=True)
    erased_by = fields.String(required=True)
    orders = fields.List(fields.String(), required=True)
    returns = fields.List(fields.String(), required=True)
