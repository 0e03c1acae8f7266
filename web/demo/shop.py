"""The demo shop's sales: who bought what, when, and how it was paid."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SHOP_CURRENCY = "GBP"
# So that a demo order is never taken for one of a real shop.
NUMBER_PREFIX = "DEMO-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order in short.

    Attributes:
        number: without the prefix.
        customer: a key of `CUSTOMERS`.
        placed: how many days ago, at least 1.
        goods: SKU → quantity; the lines are numbered from 1.
        pays: how the sandbox provider behaves when the card is to be refunded.
        gift_card: how much of it a gift card paid, in minor units.
        percent: off the whole order, under `code`.
        off: an amount off the whole order instead, in minor units.
        threshold: what the goods must come to for it, in minor units.
        reduced: line → percent off that line.
        final: lines sold as final sale.
        express: the customer paid for the quicker way.
        rate: the order is in euros, this many to the pound.
    """

    number: int
    customer: str
    placed: int
    goods: Mapping[str, int]
    pays: str = "ok"
    gift_card: int = 0
    code: str | None = None
    percent: int = 0
    off: int = 0
    threshold: int | None = None
    reduced: Mapping[str, int] = field(default_factory=dict)
    final: frozenset[str] = frozenset()
    express: bool = False
    rate: str | None = None


def order_number(number: int) -> str:
    """A demo order's number as the shop shows it."""
    return f"{NUMBER_PREFIX}{number}"


SALES = (
    Sale(number=1001, customer="whitlock", placed=8, goods={"DRS-SAGE-12": 1, "DRS-SAGE-14": 1}),
    Sale(number=1002, customer="adeyemi", placed=9, goods={"BTS-TAN-43": 1}, express=True),
    Sale(number=1003, customer="fraser", placed=12, goods={"LMP-UK": 1, "MUG-MIDNIGHT": 1}),
    Sale(
        number=1004,
        customer="desai",
        placed=10,
        goods={"BED-CLAY-KING": 1, "CSH-PLUM": 4, "CSH-OCHRE": 2},
        code="COSY10",
        percent=10,
        threshold=15000,
    ),
    Sale(number=1005, customer="nakamura", placed=14, goods={"KNT-OAT-M": 2, "SCF-MOSS": 1}),
    Sale(number=1006, customer="hartmann", placed=11, goods={"JNS-INDIGO-32": 1}, rate="1.1650"),
    Sale(number=1007, customer="rhys", placed=7, goods={"RNC-OLIVE-M": 1}),
    Sale(number=1008, customer="papadakis", placed=9, goods={"BED-WHITE-KING": 1, "LMP-UK": 2}),
    Sale(number=1009, customer="nyberg", placed=21, goods={"RNC-NAVY-L": 1, "KNT-CHARCOAL-L": 1}),
    Sale(number=1010, customer="gallagher", placed=13, goods={"SNK-RED-39": 1}),
    Sale(number=1011, customer="langley", placed=8, goods={"TEE-RUST-S": 3, "BLT-BROWN-S": 1}),
    Sale(number=1012, customer="fournier", placed=15, goods={"SCF-ROSE": 1, "BLT-BLACK-M": 1}),
    Sale(number=1013, customer="hollis", placed=12, goods={"JNS-BLACK-34": 1, "TEE-NAVY-XL": 2}),
    Sale(number=1014, customer="pike", placed=49, goods={"KNT-FOREST-L": 1}),
    Sale(number=1015, customer="subramanian", placed=10, goods={"MUG-SPECKLED": 2}, express=True),
    Sale(number=1016, customer="ashworth", placed=11, goods={"BTS-BLACK-45": 1}),
    Sale(number=1017, customer="devries", placed=16, goods={"BED-WHITE-DOUBLE": 1}),
    Sale(number=1018, customer="karim", placed=9, goods={"LMP-UK": 1}),
    Sale(number=1019, customer="pham", placed=18, goods={"DRS-BLACK-10": 1, "SCF-ROSE": 1}),
    Sale(number=1020, customer="turnbull", placed=17, goods={"RNC-OLIVE-S": 1}),
    Sale(number=1021, customer="weigel", placed=19, goods={"SNK-ECRU-42": 1, "TEE-WHITE-M": 1}),
    Sale(
        number=1022,
        customer="rahman",
        placed=12,
        goods={"CSH-OCHRE": 1, "CSH-TEAL": 1, "CSH-PLUM": 1},
    ),
    Sale(number=1023, customer="thibault", placed=20, goods={"KNT-OAT-S": 1, "OXF-SKY-S": 1}),
    Sale(number=1024, customer="kowalczyk", placed=14, goods={"DRS-SAGE-10": 1}),
    Sale(number=1025, customer="bellini", placed=17, goods={"OXF-WHITE-L": 3}),
    Sale(number=1026, customer="okoro", placed=11, goods={"TEE-NAVY-L": 2, "BLT-BLACK-L": 1}),
    Sale(number=1027, customer="morrow", placed=22, goods={"BTS-BLACK-42": 1}),
    Sale(number=1028, customer="carter", placed=13, goods={"LMP-UK": 1}, pays="pending"),
    Sale(number=1029, customer="lindqvist", placed=18, goods={"JNS-BLACK-28": 2}, pays="pending"),
    Sale(
        number=1030,
        customer="ferrer",
        placed=21,
        goods={"DRS-BLACK-12": 1, "SCF-MOSS": 1},
        gift_card=5000,
    ),
    Sale(number=1031, customer="moreau", placed=19, goods={"BED-CLAY-DOUBLE": 1}, rate="1.1720"),
    Sale(number=1032, customer="doyle", placed=15, goods={"OXF-SKY-M": 1}, pays="timeout"),
    Sale(number=1033, customer="kuipers", placed=20, goods={"MUG-SPECKLED": 3}),
    Sale(number=1034, customer="sandstrom", placed=17, goods={"TEE-WHITE-S": 3}),
    # The tees cost 69.14 together: 23.05, 23.04 and 23.05.
    Sale(
        number=1035,
        customer="whitlock",
        placed=24,
        goods={"TEE-RUST-M": 3, "SNK-ECRU-38": 1},
        code="FIVER",
        off=500,
    ),
    Sale(number=1036, customer="lacroix", placed=23, goods={"RNC-NAVY-M": 1}, pays="error"),
    Sale(number=1037, customer="adeyemi", placed=25, goods={"OXF-WHITE-XL": 1}, pays="decline"),
    Sale(number=1038, customer="desai", placed=26, goods={"SNK-RED-37": 1, "SNK-RED-38": 1}),
    Sale(number=1039, customer="langley", placed=25, goods={"KNT-CHARCOAL-S": 1}),
    Sale(number=1040, customer="ashworth", placed=24, goods={"OXF-SKY-L": 1, "OXF-WHITE-L": 1}),
    Sale(number=1041, customer="fraser", placed=22, goods={"CSH-TEAL": 2, "MUG-SPECKLED": 1}),
    Sale(number=1042, customer="gallagher", placed=23, goods={"DRS-SAGE-12": 1}),
    Sale(number=1043, customer="pike", placed=20, goods={"JNS-INDIGO-32": 1}),
    Sale(
        number=1044,
        customer="turnbull",
        placed=18,
        goods={"SCF-ROSE": 1, "TEE-WHITE-XS": 1},
        reduced={"1": 50},
        final=frozenset({"1"}),
    ),
    Sale(number=1045, customer="rhys", placed=16, goods={"KNT-FOREST-M": 1}),
    Sale(number=1046, customer="subramanian", placed=14, goods={"CSH-OCHRE": 2}),
    Sale(number=1047, customer="karim", placed=27, goods={"JNS-BLACK-32": 1}),
    Sale(number=1048, customer="weigel", placed=26, goods={"BLT-BROWN-M": 1, "SCF-MOSS": 1}),
    Sale(number=1049, customer="papadakis", placed=24, goods={"BTS-TAN-44": 1}),
    Sale(number=1050, customer="kowalczyk", placed=25, goods={"BED-WHITE-SINGLE": 1}),
    Sale(number=1051, customer="vega", placed=25, goods={"KNT-OAT-M": 1, "TEE-NAVY-M": 2}),
    Sale(number=1052, customer="rahman", placed=21, goods={"RNC-NAVY-S": 1}, pays="decline"),
    Sale(number=1053, customer="price", placed=19, goods={"LMP-UK": 1}, pays="disputed"),
    Sale(number=1054, customer="hollis", placed=6, goods={"TEE-WHITE-XL": 3}),
    Sale(number=1055, customer="doyle", placed=5, goods={"SNK-ECRU-43": 1}, reduced={"1": 15}),
    Sale(
        number=1056,
        customer="bellini",
        placed=4,
        goods={"BED-CLAY-DOUBLE": 1, "CSH-OCHRE": 2},
        code="COSY10",
        percent=10,
        threshold=15000,
    ),
    Sale(number=1057, customer="lindqvist", placed=3, goods={"KNT-CHARCOAL-M": 1}),
    Sale(number=1058, customer="price", placed=2, goods={"LMP-UK": 1, "MUG-MIDNIGHT": 2}),
    Sale(number=1059, customer="morrow", placed=2, goods={"RNC-OLIVE-L": 1}, gift_card=2500),
    Sale(number=1060, customer="whitlock", placed=1, goods={"BLT-BROWN-S": 1}, express=True),
)
