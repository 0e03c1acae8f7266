"""Returns of the demo that brought no money: declined, cancelled, expired or refused."""

from models.messages import (
    EventKind,
    Reason,
    ReturnStatus,
    TaskKind,
)
from web.access import Role
from web.demo.steps import Cancel, Complete, Receive, Wait
from web.demo.telling import (
    Story,
    approved,
    arrived,
    declined,
    inspected,
    item,
    refusal,
)

ENDED_RETURNS = (
    Story(
        number=43,
        sale=1043,
        lines=(item("1", Reason.TOO_LARGE, "Had them hemmed, but the waist is too wide."),),
        ends=ReturnStatus.DECLINED,
        steps=declined("Hemmed and washed, so we can't take them back. Sorry about the waist!"),
    ),
    Story(
        number=44,
        sale=1044,
        asked_by=Role.AGENT,
        lines=(item("1", Reason.CHANGED_MIND, "Itches; she wore it for a week."),),
        override_reason="Bought as final sale, she didn't see it. Asking the manager.",
        ends=ReturnStatus.DECLINED,
        steps=declined(
            "Final sale was written on the page, the basket and the mail.", by=Role.MANAGER
        ),
    ),
    Story(
        number=45,
        sale=1045,
        lines=(item("1", Reason.COLOUR, "Forest looks black in the evening."),),
        ends=ReturnStatus.CANCELLED,
        steps=(*approved(), Cancel(note="She wore it to a dinner, got compliments, and keeps it.")),
    ),
    Story(
        number=46,
        sale=1046,
        lines=(item("1", Reason.ARRIVED_LATE, "The birthday was on Saturday.", units=2),),
        ends=ReturnStatus.CANCELLED,
        steps=(Cancel(note="Found another birthday for them."),),
    ),
    Story(
        number=47,
        sale=1048,
        lines=(
            item("1", Reason.TOO_SMALL, "One hole short."),
            item("2", Reason.OTHER, "The cat has claimed it. Only asking: would you take it?"),
        ),
        ends=ReturnStatus.EXPIRED,
        steps=(
            *approved("The belt gladly.", declined={"2": "Not once a cat has slept on it, sorry."}),
            Wait(EventKind.EXPIRED),
            Receive(lines={"1": 1}, late=True),
        ),
        hurry={"label_reminder": 1, "parcel_deadline": 2},
    ),
    Story(
        number=48,
        sale=1047,
        lines=(item("1", Reason.CHANGED_MIND, "Two pairs of black jeans are enough."),),
        ends=ReturnStatus.EXPIRED,
        steps=approved(),
        hurry={"parcel_deadline": 2},
    ),
    Story(
        number=49,
        sale=1049,
        lines=(item("1", Reason.DEFECTIVE, "The leather scuffs far too easily."),),
        ends=ReturnStatus.REJECTED,
        steps=(
            *arrived(line_1=1),
            inspected(refusal("1", "Heels worn down to the nails: months of gravel, no defect.")),
            Wait(EventKind.SEND_BACK_NEEDED),
        ),
    ),
    Story(
        number=50,
        sale=1050,
        lines=(item("1", Reason.NOT_AS_DESCRIBED, "Feels rough."),),
        ends=ReturnStatus.REJECTED,
        steps=(
            *arrived(line_1=1),
            inspected(refusal("1", "This is cotton and not ours; no linen set in the parcel.")),
            Complete(
                kind=TaskKind.SEND_BACK,
                by=Role.WAREHOUSE,
                note="Sent back with a card that says what we found.",
            ),
        ),
    ),
)
