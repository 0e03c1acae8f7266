"""Reconciliations as the API shows them."""

from typing import Any

from marshmallow import Schema, fields, post_load

from models.rules.reconciliation import DifferenceKind
from models.store.queries import Place
from web.api.schemas.answers import page_of
from web.api.schemas.fields import Choice
from web.api.schemas.lists import PageQuery


class RunQuery(PageQuery):
    """The list of runs."""

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[int, Place | None]:
        """How many rows, and where to start."""
        return data["limit"], data["cursor"]


class RunLinksSchema(Schema):
    """Where the run is found."""

    self = fields.String(required=True)


class CountsSchema(Schema):
    """What was compared; nothing as long as it runs."""

    refunds = fields.Integer()
    provider_refunds = fields.Integer()
    entries = fields.Integer()


class ReconciliationSchema(Schema):
    """A run. `open` and `repaired` count its differences; `problem` says why it failed."""

    id = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["running", "done", "failed"]})
    actor = fields.String(required=True)
    started_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    compared = fields.Nested(CountsSchema, required=True)
    open = fields.Integer(required=True)
    repaired = fields.Integer(required=True)
    problem = fields.String(required=True, allow_none=True)
    links = fields.Nested(RunLinksSchema, required=True)


class DifferenceSchema(Schema):
    """One difference. `amount`: the money in question, in minor units of `currency`."""

    kind = Choice(DifferenceKind, required=True)
    state = fields.String(required=True, metadata={"enum": ["open", "repaired"]})
    amount = fields.Integer(required=True)
    currency = fields.String(required=True, allow_none=True)
    return_ = fields.String(required=True, allow_none=True, data_key="return")
    order = fields.String(required=True, allow_none=True)
    refund = fields.String(required=True, allow_none=True)
    provider = fields.String(required=True, allow_none=True)
    provider_reference = fields.String(required=True, allow_none=True)
    explanation = fields.String(required=True)


class OneReconciliationSchema(ReconciliationSchema):
    """A run with its differences; those that are open come first."""

    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


ReconciliationPageSchema = page_of(ReconciliationSchema)
