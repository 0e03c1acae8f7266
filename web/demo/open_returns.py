"""Returns of the demo that have not been inspected: asked for, on their way, or at the dock."""

from models.messages import (
    CarrierStatus,
    EventKind,
    Reason,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from web.access import Role
from web.demo.steps import Decide, Receive, Scan, Wait
from web.demo.telling import (
    AT_THE_DOOR,
    MOVING,
    Story,
    approved,
    arrived,
    inspected,
    item,
    verdict,
)
from web.requests import UnexpectedRequest

_HOUR = 3600

REQUESTED = (
    Story(
        number=1,
        sale=1001,
        lines=(
            item(
                "1",
                Reason.TOO_SMALL,
                "Bought two sizes to be sure. I can't lift my arms in the 12; keeping the 14.",
            ),
        ),
        ends=ReturnStatus.REQUESTED,
        hurry={"decision_due": 1},
    ),
    Story(
        number=2,
        sale=1002,
        lines=(
            item("1", Reason.TOO_LARGE, "My heel slips even with thick socks. Lovely leather!"),
        ),
        ends=ReturnStatus.REQUESTED,
        hurry={"decision_due": 1},
        claimed=(TaskKind.DECIDE, Role.AGENT),
    ),
    Story(
        number=3,
        sale=1003,
        kind=ReturnKind.CLAIM,
        lines=(
            item("1", Reason.DEFECTIVE, "The switch sparks, so I have stopped using the lamp."),
        ),
        ends=ReturnStatus.REQUESTED,
        hurry={"decision_due": 4 * _HOUR},
    ),
    Story(
        number=4,
        sale=1004,
        lines=(
            item("1", Reason.COLOUR, "In daylight the clay is much pinker than on the website."),
            item(
                "2", Reason.STYLE, "Without the duvet set the plum has nothing to go with.", units=2
            ),
        ),
        ends=ReturnStatus.REQUESTED,
    ),
    Story(
        number=5,
        sale=1005,
        lines=(item("1", Reason.STYLE, "My mother already has this one. She is keeping hers."),),
        ends=ReturnStatus.REQUESTED,
    ),
    Story(
        number=6,
        sale=1006,
        lines=(item("1", Reason.TOO_SMALL, "Comes up at least one size small in the waist."),),
        ends=ReturnStatus.REQUESTED,
    ),
    Story(
        number=7,
        sale=1008,
        asked_by=Role.AGENT,
        lines=(
            item("1", Reason.CHANGED_MIND, "The flat fell through, he has no room for it now."),
            item("2", Reason.CHANGED_MIND, "Same; both lamps are unopened.", units=2),
        ),
        ends=ReturnStatus.REQUESTED,
        claimed=(TaskKind.DECIDE, Role.MANAGER),
    ),
    Story(
        number=8,
        sale=1035,
        lines=(item("1", Reason.COLOUR, "And a second one, sorry: my sister doesn't want it."),),
        ends=ReturnStatus.REQUESTED,
    ),
)

ON_THE_WAY = (
    # Bouvet Island: the carrier never answers, and the label is tried again and again.
    Story(
        number=9,
        sale=1009,
        lines=(item("1", Reason.TOO_SMALL, "Doesn't close over a jumper, and here it has to."),),
        ends=ReturnStatus.APPROVED,
        steps=(Decide(note="Approved. Ask the carrier about the label if it takes long."),),
    ),
    Story(
        number=10,
        sale=1010,
        asked_by=Role.AGENT,
        lines=(item("1", Reason.TOO_SMALL, "Rang: they pinch at the toes, wants to try a 40."),),
        ends=ReturnStatus.AWAITING_PARCEL,
        steps=approved("She has no printer; told her the shop scans the code from her phone."),
    ),
    Story(
        number=11,
        sale=1011,
        lines=(item("1", Reason.COLOUR, "One of three: rust doesn't suit me, the girls love it."),),
        ends=ReturnStatus.AWAITING_PARCEL,
        steps=approved(),
    ),
    Story(
        number=12,
        sale=1012,
        lines=(
            item("1", Reason.COLOUR, "More salmon than rose."),
            item("2", Reason.TOO_LARGE, "I made an extra hole, but it is still too long."),
        ),
        ends=ReturnStatus.AWAITING_PARCEL,
        steps=approved(
            "The scarf is fine to come back.",
            declined={"2": "The belt has an extra hole, so we can't sell it to anybody else."},
        ),
    ),
    Story(
        number=13,
        sale=1014,
        asked_by=Role.AGENT,
        lines=(item("1", Reason.TOO_LARGE, "Sleeves cover his hands."),),
        override_reason="He was in hospital during the return window; promised on the phone.",
        ends=ReturnStatus.AWAITING_PARCEL,
        steps=approved("As promised, although the window has passed.", by=Role.MANAGER),
    ),
    Story(
        number=14,
        sale=1016,
        lines=(item("1", Reason.TOO_SMALL, "Normally a 45, these feel like a 44."),),
        ends=ReturnStatus.IN_TRANSIT,
        steps=(*approved(), MOVING),
    ),
    Story(
        number=15,
        sale=1017,
        lines=(item("1", Reason.NOT_AS_DESCRIBED, "The page says buttons; mine has ties."),),
        ends=ReturnStatus.IN_TRANSIT,
        steps=(*approved("She is right, the page still shows last year's."), MOVING),
    ),
    Story(
        number=16,
        sale=1018,
        kind=ReturnKind.CLAIM,
        lines=(item("1", Reason.DAMAGED_IN_TRANSIT, "The box was crushed and the stem is bent."),),
        ends=ReturnStatus.IN_TRANSIT,
        steps=(
            *approved("Photos show the dent clearly."),
            MOVING,
            Scan(CarrierStatus.EXCEPTION, "Label torn; parcel is being labelled again"),
        ),
    ),
    Story(
        number=17,
        sale=1019,
        lines=(item("1", Reason.TOO_LARGE, "Wide at the shoulders, the fabric is beautiful."),),
        ends=ReturnStatus.IN_TRANSIT,
        steps=(*approved(), MOVING, AT_THE_DOOR),
    ),
    Story(
        number=18,
        sale=1020,
        lines=(item("1", Reason.TOO_LARGE, "Drowning in it. Tags still on."),),
        ends=ReturnStatus.LOST,
        steps=(
            *approved(),
            MOVING,
            Scan(CarrierStatus.LOST, "Parcel can't be found at the depot"),
        ),
    ),
    Story(
        number=19,
        sale=1021,
        lines=(item("1", Reason.TOO_SMALL, "Too narrow for my feet."),),
        ends=ReturnStatus.LOST,
        steps=(*approved(), MOVING, Wait(EventKind.NO_MOVEMENT)),
        hurry={"no_movement": 1},
        claimed=(TaskKind.PARCEL_LOST, Role.AGENT),
    ),
)

AT_THE_DOCK = (
    Story(
        number=20,
        sale=1022,
        lines=(
            item("1", Reason.NOT_AS_DESCRIBED, "Polyester, not velvet to my fingers."),
            item("2", Reason.NOT_AS_DESCRIBED, "Same."),
            item("3", Reason.COLOUR, "More brown than plum."),
        ),
        ends=ReturnStatus.PARTIALLY_RECEIVED,
        steps=(
            *approved("Takes all three back; please compare the fabric with the sample."),
            MOVING,
            Receive(lines={"1": 1, "2": 1}),
        ),
    ),
    Story(
        number=21,
        sale=1023,
        lines=(
            item("1", Reason.TOO_SMALL, "Shrinks when you look at it."),
            item("2", Reason.STYLE, "Collar too stiff for me. Will follow in a second parcel."),
        ),
        ends=ReturnStatus.PARTIALLY_RECEIVED,
        steps=(
            *arrived(line_1=1, note="Two parcels, she says; the first is on its way."),
            inspected(verdict("1", "Never worn, tag on.")),
            Wait(EventKind.REFUND_SUCCEEDED),
        ),
    ),
    Story(
        number=22,
        sale=1024,
        lines=(item("1", Reason.TOO_SMALL, "The zip stops at the ribs. I'm a 10 elsewhere."),),
        ends=ReturnStatus.RECEIVED,
        steps=(*arrived(line_1=1), Wait(EventKind.INSPECTION_OVERDUE)),
        hurry={"inspection_due": 1},
    ),
    Story(
        number=23,
        sale=1025,
        lines=(item("1", Reason.TOO_LARGE, "Two of the three; my sons are slimmer.", units=2),),
        ends=ReturnStatus.RECEIVED,
        steps=arrived(line_1=2),
    ),
    Story(
        number=24,
        sale=1026,
        lines=(item("1", Reason.NOT_AS_DESCRIBED, "Seams twist after one wash.", units=2),),
        ends=ReturnStatus.RECEIVED,
        steps=(
            *approved("Second report about this batch of navy tees."),
            MOVING,
            Receive(
                lines={"1": 2},
                unexpected=(
                    UnexpectedRequest(
                        sku="SCF-MOSS",
                        quantity=1,
                        note="A scarf was in the box, too, with our tag; he has not bought one.",
                    ),
                ),
            ),
        ),
    ),
    Story(
        number=25,
        sale=1027,
        lines=(item("1", Reason.DEFECTIVE, "Left sole came off on the second day."),),
        kind=ReturnKind.CLAIM,
        ends=ReturnStatus.RECEIVED,
        steps=arrived(line_1=1, note="Photo shows the glue never held."),
        claimed=(TaskKind.INSPECT, Role.WAREHOUSE),
    ),
)

OPEN_RETURNS = (*REQUESTED, *ON_THE_WAY, *AT_THE_DOCK)
