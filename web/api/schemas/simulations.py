"""Drafts of the policy that are tried out, as the API takes and shows them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import Schema, fields, post_load, validates_schema

from models.rules.policy import Policy
from models.rules.simulation import Verdict
from web.api.schemas.fields import Body, Choice, Day, Object, refuse
from web.api.schemas.policy import PolicySchema


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRequest:
    """What to try out, on the returns of which days; both included."""

    policy: Policy
    first_day: date | None
    last_day: date | None


class SimulateSchema(Body):
    """A draft, and the days on which the returns were asked for, in the draft's time zone."""

    policy = Object(PolicySchema, required=True)
    first_day = Day(data_key="from", load_default=None)
    last_day = Day(data_key="to", load_default=None)

    @validates_schema
    def check_days(self, data: dict[str, Any], **_: Any) -> None:
        """The days stand in order."""
        first, last = data.get("first_day"), data.get("last_day")
        if first is not None and last is not None and first > last:
            raise refuse("out_of_range", " ends before it begins; from is the earlier day.")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> SimulationRequest:
        """As the call takes it."""
        return SimulationRequest(**data)


class OutcomeSchema(Schema):
    """What a policy makes of a return. `photo`: it waits for one. `rule` decided;
    `words` say why it is denied, or which photos are missing.
    """

    decision = Choice(Verdict, required=True)
    total = fields.Integer(required=True)
    rule = fields.String(required=True, allow_none=True)
    words = fields.String(required=True)


class ChangeSchema(Schema):
    """A return that the draft would decide or pay otherwise."""

    rma = fields.String(required=True)
    order = fields.String(required=True)
    customer = fields.String(required=True, allow_none=True)
    currency = fields.String(required=True)
    before = fields.Nested(OutcomeSchema, required=True)
    after = fields.Nested(OutcomeSchema, required=True)


class AmountSchema(Schema):
    """What all returns would be paid, in minor units."""

    before = fields.Integer(required=True)
    after = fields.Integer(required=True)
    difference = fields.Integer(required=True)


class ProgressSchema(Schema):
    """How many returns are judged, of how many."""

    done = fields.Integer(required=True)
    total = fields.Integer(required=True)


class SimulationLinksSchema(Schema):
    """Where the simulation is found."""

    self = fields.String(required=True)


class SimulationSchema(Schema):
    """A draft tried out. `decisions` counts those that change, like "approve→review"; `amounts`
    are by currency; `changes` are the first hundred. As long as it runs they are empty.
    """

    id = fields.String(required=True)
    status = fields.String(required=True, metadata={"enum": ["running", "done", "failed"]})
    actor = fields.String(required=True)
    started_at = fields.AwareDateTime(required=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True)
    progress = fields.Nested(ProgressSchema, required=True)
    returns = fields.Integer(required=True)
    changed = fields.Integer(required=True)
    customers = fields.Integer(required=True)
    decisions = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    amounts = fields.Dict(keys=fields.String(), values=fields.Nested(AmountSchema), required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    problem = fields.String(required=True, allow_none=True)
    links = fields.Nested(SimulationLinksSchema, required=True)
