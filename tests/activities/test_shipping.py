"""Labels: made once per key, kept, readable by a scanner, and refused in plain words."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, select
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.providers.carriers.easypost_api import EasyPostCarrier
from activities.providers.carriers.label_page import draw_label, printable
from activities.providers.carriers.protocol import CreatedLabel, LabelData
from activities.providers.carriers.sandbox.parcels import tracking_number
from activities.shipping import CARRIER_REFUSED, Shipping
from models.database import Database
from models.messages import Label, LabelOrder
from models.settings import Settings
from models.tables import Customer
from models.tables import Label as LabelRow
from tests.activities.stored_returns import AT, ORDER, RMA, store_return
from tests.contract.sandbox_process import KEY as KEY_OF_SANDBOX
from tests.contract.sandbox_process import Sandbox

KEY = f"{RMA}/label/1"
NAME = "Zoë Dvořáková-Łukasiewicz"


class CountingCarrier:
    """The sandbox's labels, counting how often it was asked, and something to do meanwhile."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.asked: list[LabelData] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self._test = uuid4().hex
        self._carrier = EasyPostCarrier(KEY_OF_SANDBOX, api_base=f"{sandbox.address}/v2")

    def prepare(self, order: LabelData) -> str:
        self.asked.append(order)
        if len(self.asked) == 1:
            self.meanwhile()
        # The sandbox outlives the test's database, and would give its labels again.
        return self._carrier.prepare(replace(order, key=f"{self._test}/{order.key}"))

    def buy(self, shipment: str) -> CreatedLabel:
        return self._carrier.buy(shipment)

    def find(self, shipment: str) -> CreatedLabel | None:
        return self._carrier.find(shipment)

    def give_back(self, shipment: str) -> bool:
        return self._carrier.give_back(shipment)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(tmp_path_factory.mktemp("sandbox"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def carrier(sandbox: Sandbox) -> CountingCarrier:
    return CountingCarrier(sandbox)


@pytest.fixture
def shipping(database: Database, carrier: CountingCarrier, settings: Settings) -> Shipping:
    return Shipping(database, carrier, settings)


def make(environment: ActivityEnvironment, shipping: Shipping, key: str = KEY) -> Label:
    order = LabelOrder(rma=RMA, key=key, at=AT.isoformat())
    return environment.run(shipping.make_label, order)


def stored(database: Database, key: str = KEY) -> LabelRow:
    with database.read() as session:
        row = session.get_one(LabelRow, key)
        assert row.pdf  # Loaded here, because it is deferred.
        return row


def count_labels(database: Database) -> int | None:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(LabelRow))


def scan(pdf: bytes, dots_per_inch: int = 203) -> dict[str, str]:
    """What a scanner reads off the printed page, by kind of code."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=dots_per_inch / 72).to_pil()
    return {str(code.format): code.text for code in zxingcpp.read_barcodes(picture)}


def words_on(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return str(document[0].get_textpage().get_text_bounded())


def label_data(**changes: str | None) -> LabelData:
    usual: dict[str, str | None] = {
        "key": KEY,
        "rma": RMA,
        "order_number": ORDER,
        "sender_name": NAME,
        "sender_country": "CZ",
        "shop_name": "Larkspur & Daughters",
        "shop_email": "returns@larkspur.example",
    }
    return LabelData(**(usual | changes))  # type: ignore[arg-type]


def page_of(data: LabelData) -> bytes:
    return draw_label(data, carrier="Sandbox Parcel", tracking=tracking_number(KEY))


def test_a_label_is_made_and_kept(
    environment: ActivityEnvironment, database: Database, shipping: Shipping
) -> None:
    store_return(database, customer=Customer(name=NAME), country="CZ")
    label = make(environment, shipping)
    row = stored(database)
    assert (row.rma, row.tracking, row.carrier) == (RMA, label.tracking, label.carrier)
    assert row.created_at == AT
    assert (row.cost, row.currency) == (320, "GBP")
    page = words_on(row.pdf)
    for words in (RMA, NAME, "Czechia", "Larkspur & Daughters", ORDER, "not for posting"):
        assert words in page


def test_the_codes_on_a_kept_label_can_be_scanned(
    environment: ActivityEnvironment, database: Database, shipping: Shipping
) -> None:
    store_return(database)
    label = make(environment, shipping)
    assert scan(stored(database).pdf) == {"QR Code": RMA, "Code 128": label.tracking}


def test_the_same_key_gives_the_same_label_without_asking_the_carrier_again(
    environment: ActivityEnvironment,
    database: Database,
    shipping: Shipping,
    carrier: CountingCarrier,
) -> None:
    store_return(database)
    assert make(environment, shipping) == make(environment, shipping)
    assert len(carrier.asked) == 1


def test_another_key_gives_another_label(
    environment: ActivityEnvironment, database: Database, shipping: Shipping
) -> None:
    store_return(database)
    first = make(environment, shipping)
    second = make(environment, shipping, f"{RMA}/label/2")
    assert first.tracking != second.tracking
    assert count_labels(database) == 2


def test_two_attempts_at_once_keep_one_label(
    environment: ActivityEnvironment,
    database: Database,
    shipping: Shipping,
    carrier: CountingCarrier,
) -> None:
    store_return(database)
    carrier.meanwhile = lambda: make(ActivityEnvironment(), shipping)
    label = make(environment, shipping)
    assert len(carrier.asked) == 2
    assert count_labels(database) == 1
    assert stored(database).tracking == label.tracking


def test_a_contact_is_the_sender_rather_than_the_buyer(
    environment: ActivityEnvironment,
    database: Database,
    shipping: Shipping,
    carrier: CountingCarrier,
) -> None:
    store_return(database, customer=Customer(name="Buyer"), contact_name="Recipient")
    make(environment, shipping)
    assert carrier.asked[0].sender_name == "Recipient"


def test_a_carriers_refusal_is_final_and_names_nobody(
    environment: ActivityEnvironment, database: Database, shipping: Shipping
) -> None:
    store_return(database, customer=Customer(name=NAME, email="z@example.com"), country="AQ")
    with pytest.raises(ApplicationError) as caught:
        make(environment, shipping)
    assert caught.value.type == CARRIER_REFUSED == "carrier_refused"
    assert caught.value.non_retryable
    assert caught.value.message.startswith("no carrier takes this parcel (shp_")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # Temporal would store the context, too.
    assert count_labels(database) == 0


def test_a_carrier_that_does_not_answer_is_asked_again_later(
    environment: ActivityEnvironment, database: Database, shipping: Shipping
) -> None:
    store_return(database, country="BV")
    with pytest.raises(ApplicationError) as caught:
        make(environment, shipping)
    assert not caught.value.non_retryable
    assert count_labels(database) == 0


def test_a_label_for_an_unknown_return_is_refused_for_good(
    environment: ActivityEnvironment, shipping: Shipping
) -> None:
    with pytest.raises(ApplicationError, match=f"no return {RMA}") as caught:
        make(environment, shipping)
    assert caught.value.non_retryable


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns a thousand times as often as usual, so that races show."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_the_same_data_gives_the_same_page_even_from_many_threads() -> None:
    pages = [label_data(order_number=f"ÀĘŘ-{number}") for number in range(40)]

    def draw(data: LabelData) -> bytes:
        return draw_label(data, carrier="Sandbox Parcel", tracking=tracking_number(KEY))

    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(draw, pages))
    assert together == [draw(data) for data in pages]


def test_a_label_is_one_a6_page() -> None:
    with pypdfium2.PdfDocument(page_of(label_data())) as document:
        assert len(document) == 1
        width, height = document[0].get_size()
    assert (round(width * 25.4 / 72), round(height * 25.4 / 72)) == (105, 148)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Søren Ångström", "Søren Ångström"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("Ελένη", "Ελένη"),
        ("Дмитрий", "Дмитрий"),
        ("陈大文", "ChenDaWen"),
        ("محمد", "mhmd"),
        ("two\nlines\tof it", "two lines of it"),
    ],
)
def test_names_in_any_script_are_printed(name: str, printed: str) -> None:
    pdf = page_of(label_data(sender_name=name))
    assert printed in words_on(pdf)
    assert scan(pdf)["QR Code"] == RMA


@example("0 \x80 0")
@given(st.text(max_size=30))
def test_any_text_can_be_written_with_the_letters_of_the_font(text: str) -> None:
    line = printable(text)
    assert printable(line) == line
    assert "\n" not in line


@pytest.mark.parametrize("length", [0, 1, 60, 200])
def test_a_label_stays_readable_whatever_its_words_length(length: int) -> None:
    words = ("Wolle & Söhne " * 20)[:length]
    data = label_data(shop_name=words, order_number=words, sender_name=words, sender_country=words)
    assert scan(page_of(data)) == {"QR Code": RMA, "Code 128": tracking_number(KEY)}


def test_a_tracking_number_ends_in_a_check_digit() -> None:
    number = tracking_number(KEY)
    assert number == tracking_number(KEY)
    digits = [int(digit) for digit in number.removeprefix("SBX")]
    assert len(digits) == 20
    # As for a GTIN: from the right, weights 1 and 3 by turns, in all a multiple of 10.
    assert sum(digits[::-2]) % 10 == -3 * sum(digits[-2::-2]) % 10
