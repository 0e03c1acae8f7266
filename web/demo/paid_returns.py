"""Returns of the demo that were inspected: paid, being paid, or stuck at the payment."""

from models.messages import (
    Disposition,
    EventKind,
    Grade,
    Reason,
    ReturnKind,
    ReturnStatus,
    TaskKind,
)
from web.access import Role
from web.demo.steps import Decide, PayByHand, Wait
from web.demo.telling import (
    Story,
    approved,
    arrived,
    inspected,
    item,
    refusal,
    verdict,
)

EXCHANGED = (
    # The same jumper in another size: sent back, accepted, and now to be sent out.
    Story(
        number=51,
        sale=1039,
        lines=(item("1", Reason.TOO_SMALL, "Lovely and warm. I need it one size up."),),
        exchange={"1": "KNT-CHARCOAL-M"},
        ends=ReturnStatus.RESOLVING,
        steps=(
            *arrived(line_1=1),
            inspected(verdict("1", "As new.")),
            Wait(event=EventKind.EXCHANGE_RESERVED),
        ),
    ),
    # Something dearer, whose difference the customer has not paid yet.
    Story(
        number=52,
        sale=1058,
        lines=(
            item("2", Reason.STYLE, "I would rather have two scarves for my sisters.", units=2),
        ),
        exchange={"2": "SCF-MOSS"},
        ends=ReturnStatus.AWAITING_PARCEL,
        steps=(*approved(), Wait(event=EventKind.EXCHANGE_RESERVED)),
    ),
)

PAYING = (
    Story(
        number=26,
        sale=1028,
        lines=(item("1", Reason.STYLE, "Very shiny. I had hoped for old brass."),),
        ends=ReturnStatus.RESOLVING,
        steps=(*arrived(line_1=1), inspected(verdict("1", "Unopened."))),
    ),
    Story(
        number=27,
        sale=1029,
        lines=(item("1", Reason.TOO_LARGE, "Stretched by a whole size.", units=2),),
        ends=ReturnStatus.RESOLVING,
        steps=(
            *arrived(line_1=2),
            inspected(
                verdict(
                    "1",
                    "Worn once or twice, clean. Fine for the outlet.",
                    grade=Grade.B,
                    disposition=Disposition.LIQUIDATE,
                    units=2,
                )
            ),
        ),
    ),
    # The provider refuses the refund: the card was closed, or the customer went to the bank.
    Story(
        number=28,
        sale=1052,
        lines=(item("1", Reason.TOO_LARGE, "Room for two of me."),),
        ends=ReturnStatus.NEEDS_ATTENTION,
        steps=(*arrived(line_1=1), inspected(verdict("1", "As new."))),
        claimed=(TaskKind.REFUND_FAILED, Role.FINANCE),
    ),
    Story(
        number=29,
        sale=1053,
        kind=ReturnKind.CLAIM,
        lines=(item("1", Reason.DEFECTIVE, "Flickers from day one. I want my money back NOW."),),
        ends=ReturnStatus.NEEDS_ATTENTION,
        steps=(
            *arrived(line_1=1, note="Third mail from him; please be quick."),
            inspected(
                verdict(
                    "1",
                    "Loose contact in the socket; the supplier takes these back.",
                    grade=Grade.C,
                    disposition=Disposition.RETURN_TO_VENDOR,
                )
            ),
        ),
    ),
    # Antarctica: no carrier goes there.
    Story(
        number=30,
        sale=1051,
        lines=(item("1", Reason.TOO_SMALL, "Shrank in the station's drying room."),),
        ends=ReturnStatus.NEEDS_ATTENTION,
        steps=(Decide(note="Fine by me. How does a parcel get out of there?"),),
    ),
)

RESOLVED = (
    Story(
        number=31,
        sale=1030,
        lines=(
            item("1", Reason.TOO_LARGE, "Lovely, but it slips off my shoulders."),
            item("2", Reason.CHANGED_MIND, "It was to go with the dress."),
        ),
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=1, line_2=1),
            inspected(verdict("1", "Tags on."), verdict("2", "Still folded in its band.")),
        ),
    ),
    Story(
        number=32,
        sale=1031,
        lines=(item("1", Reason.NOT_AS_DESCRIBED, "The duvet cover is 15 cm too short."),),
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=1, note="Measured 185 cm instead of 200.", by=Role.MANAGER),
            inspected(
                verdict(
                    "1",
                    "She is right, cut too short. Whole batch to be checked.",
                    grade=Grade.C,
                    disposition=Disposition.RETURN_TO_VENDOR,
                )
            ),
        ),
    ),
    Story(
        number=33,
        sale=1032,
        lines=(item("1", Reason.COLOUR, "Sky is nearly white in reality."),),
        ends=ReturnStatus.RESOLVED,
        steps=(*arrived(line_1=1), inspected(verdict("1", "As new."))),
    ),
    Story(
        number=34,
        sale=1033,
        kind=ReturnKind.CLAIM,
        lines=(item("1", Reason.DEFECTIVE, "Hairline cracks in two of the sets.", units=2),),
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=2, note="No need to wash them first."),
            inspected(
                verdict(
                    "1",
                    "Three mugs of eight cracked under the glaze.",
                    grade=Grade.D,
                    disposition=Disposition.DESTROY,
                    units=2,
                )
            ),
        ),
    ),
    # One tee never came; after the deadline what came is all there is.
    Story(
        number=35,
        sale=1034,
        lines=(item("1", Reason.NOT_AS_DESCRIBED, "All three shrank in the wash.", units=3),),
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=2),
            inspected(
                verdict(
                    "1",
                    "Two only. Washed at 40, as our care label says; they shrink.",
                    grade=Grade.C,
                    disposition=Disposition.DONATE,
                    units=2,
                )
            ),
            Wait(EventKind.MISSING_WRITTEN_OFF),
        ),
        hurry={"missing_deadline": 1},
    ),
    Story(
        number=36,
        sale=1036,
        lines=(item("1", Reason.DEFECTIVE, "The zip jams half-way, every time."),),
        kind=ReturnKind.CLAIM,
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=1),
            inspected(
                verdict(
                    "1",
                    "New slider needed, otherwise perfect.",
                    grade=Grade.B,
                    disposition=Disposition.REFURBISH,
                )
            ),
        ),
    ),
    Story(
        number=37,
        sale=1037,
        lines=(item("1", Reason.TOO_LARGE, "XL here is a tent; I should have taken the L."),),
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=1),
            inspected(verdict("1", "As new.")),
            PayByHand(
                reference="BACS 2291-07",
                note="His card was closed in spring; he sent us his account details.",
            ),
        ),
    ),
    Story(
        number=38,
        sale=1041,
        lines=(item("1", Reason.WRONG_ITEM, "Ordered ochre, got teal.", units=2),),
        kind=ReturnKind.CLAIM,
        ends=ReturnStatus.RESOLVED,
        steps=(
            *arrived(line_1=2, note="Picking error, both bins are next to each other."),
            inspected(
                verdict("1", "As new."),
                refusal("1", "Red wine all over it; that was not us."),
            ),
        ),
    ),
)

# Their follow-up was due a second after the refund.
CLOSED = (
    Story(
        number=39,
        sale=1035,
        lines=(item("1", Reason.TOO_SMALL, "One for my sister; M is more like an S."),),
        ends=ReturnStatus.CLOSED,
        steps=(*arrived(line_1=1), inspected(verdict("1", "As new."))),
        hurry={"follow_up_after": 1},
    ),
    Story(
        number=40,
        sale=1038,
        lines=(item("1", Reason.TOO_SMALL, "The 38 fits, so the 37 goes back."),),
        ends=ReturnStatus.CLOSED,
        steps=(*arrived(line_1=1), inspected(verdict("1", "Tried on indoors, soles clean."))),
        hurry={"follow_up_after": 1},
    ),
    Story(
        number=41,
        sale=1040,
        lines=(
            item("1", Reason.NOT_AS_DESCRIBED, "Said easy iron. It isn't."),
            item("2", Reason.NOT_AS_DESCRIBED, "Neither is this one."),
        ),
        ends=ReturnStatus.CLOSED,
        steps=(
            *arrived(line_1=1, line_2=1),
            inspected(verdict("1", "As new."), verdict("2", "As new, pins still in.")),
        ),
        hurry={"follow_up_after": 1},
    ),
    Story(
        number=42,
        sale=1042,
        lines=(item("1", Reason.TOO_SMALL, "Wanted to love it. Tight across the back."),),
        ends=ReturnStatus.CLOSED,
        steps=(
            *arrived(line_1=1, note="Fourth 'too small' for the sage dress this month."),
            inspected(verdict("1", "As new.")),
        ),
        hurry={"follow_up_after": 1},
    ),
)

PAID_RETURNS = (*EXCHANGED, *PAYING, *RESOLVED, *CLOSED)
