"""The rules of refunds, held against our sandbox and against an imitation of Stripe by others.

Both are called by the official SDK, and by our provider on top of it. Where the two differ:

- Asking for more than is left: Stripe documents the code `amount_too_large` for an amount above
  what is allowed, which the sandbox gives; the imitation gives the sentence without a code. Our
  provider takes either for a refusal.
- A payment or refund that isn't there: the sandbox names the parameter it came in, as Stripe does;
  the imitation always names `id`.
- The imitation knows charges only. That a payment intent works the same is tested with the sandbox
  (`test_stripe_api.py`), whose payments go by both names.
- Stripe lists the newest first. The imitation counts in whole seconds, and lists what was made in
  the same second in any order; so the order is tested with the sandbox alone.
- A refund of the sandbox lacks the balance transaction unless it is asked for.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
import stripe
from stripe.params import RefundCreateParams

from activities.providers.payments.protocol import PaymentRefused, RefundStatus
from activities.providers.payments.stripe_api import StripePayments
from tests.contract import stripe_mock_process
from tests.contract.sandbox_process import KEY, Sandbox, an_order, new_payment
from tests.contract.stripe_mock_process import PLACE, StripeMock, locked_packages

FIELDS_OF_BOTH = {
    "id",
    "object",
    "amount",
    "balance_transaction",
    "charge",
    "created",
    "currency",
    "metadata",
    "payment_intent",
    "reason",
    "receipt_number",
    "source_transfer_reversal",
    "status",
    "transfer_reversal",
}


@dataclass(frozen=True)
class Side:
    """One of the two, through the SDK and through our provider."""

    client: stripe.StripeClient
    payments: StripePayments
    charge: Callable[[int], str]
    disputed: Callable[[int], str]

    def refund(
        self, charge: str, amount: int | None = None, *, of: int = 900, key: str | None = None
    ) -> stripe.Refund:
        params: RefundCreateParams = {
            "charge": charge,
            "metadata": {"captured_amount": str(of), "captured_currency": "gbp"},
        }
        if amount is not None:
            params["amount"] = amount
        return self.client.v1.refunds.create(params, {"idempotency_key": key or uuid4().hex})

    def all(self, charge: str) -> list[stripe.Refund]:
        return list(self.client.v1.refunds.list({"charge": charge}).auto_paging_iter())


def make_side(
    address: str, key: str, charge: Callable[[int], str], disputed: Callable[[int], str]
) -> Side:
    client = stripe.StripeClient(key, base_addresses={"api": address}, max_network_retries=0)
    return Side(client, StripePayments(key, base_address=address), charge, disputed)


@pytest.fixture(scope="session")
def mock() -> Iterator[StripeMock]:
    made = StripeMock()
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=["sandbox", "mock"])
def side(request: pytest.FixtureRequest) -> Side:
    if request.param == "sandbox":
        sandbox: Sandbox = request.getfixturevalue("sandbox")
        return make_side(
            sandbox.address,
            KEY,
            lambda _amount: new_payment("ok"),
            lambda _amount: new_payment("disputed"),
        )
    mock: StripeMock = request.getfixturevalue("mock")
    return make_side(
        mock.address,
        stripe_mock_process.KEY,
        mock.charge,
        lambda amount: mock.charge(amount, "tok_createDispute"),
    )


def test_without_an_amount_all_that_is_left_goes_back(side: Side) -> None:
    charge = side.charge(900)
    first = side.refund(charge, 250)
    rest = side.refund(charge)
    for made, amount in ((first, 250), (rest, 650)):
        assert (made.amount, made.currency, made.status) == (amount, "gbp", "succeeded")
        assert (made.object, made.charge, made.reason) == ("refund", charge, None)
        assert set(made.to_dict()) >= FIELDS_OF_BOTH
    assert {refund.id for refund in side.all(charge)} == {rest.id, first.id}


def test_parts_go_back_until_nothing_is_left(side: Side) -> None:
    charge = side.charge(900)
    made = [side.refund(charge, amount) for amount in (300, 599, 1)]
    assert len({refund.id for refund in made}) == 3
    with pytest.raises(stripe.InvalidRequestError) as refused:
        side.refund(charge, 1)
    assert (refused.value.http_status, refused.value.code) == (400, "charge_already_refunded")
    assert len(side.all(charge)) == 3


@pytest.mark.parametrize("before", [0, 500])
def test_more_than_is_left_is_refused_whole(side: Side, before: int) -> None:
    charge = side.charge(900)
    if before:
        side.refund(charge, before)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        side.refund(charge, 901 - before)
    assert (refused.value.http_status, refused.value.param) == (400, "amount")
    assert "is greater than unrefunded amount on charge" in str(refused.value)
    assert refused.value.code in (None, "amount_too_large")
    assert sum(refund.amount for refund in side.all(charge)) == before
    assert side.refund(charge, 900 - before).amount == 900 - before


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_and_less_is_no_refund(side: Side, amount: int) -> None:
    charge = side.charge(900)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        side.refund(charge, amount)
    assert (refused.value.http_status, refused.value.param) == (400, "amount")
    assert refused.value.code == "parameter_invalid_integer"
    assert side.all(charge) == []


def test_a_key_sent_again_gets_the_first_answer(side: Side) -> None:
    charge = side.charge(900)
    first = side.refund(charge, 400, key=(key := uuid4().hex))
    again = side.refund(charge, 400, key=key)
    assert again.to_dict() == first.to_dict()
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(side.all(charge)) == 1


def test_a_key_of_a_refusal_gets_the_refusal_again_though_it_would_now_be_paid(
    side: Side,
) -> None:
    disputed = side.disputed(900)
    key = uuid4().hex
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            side.refund(disputed, 100, key=key)
        assert refused.value.code == "charge_disputed"
    assert refused.value.headers is not None
    assert refused.value.headers["Idempotent-Replayed"] == "true"


def test_a_key_used_for_another_request_is_refused(side: Side) -> None:
    charge = side.charge(900)
    side.refund(charge, 400, key=(key := uuid4().hex))
    with pytest.raises(stripe.IdempotencyError) as refused:
        side.refund(charge, 401, key=key)
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        side.refund(side.charge(900), 400, key=key)
    assert [refund.amount for refund in side.all(charge)] == [400]


def test_a_disputed_charge_is_not_refunded(side: Side) -> None:
    charge = side.disputed(900)
    for amount in (None, 1):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            side.refund(charge, amount)
        assert (refused.value.http_status, refused.value.code) == (400, "charge_disputed")
    assert side.all(charge) == []


def test_an_unknown_charge_is_not_refunded(side: Side) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        side.refund("ch_unheard_of", 1)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


def test_an_unknown_refund_is_not_found(side: Side) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        side.client.v1.refunds.retrieve("re_unheard_of")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


# --- our provider, on both ----------------------------------------------------------------------


def test_our_provider_pays_once_and_finds_what_it_paid(side: Side) -> None:
    order = an_order(side.charge(900), amount=500, captured=900)
    made = side.payments.refund(order)
    assert (made.status, made.amount, made.currency) == (RefundStatus.SUCCEEDED, 500, "GBP")
    assert (made.refund_id, made.charge) == (order.refund_id, order.payment_reference)
    assert side.payments.refund(order) == made
    assert side.payments.get(made.reference) == made
    assert side.payments.find(order.payment_reference, order.refund_id) == made
    assert side.payments.find(order.payment_reference, "another") is None
    assert len(side.all(order.payment_reference)) == 1


def test_our_provider_tells_a_refusal_from_what_is_unclear(side: Side) -> None:
    refusals = {
        "charge_disputed": an_order(side.disputed(900), amount=1),
        "resource_missing": an_order("ch_unheard_of"),
    }
    for code, order in refusals.items():
        with pytest.raises(PaymentRefused) as refused:
            side.payments.refund(order)
        assert refused.value.code == code
    with pytest.raises(PaymentRefused, match="greater than unrefunded"):
        side.payments.refund(an_order(side.charge(900), amount=901, captured=900))


# --- how the imitation is installed -------------------------------------------------------------


def test_the_lock_file_names_no_registry_and_every_package_by_its_digest() -> None:
    packages = {place: held for place, held in locked_packages().items() if place}
    assert len(packages) > 50
    for place, held in packages.items():
        assert "resolved" not in held, place
        assert str(held["integrity"]).startswith("sha512-"), place
    assert "omit-lockfile-registry-resolved=true" in (PLACE / ".npmrc").read_text()
