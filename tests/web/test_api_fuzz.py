"""Whatever JSON is sent: an answer that isn't a fault of ours."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.api_app import Api
from tests.web.test_api_orders import ORDER

RETURN: dict[str, Any] = {
    "order": "1001",
    "kind": "return",
    "lines": [
        {
            "line": "1",
            "quantity": 1,
            "reason": "too_small",
            "comment": "",
            "resolution": "refund",
        }
    ],
    "resolution": "refund",
    "exchange": [],
    "contact": {"name": "N", "email": "a@example.com"},
    "override": {"reason": "r"},
    "reference": "r",
}

# Half surrogates, NUL and numbers far beyond any column are what breaks databases.
texts = st.text(st.characters(exclude_categories=()), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.sampled_from(["2026-11-01T10:00:00Z", "GBP", "0.10", "1001", "refund", "\0", "\ud800"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def mutated(example: dict[str, Any]) -> st.SearchStrategy[Any]:
    """The example with some of its values, at any depth, replaced by anything or left out."""

    @st.composite
    def build(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
        def change(value: Any) -> Any:
            if draw(st.integers(min_value=0, max_value=9)) == 0:
                return draw(anything)
            if isinstance(value, dict):
                return {
                    name: change(part)
                    for name, part in value.items()
                    if draw(st.integers(min_value=0, max_value=19))
                }
            if isinstance(value, list):
                return [change(part) for part in value] * draw(st.sampled_from([1, 1, 1, 2]))
            return value

        return change(example)

    return build()


def sent(api: Api, method: str, path: str, body: object) -> int:
    response = api.call(method, path, data=json.dumps(body), content_type="application/json")
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.content_type == "application/problem+json"
        for error in response.get_json()["errors"]:
            assert error["pointer"] == "" or error["pointer"].startswith("/")
            assert error["code"]
            assert error["message"]
    return response.status_code


same_api = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@same_api
@given(body=anything | mutated(RETURN))
def test_no_request_for_a_return_breaks_anything(api: Api, body: object) -> None:
    api.gateway.settled = False
    assert sent(api, "POST", "/returns", body) in (202, 400, 422)


@same_api
@given(body=anything | mutated(ORDER))
def test_no_order_breaks_anything(api: Api, body: object) -> None:
    assert sent(api, "PUT", "/orders/1001", body) in (200, 201, 400, 409, 422)


def test_the_examples_the_fuzz_starts_from_are_accepted(api: Api) -> None:
    api.gateway.settled = False
    assert sent(api, "POST", "/returns", RETURN) == 202
    assert sent(api, "PUT", "/orders/1001", ORDER) == 201
