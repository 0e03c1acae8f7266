"""Who buys in the demo shop: invented people, at addresses that no mail ever reaches."""

from dataclasses import dataclass

from anyascii import anyascii

from models.rules.orders import CustomerInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A buyer; a guest has no account, and so no id."""

    name: str
    country: str
    locale: str
    domain: str
    guest: bool = False

    @property
    def email(self) -> str:
        """An address made of the name, at a domain that is kept free for examples."""
        first, *rest = anyascii(self.name).lower().split()
        last = "".join(char for part in rest for char in part if char.isalpha())
        return f"{first}.{last}@{self.domain}"

    def as_input(self, key: str) -> CustomerInput:
        """As an order names them."""
        return CustomerInput(
            id=None if self.guest else f"demo-{key}",
            email=self.email,
            name=self.name,
            locale=self.locale,
        )


def _customers(country: str, locale: str, domain: str, **names: str) -> dict[str, Customer]:
    return {
        key: Customer(name=name, country=country, locale=locale, domain=domain)
        for key, name in names.items()
    }


CUSTOMERS = {
    **_customers(
        "GB",
        "en-GB",
        "example.com",
        whitlock="Hannah Whitlock",
        fraser="Callum Fraser",
        rhys="Megan Rhys-Jones",
        karim="Yusuf Karim",
        ashworth="Tom Ashworth",
        turnbull="Sophie Turnbull",
        subramanian="Ravi Subramanian",
        price="Dylan Price",
    ),
    **_customers(
        "GB",
        "en-GB",
        "example.org",
        adeyemi="Oluwaseun Adeyemi",
        desai="Priyanka Desai",
        papadakis="George Papadakis",
        langley="Beatrice Langley",
        rahman="Aisha Rahman",
        pike="Edward Pike",
        kowalczyk="Ewa Kowalczyk",
    ),
    **_customers("IE", "en-IE", "example.com", gallagher="Niamh Gallagher", doyle="Cormac Doyle"),
    **_customers("DE", "de-DE", "example.org", hartmann="Lena Hartmann", weigel="Jonas Weigel"),
    **_customers(
        "FR",
        "fr-FR",
        "example.com",
        fournier="Camille Fournier",
        lacroix="Mathieu Lacroix",
        moreau="Isabelle Moreau",
    ),
    **_customers("NL", "nl-NL", "example.org", devries="Sanne de Vries", kuipers="Bram Kuipers"),
    **_customers(
        "SE", "sv-SE", "example.com", sandstrom="Elin Sandström", lindqvist="Freya Lindqvist"
    ),
    **_customers("IT", "it-IT", "example.org", bellini="Marco Bellini"),
    **_customers("ES", "es-ES", "example.com", ferrer="Lucía Ferrer"),
    **_customers("US", "en-US", "example.org", nakamura="Grace Nakamura", hollis="Dwight Hollis"),
    **_customers("CA", "fr-CA", "example.com", thibault="Renée Thibault"),
    **_customers("AU", "en-AU", "example.org", morrow="Jack Morrow", pham="Chloe Pham"),
    # No carrier answers on Bouvet Island, and none goes to Antarctica.
    **_customers("BV", "nb-NO", "example.com", nyberg="Halvard Nyberg"),
    **_customers("AQ", "es-AR", "example.org", vega="Marisol Vega"),
    "carter": Customer(
        name="Imogen Carter", country="GB", locale="en-GB", domain="example.com", guest=True
    ),
    "okoro": Customer(
        name="Daniel Okoro", country="GB", locale="en-GB", domain="example.org", guest=True
    ),
}
