"""What the demo shop sells: clothes, shoes and things for the house."""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product in its variants. `price` is in pence, with the 20 % VAT of the shop's country.

    `options` are what a customer chooses: name → values.
    """

    code: str
    name: str
    category: str
    price: int
    options: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One thing that can be bought; `choice` is one value of each option."""

    sku: str
    product: Product
    choice: dict[str, str]


_LETTERS = ("XS", "S", "M", "L", "XL")
_DRESSES = ("8", "10", "12", "14", "16")
_SHOES = ("37", "38", "39", "40", "41", "42", "43", "44", "45")

PRODUCTS = (
    Product(
        code="TEE",
        name="Organic cotton tee",
        category="tees",
        price=2400,
        options={"colour": ("white", "navy", "rust"), "size": _LETTERS},
    ),
    Product(
        code="OXF",
        name="Oxford shirt",
        category="shirts",
        price=5400,
        options={"colour": ("sky", "white"), "size": _LETTERS},
    ),
    Product(
        code="DRS",
        name="Linen midi dress",
        category="dresses",
        price=8400,
        options={"colour": ("sage", "black"), "size": _DRESSES},
    ),
    Product(
        code="JNS",
        name="Straight-leg jeans",
        category="trousers",
        price=7200,
        options={"colour": ("indigo", "black"), "waist": ("26", "28", "30", "32", "34")},
    ),
    Product(
        code="KNT",
        name="Merino crew jumper",
        category="knitwear",
        price=7800,
        options={"colour": ("oat", "forest", "charcoal"), "size": _LETTERS},
    ),
    Product(
        code="RNC",
        name="Waxed rain jacket",
        category="outerwear",
        price=14400,
        options={"colour": ("olive", "navy"), "size": _LETTERS},
    ),
    Product(
        code="BTS",
        name="Leather Chelsea boots",
        category="shoes",
        price=13200,
        options={"colour": ("tan", "black"), "size": _SHOES},
    ),
    Product(
        code="SNK",
        name="Canvas trainers",
        category="shoes",
        price=5400,
        options={"colour": ("ecru", "red"), "size": _SHOES},
    ),
    Product(
        code="SCF",
        name="Lambswool scarf",
        category="accessories",
        price=3600,
        options={"colour": ("moss", "rose")},
    ),
    Product(
        code="BLT",
        name="Leather belt",
        category="accessories",
        price=3000,
        options={"colour": ("brown", "black"), "size": ("S", "M", "L")},
    ),
    Product(
        code="BED",
        name="Washed linen duvet set",
        category="bedding",
        price=13800,
        options={"colour": ("clay", "white"), "size": ("single", "double", "king")},
    ),
    Product(
        code="CSH",
        name="Velvet cushion cover",
        category="soft furnishings",
        price=2400,
        options={"colour": ("ochre", "teal", "plum")},
    ),
    Product(
        code="MUG",
        name="Stoneware mugs, set of four",
        category="tableware",
        price=3000,
        options={"glaze": ("speckled", "midnight")},
    ),
    Product(
        code="LMP",
        name="Brass desk lamp",
        category="lighting",
        price=9600,
        options={"plug": ("UK", "EU")},
    ),
)


def _variants(of: Product) -> list[Variant]:
    return [
        Variant(
            sku="-".join([of.code, *(value.upper() for value in values)]),
            product=of,
            choice=dict(zip(of.options, values, strict=True)),
        )
        for values in product(*of.options.values())
    ]


VARIANTS = {variant.sku: variant for of in PRODUCTS for variant in _variants(of)}
