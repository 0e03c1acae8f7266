"""Who may call the API: every route has a rule, and what holds for every answer."""

import pytest

from tests.web.api_app import BASE, Api, problem
from tests.web.staff_rows import add_user
from web.access import Permission, Role
from web.auth import AccessRule, access_rule
from web.errors import is_api

PUBLIC = {
    f"{BASE}/openapi.json",
    f"{BASE}/webhooks/<provider>",
    "/api/docs",
}


def rules(api: Api) -> list[tuple[str, str, AccessRule | None]]:
    return [
        (method, rule.rule, access_rule(api.app.view_functions[rule.endpoint]))
        for rule in api.app.url_map.iter_rules()
        if is_api(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]


def test_every_route_of_the_api_asks_for_a_permission_or_is_public_on_purpose(
    sqlite_api: Api,
) -> None:
    found = rules(sqlite_api)
    assert len(found) > 20
    for method, path, rule in found:
        assert rule is not None, f"{method} {path} has no rule"
        if rule.public:
            assert path in PUBLIC
        else:
            assert rule.any_of <= set(Permission)
            assert rule.any_of


def test_no_route_answers_without_a_key_or_without_its_permission(sqlite_api: Api) -> None:
    powerless = sqlite_api.make_key(["nothing"])
    for method, path, rule in rules(sqlite_api):
        if rule is None or rule.public:
            continue
        address = path.replace("<rma>", "R-1").replace("<path:", "").replace(">", "")
        unknown = sqlite_api.client.open(address, method=method)
        assert problem(unknown, 401)["code"] == "unauthenticated"
        assert unknown.headers["WWW-Authenticate"].startswith("Bearer")
        refused = sqlite_api.call(method, address.removeprefix(BASE), key=powerless)
        assert problem(refused, 403)["code"] == "forbidden"
    assert sqlite_api.gateway.calls == []


def test_a_route_without_a_rule_is_closed_even_to_a_key_that_may_do_everything(
    sqlite_api: Api,
) -> None:
    sqlite_api.app.add_url_rule(f"{BASE}/forgotten", view_func=lambda: "open")
    problem(sqlite_api.get("/forgotten"), 403)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer rk_1_2_3", "Basic cms6cms=", "Bearer \xff", "Token x y z"]
)
def test_what_is_no_key_is_refused(sqlite_api: Api, header: str) -> None:
    response = sqlite_api.client.get(f"{BASE}/returns", headers={"Authorization": header})
    problem(response, 401)


def test_a_key_of_a_person_has_their_roles_limits(sqlite_api: Api) -> None:
    with sqlite_api.database.write() as session:
        viewer = add_user(session, Role.VIEWER)
    key = sqlite_api.make_key(["all"], viewer)
    assert sqlite_api.get("/tasks", key=key).status_code == 200
    body = problem(sqlite_api.post("/returns", {}, key=key), 403)
    assert "request" in body["detail"]


def test_the_sign_in_of_the_staff_pages_opens_nothing_of_the_api(sqlite_api: Api) -> None:
    with sqlite_api.client.session_transaction() as session:
        session["user"] = 1
    problem(sqlite_api.client.get(f"{BASE}/returns"), 401)


@pytest.mark.parametrize("path", ["/api/v1/returns", "/api/docs", "/sign-in", "/health", "/nope"])
def test_every_answer_carries_the_security_headers(sqlite_api: Api, path: str) -> None:
    headers = sqlite_api.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Request-Id"]


def test_a_callers_request_id_comes_back_when_it_is_harmless(sqlite_api: Api) -> None:
    taken = sqlite_api.get("/tasks", headers={"X-Request-Id": "shop-17"})
    assert taken.headers["X-Request-Id"] == "shop-17"
    made = sqlite_api.get("/tasks", headers={"X-Request-Id": "a b<c>"})
    assert len(made.headers["X-Request-Id"]) == 32


def test_answers_of_the_api_are_not_kept_by_caches(sqlite_api: Api) -> None:
    assert sqlite_api.get("/tasks").headers["Cache-Control"] == "no-store"


def test_health_needs_no_key(api: Api) -> None:
    response = api.client.get("/health")
    assert response.get_json() == {"status": "ok"}
