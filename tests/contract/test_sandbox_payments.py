"""What the sandbox provider promises of refunds, asked of the real process over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests
import stripe

from tests.contract.sandbox_process import KEY, Sandbox, error, new_payment


def test_the_official_sdk_makes_reads_and_lists_a_refund(client: stripe.StripeClient) -> None:
    payment = new_payment("ok")
    made = client.v1.refunds.create(
        {
            "payment_intent": payment,
            "amount": 500,
            "currency": "EUR",
            "reason": "requested_by_customer",
            "metadata": {"refund_id": "r-1", "captured_amount": "900"},
        }
    )
    assert (made.object, made.status, made.amount, made.currency) == (
        "refund",
        "succeeded",
        500,
        "eur",
    )
    assert (made.payment_intent, made.charge) == (payment, payment)
    assert made.reason == "requested_by_customer"
    assert made.metadata is not None
    assert made.metadata.to_dict() == {"refund_id": "r-1", "captured_amount": "900"}
    assert client.v1.refunds.retrieve(made.id) == made
    assert client.v1.refunds.list({"charge": payment}).data == [made]


def test_without_an_amount_what_is_left_is_refunded(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    sandbox.pay_back(payment, 300, captured=1000)
    assert sandbox.pay_back(payment).json()["amount"] == 700
    assert error(sandbox.pay_back(payment))["code"] == "charge_already_refunded"


def test_without_an_amount_nothing_is_refunded_of_a_payment_nobody_described(
    sandbox: Sandbox,
) -> None:
    payment = new_payment("ok")
    answer = sandbox.pay_back(payment)
    assert (answer.status_code, error(answer)["code"]) == (400, "parameter_missing")
    assert sandbox.refunds(payment) == []


def test_more_than_is_left_is_refused_and_changes_nothing(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    sandbox.pay_back(payment, 600, captured=1000)
    answer = sandbox.pay_back(payment, 401)
    assert (answer.status_code, error(answer)["code"]) == (400, "amount_too_large")
    assert error(answer)["message"] == (
        "Refund amount (401 gbp) is greater than unrefunded amount on charge (400 gbp)"
    )
    assert [refund["amount"] for refund in sandbox.refunds(payment)] == [600]


def test_ten_threads_never_get_more_than_was_captured(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    with ThreadPoolExecutor(10) as threads:
        answers = list(
            threads.map(lambda _: sandbox.pay_back(payment, 100, captured=450), range(10))
        )
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [400] * 6
    assert sum(refund["amount"] for refund in sandbox.refunds(payment)) == 400


def test_what_was_captured_is_told_once(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    assert sandbox.pay_back(payment, 2000, captured=1000).status_code == 400
    other = sandbox.pay_back(payment, 10, captured=3000)
    assert (other.status_code, error(other)["param"]) == (400, "metadata[captured_amount]")
    assert sandbox.pay_back(payment, 10, captured=1000).status_code == 200


def test_a_payment_stays_in_its_currency(sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    assert sandbox.pay_back(payment, 10, currency="JPY").json()["currency"] == "jpy"
    other = sandbox.pay_back(payment, 10, currency="gbp")
    assert (other.status_code, error(other)["param"]) == (400, "currency")
    assert sandbox.pay_back(payment, 10).json()["currency"] == "jpy"


def test_the_currency_can_be_told_beside_the_captured_amount(sandbox: Sandbox) -> None:
    made = sandbox.call(
        "POST",
        "/v1/refunds",
        {
            "charge": new_payment("ok"),
            "amount": 10,
            "metadata[captured_amount]": 10,
            "metadata[captured_currency]": "kwd",
        },
    )
    assert made.json()["currency"] == "kwd"


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ("payment_intent={}&amount=0", "amount", "parameter_invalid_integer"),
        ("payment_intent={}&amount=-5", "amount", "parameter_invalid_integer"),
        ("payment_intent={}&amount=1.5", "amount", "parameter_invalid_integer"),
        ("payment_intent={}&amount=", "amount", "parameter_invalid_integer"),
        ("payment_intent={}&amount=1&colour=red", "colour", "parameter_unknown"),
        ("payment_intent={}&amount=1&amount=2", "amount", None),
        ("payment_intent={}&charge={}&amount=1", "charge", None),
        ("payment_intent={}&amount=1&reason=boredom", "reason", None),
        ("payment_intent={}&amount=1&currency=pounds", "currency", None),
        ("payment_intent={}&amount=1&metadata=text", "metadata", None),
        (
            "payment_intent={}&amount=1&metadata[captured_amount]=lots",
            "metadata[captured_amount]",
            "parameter_invalid_integer",
        ),
        ("payment_intent={}&amount=1&metadata[a]=" + "x" * 501, "metadata[a]", None),
        ("amount=1", None, "parameter_missing"),
    ],
)
def test_a_bad_parameter_is_refused_and_leaves_the_key_free(
    sandbox: Sandbox, fields: str, param: str | None, code: str | None
) -> None:
    payment, key = new_payment("ok"), uuid4().hex
    bad = sandbox.call("POST", "/v1/refunds", fields.replace("{}", payment), key=key)
    assert bad.status_code == 400
    assert (error(bad)["type"], error(bad).get("param"), error(bad).get("code")) == (
        "invalid_request_error",
        param,
        code,
    )
    assert sandbox.refunds(payment) == []
    assert sandbox.pay_back(payment, 1, key=key).status_code == 200


@pytest.mark.parametrize("param", ["payment_intent", "charge"])
def test_a_payment_that_is_not_the_sandboxs_is_missing(sandbox: Sandbox, param: str) -> None:
    answer = sandbox.call("POST", "/v1/refunds", {param: "pi_3Real", "amount": 1})
    assert answer.status_code == 404
    assert error(answer) == {
        "type": "invalid_request_error",
        "code": "resource_missing",
        "message": f"No such {param}: 'pi_3Real'",
        "param": param,
    }
    assert sandbox.call("GET", f"/v1/refunds?{param}=pi_3Real").status_code == 404


@pytest.mark.parametrize("path", ["/v1/refunds/re_none", "/v1/customers", "/v2/refunds"])
def test_what_does_not_exist_is_404_in_stripes_shape(sandbox: Sandbox, path: str) -> None:
    answer = sandbox.call("GET", path)
    assert answer.status_code == 404
    assert error(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize("bearer", [None, "sk_wrong", "sk_sandbox_test2", "schlüssel"])
@pytest.mark.parametrize("path", ["/v1/refunds", "/_sandbox/refunds", "/elsewhere"])
def test_without_the_key_nothing_is_answered(
    sandbox: Sandbox, path: str, bearer: str | None
) -> None:
    headers = {"Authorization": f"Bearer {bearer}".encode()} if bearer else {}
    answer = requests.get(sandbox.address + path, headers=headers, timeout=5)
    assert answer.status_code == 401
    assert error(answer)["type"] == "invalid_request_error"


def test_the_key_may_be_a_basic_user_name_and_health_needs_none(sandbox: Sandbox) -> None:
    listed = requests.get(f"{sandbox.address}/v1/refunds", auth=(KEY, ""), timeout=5)
    assert listed.status_code == 200
    assert sandbox.call("GET", "/health", bearer=None).status_code == 200


def test_refunds_are_listed_newest_first_and_in_pages(
    sandbox: Sandbox, client: stripe.StripeClient
) -> None:
    payment = new_payment("ok")
    made = [sandbox.pay_back(payment, amount).json()["id"] for amount in (1, 2, 3, 4, 5)]
    page = client.v1.refunds.list({"payment_intent": payment, "limit": 2})
    assert ([refund.id for refund in page.data], page.has_more) == ([made[4], made[3]], True)
    last = client.v1.refunds.list(
        {"payment_intent": payment, "limit": 2, "starting_after": made[1]}
    )
    assert ([refund.id for refund in last.data], last.has_more) == ([made[0]], False)
    everything = [refund.id for refund in page.auto_paging_iter()]
    assert everything == made[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "starting_after=re_no",
        "a=1",
        "created[gte]=x",
        "expand[0]=a",
    ],
)
def test_a_page_that_can_not_be_is_refused(sandbox: Sandbox, query: str) -> None:
    answer = sandbox.call("GET", f"/v1/refunds?{query}")
    assert answer.status_code in (400, 404)
    assert error(answer)["param"] == query.partition("=")[0]


def test_a_payment_shows_what_is_known_of_it(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    payment = new_payment("ok")
    sandbox.pay_back(payment, 300, captured=1000, currency="eur")
    known = client.v1.payment_intents.retrieve(payment)
    assert (known.amount_received, known.currency) == (1000, "eur")
    assert known.to_dict()["amount_refunded"] == 300
