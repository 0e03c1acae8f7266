"""EasyPost, and whatever speaks like it at another address, through the official SDK."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

import easypost
import requests
from easypost.errors import (
    ApiError,
    BadRequestError,
    EasyPostError,
    ForbiddenError,
    HttpError,
    InvalidRequestError,
    NotFoundError,
    PaymentError,
    RateLimitError,
    UnauthorizedError,
)
from easypost.errors import TimeoutError as EasyPostTimeout

from activities.providers.carriers.protocol import (
    CarrierRefused,
    CarrierUnclear,
    CreatedLabel,
    LabelData,
)
from models.addresses import Address
from models.carrier_settings import ParcelSize
from models.money import to_minor

_CM_PER_INCH, _GRAMS_PER_OUNCE = 2.54, 28.349523
_LARGEST_PAGE = 5 * 1024 * 1024
# EasyPost's codes for "the carrier hasn't said": the label may come to be bought.
_UNCLEAR_CODES = frozenset(
    {
        "SHIPMENT.PURCHASE.IN_PROGRESS",
        "SHIPMENT.POSTAGE.TIMED_OUT",
        "SHIPMENT.POSTAGE.NO_RESPONSE",
    }
)
_TAKEN_BACK = frozenset({"submitted", "refunded"})
_CODE = re.compile(r"[A-Z0-9_.]{1,80}")


class EasyPostCarrier:
    """Return labels at EasyPost; a `Carrier`.

    Args:
        api_key: the secret key.
        address: where parcels come back to; None: the sandbox's, which has no door.
        parcel: what carriers reckon a parcel by.
        services: "carrier" or "carrier/service"; the cheapest of them is bought, with none the
            cheapest of all.
        accounts: ids of the carrier accounts to ask; with none all are asked.
        api_base: where to call instead of EasyPost, for example `http://127.0.0.1:8091/v2`. What
            answers there makes labels without addresses, too.
        timeout: seconds to wait for a connection, and for each part of an answer.
    """

    def __init__(
        self,
        api_key: str,
        *,
        address: Address | None = None,
        parcel: ParcelSize | None = None,
        services: tuple[str, ...] = (),
        accounts: tuple[str, ...] = (),
        api_base: str | None = None,
        timeout: int = 20,
    ) -> None:
        self._api_key = api_key
        self._address = address
        self._parcel = parcel or ParcelSize()
        self._services = frozenset(service.lower() for service in services)
        self._accounts = accounts
        self._api_base = api_base
        self._timeout = timeout
        self._threads = threading.local()

    def prepare(self, order: LabelData) -> str:
        """Tells EasyPost of a parcel; its `reference` there is our key.

        Returns:
            The shipment's `shp_...` id: of a new one, or of one bought with this key.

        Raises:
            CarrierRefused: the address is missing, or EasyPost can't make anything of it.
            CarrierUnclear: no answer.
        """
        sender = self._sender(order)
        reference = order.key.replace("/", "-")
        with _translated():
            known = self._by_reference(reference)
            if known is not None and _is_bought(known):
                return str(known.id)
            made = self._client.shipment.create(
                reference=reference,
                is_return=True,
                # As for the way out: EasyPost turns the two round for a return.
                to_address=sender,
                from_address=self._shop(order),
                parcel={
                    "length": round(self._parcel.length / _CM_PER_INCH, 1),
                    "width": round(self._parcel.width / _CM_PER_INCH, 1),
                    "height": round(self._parcel.height / _CM_PER_INCH, 1),
                    "weight": round(self._parcel.grams / _GRAMS_PER_OUNCE, 1),
                },
                options={
                    "label_format": "PDF",
                    "print_custom_1": order.rma,
                    "print_custom_2": order.order_number,
                },
                **({"carrier_accounts": list(self._accounts)} if self._accounts else {}),
            )
            return str(made.id)

    def buy(self, shipment: str) -> CreatedLabel:
        """Buys the cheapest rate that may be bought, unless a label was bought already.

        Raises:
            CarrierRefused: no carrier takes the parcel, or the one that would refuses.
            CarrierUnclear: no answer, or the label is bought and its page can't be read.
        """
        with _translated():
            found = self._client.shipment.retrieve(shipment)
            if not _is_bought(found):
                rate = self._cheapest(found)
                try:
                    found = self._client.shipment.buy(shipment, rate={"id": rate.id})
                except InvalidRequestError:
                    # Another attempt may have been quicker; EasyPost sells one label a shipment.
                    found = self._client.shipment.retrieve(shipment)
                    if not _is_bought(found):
                        raise
            return self._label(found)

    def find(self, shipment: str) -> CreatedLabel | None:
        """The label of a shipment, when it was bought.

        Raises:
            CarrierRefused: EasyPost knows no such shipment.
            CarrierUnclear: no answer, or the label's page can't be read.
        """
        with _translated():
            found = self._client.shipment.retrieve(shipment)
            return self._label(found) if _is_bought(found) else None

    def give_back(self, shipment: str) -> bool:
        """Asks EasyPost to refund a label; most carriers pay within weeks, a few never.

        Raises:
            CarrierUnclear: no answer.
        """
        with _translated():
            found = self._client.shipment.retrieve(shipment)
            if found.refund_status not in _TAKEN_BACK:
                try:
                    found = self._client.shipment.refund(shipment)
                except (InvalidRequestError, BadRequestError):
                    return False  # It was used, or this carrier takes none back.
            return found.refund_status in _TAKEN_BACK

    @property
    def _client(self) -> easypost.EasyPostClient:
        """A client a thread: each keeps its own connections."""
        client: easypost.EasyPostClient | None = getattr(self._threads, "client", None)
        if client is None:
            if self._api_base is None:
                client = easypost.EasyPostClient(self._api_key, timeout=self._timeout)
            else:
                client = easypost.EasyPostClient(
                    self._api_key, api_base=self._api_base, timeout=self._timeout
                )
                # An address of one's own is called directly, whatever proxy the environment names.
                client._requests_session.trust_env = False
            self._threads.client = client
        return client

    def _by_reference(self, reference: str) -> Any:
        try:
            found = self._client.shipment.retrieve(reference)
        except NotFoundError:
            return None
        return found if found.reference == reference else None

    def _sender(self, order: LabelData) -> dict[str, str]:
        if order.sender is not None:
            return _written({"name": order.sender_name or "Customer"}, order.sender)
        if self._api_base is None:
            raise CarrierRefused(
                "the order came without a shipping address; send it with one, then make the label"
            )
        return {"name": order.sender_name or "", "country": order.sender_country or ""}

    def _shop(self, order: LabelData) -> dict[str, str]:
        known = {"company": order.shop_name, "email": order.shop_email}
        return known if self._address is None else _written(known, self._address)

    def _cheapest(self, shipment: Any) -> Any:
        offered = [
            rate
            for rate in shipment.rates
            if not self._services
            or {rate.carrier.lower(), f"{rate.carrier}/{rate.service}".lower()} & self._services
        ]
        if not offered:
            raise CarrierRefused(f"no carrier takes this parcel ({shipment.id} at the provider)")
        return min(offered, key=lambda rate: Decimal(rate.rate))

    def _label(self, shipment: Any) -> CreatedLabel:
        label = shipment.postage_label
        address = getattr(label, "label_pdf_url", None) or label.label_url
        if not address.partition("?")[0].lower().endswith(".pdf"):
            shipment = self._client.shipment.label(shipment.id, file_format="PDF")
            address = shipment.postage_label.label_pdf_url
        cost, currency = _cost(shipment.selected_rate)
        return CreatedLabel(
            tracking=shipment.tracking_code,
            carrier=shipment.selected_rate.carrier,
            pdf=self._page(address),
            shipment=shipment.id,
            cost=cost,
            currency=currency,
        )

    def _page(self, address: str) -> bytes:
        """Reads a label's page, which lies open under an address nobody can guess."""
        own = self._api_base is not None and address.startswith(f"{self._api_base}/")
        if not own and not address.startswith("https://"):
            raise CarrierUnclear("the label is bought, but its page lies at no https address")
        try:
            with requests.Session() as session:
                session.trust_env = not own
                answer = session.get(address, timeout=self._timeout)
        except requests.RequestException as error:
            raise CarrierUnclear("the label is bought, but its page doesn't come") from error
        page = answer.content
        if answer.status_code != requests.codes.ok or not page.startswith(b"%PDF-"):
            raise CarrierUnclear(
                f"the label is bought, but its page is not there (HTTP {answer.status_code})"
            )
        if len(page) > _LARGEST_PAGE:
            raise CarrierUnclear("the label is bought, but its page is larger than 5 MB")
        return page


def _written(known: dict[str, str], address: Address) -> dict[str, str]:
    """An address in EasyPost's words; what it says itself counts over what is known besides."""
    parts = {
        "name": address.name,
        "company": address.company,
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postcode,
        "country": address.country,
        "phone": address.phone,
    }
    return known | {name: text for name, text in parts.items() if text}


def _is_bought(shipment: Any) -> bool:
    return getattr(shipment, "postage_label", None) is not None


def _cost(rate: Any) -> tuple[int | None, str | None]:
    """What a rate comes to. One that can't be read is no reason to be without the label."""
    try:
        # "5.4900" is written with more decimals than the currency has.
        exact = Decimal(rate.rate).normalize()
        return to_minor(f"{exact:f}", rate.currency), rate.currency
    except (InvalidOperation, ValueError, TypeError, AttributeError):
        return None, None


@contextmanager
def _translated() -> Iterator[None]:
    """Turns what the SDK raises into the two things that matter: a plain no, or not known.

    EasyPost's sentences can repeat an address, so only its codes are passed on. A wrong API key is
    not a no: it says nothing about the parcel, and correcting the key cures it.
    """
    try:
        yield
    except (InvalidRequestError, BadRequestError, NotFoundError) as error:
        if error.code in _UNCLEAR_CODES:
            raise CarrierUnclear(f"the carrier has not answered yet ({error.code})") from None
        raise CarrierRefused(f"the carrier refused the label ({_code(error)})") from None
    except PaymentError:
        raise CarrierRefused("the account with the carrier has not enough on it") from None
    except (UnauthorizedError, ForbiddenError):
        raise CarrierUnclear("the carrier does not accept the API key") from None
    except RateLimitError:
        raise CarrierUnclear("the carrier asks for fewer calls") from None
    except (HttpError, EasyPostTimeout):
        raise CarrierUnclear("no answer from the carrier") from None
    except ApiError as error:
        status = f"HTTP {error.http_status}" if error.http_status else "not understood"
        raise CarrierUnclear(f"the carrier's answer was {status}") from None
    except (EasyPostError, AttributeError, KeyError, TypeError, ValueError, InvalidOperation):
        raise CarrierUnclear("the carrier's answer was not a shipment") from None


def _code(error: ApiError) -> str:
    code = error.code or ""
    return code if _CODE.fullmatch(code) else f"HTTP {error.http_status}"
