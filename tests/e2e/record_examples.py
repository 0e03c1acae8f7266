"""Records the OpenAPI document's examples from real calls: `python -m tests.e2e.record_examples`.

To be done when an operation is new or its answer has changed. Every operation has one.
"""

import io
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import requests
from PIL import Image

from tests.e2e.running_up import REDRESS, Up, free_port, running
from web.api.blueprint import PREFIX
from web.api.openapi import operation_id

EXAMPLES = Path(__file__).parents[2] / "web" / "api" / "examples.json"
# A reader of the document calls a shop's own address.
SHOP = "https://returns.example.com"
# Lists show how they look, not all that is in them.
SHOWN = 2
CSV = (
    "order_number,placed_at,customer_number,country,sku,description,quantity,unit_price,currency\n"
    "2001,2026-11-02T09:30:00,c-7,United Kingdom,MUG-BLUE,Blue mug,2,8.50,GBP\n"
)
ORDER: dict[str, Any] = {
    "number": "1001",
    "currency": "GBP",
    "placed_at": "2026-11-01T10:00:00Z",
    "delivered_at": "2026-11-20T09:00:00Z",
    "country": "GB",
    "tax_mode": "inclusive",
    "customer": {"id": "c-1", "email": "carla@example.com", "name": "Carla Customer"},
    "lines": [
        {
            "id": "1",
            "sku": "DRESS-M",
            "name": "Linen dress",
            "variant": {"size": "M"},
            "category": "dresses",
            "quantity": 2,
            "unit_price": 6000,
            "tax_rate": "0.20",
        },
        {"id": "2", "sku": "BELT", "name": "Leather belt", "quantity": 1, "unit_price": 3000},
    ],
    "payments": [
        {
            "id": "p-1",
            "kind": "card",
            "provider": "sandbox",
            "reference": "sbx_ok_1001",
            "amount": 15000,
            "currency": "GBP",
        }
    ],
}
DRESS: dict[str, Any] = {
    "sku": "DRESS-L",
    "product": "linen-dress",
    "name": "Linen dress",
    "variant": {"size": "L"},
    "category": "dresses",
    "price": 6000,
    "currency": "GBP",
    "tax_rate": "0.20",
    "stock": 12,
}
ONE = {"line": "1", "quantity": 1}
ASKED = {**ONE, "reason": "too_small", "comment": "Tight at the shoulders."}
GOOD = {**ONE, "grade": "A", "disposition": "restock", "accepted": True, "note": "As new."}


class Recorder:
    """Calls the API and keeps the first that succeeds of each operation."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.kept: dict[str, dict[str, Any]] = {}
        self.names = requests.get(f"{up.endpoints['api']}/openapi.json", timeout=30).json()["paths"]

    def call(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """One call, which has to succeed. `path`: the template with its names filled in."""
        if isinstance(body, str):
            options |= {"data": body, "headers": {"Content-Type": "text/csv"}}
        elif body is not None:
            options["json"] = body
        headers = {"Authorization": f"Bearer {self.up.key}", **options.pop("headers", {})}
        answer = requests.request(
            method, self.up.endpoints["api"] + path, headers=headers, timeout=60, **options
        )
        assert answer.ok, (method, path, answer.text)
        told = answer.json() if answer.headers["Content-Type"] == "application/json" else None
        name = operation_id(method.lower(), self._template(method, path))
        if "files" in options:
            body = {"photo": "(the file's bytes)", **options["data"]}
        example: dict[str, Any] = {"status": answer.status_code}
        if body is not None:
            example["request"] = body
        if told is not None:
            example["answer"] = self._shown(told)
        self.kept.setdefault(name, example)
        return told

    def _template(self, method: str, path: str) -> str:
        bare = PREFIX + path.partition("?")[0]
        fits = [
            template
            for template, item in self.names.items()
            if method.lower() in item
            and re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), bare)
        ]
        return str(min(fits, key=lambda template: (template.count("{"), -len(template))))

    def _shown(self, told: Any) -> Any:
        text = json.dumps(told).replace(self.up.endpoints["web"], SHOP)
        text = text.replace(self.up.endpoints["temporal_ui"], "https://temporal.example.com")
        text = re.sub(r"service:[0-9a-z]{10}", "service:4t0m9q2k7x", text)
        # What looks like a secret is none, and is not to be found as one.
        text = re.sub(r"whsec_[A-Za-z0-9+/=]+", "whsec_...", text)
        return _shortened(json.loads(text))


def _shortened(told: Any) -> Any:
    if isinstance(told, dict):
        return {
            name: value[:SHOWN] if name == "data" else _shortened(value)
            for name, value in told.items()
        }
    return told


def tell_orders_and_rules(shop: Recorder) -> None:
    """What the shop says of itself."""
    shop.call("PUT", "/products/DRESS-L", DRESS)
    shop.call("GET", "/products?limit=2")
    shop.call("PUT", "/orders/1001", ORDER)
    shop.call("POST", "/orders/import", CSV)
    policy = shop.call("GET", "/policy")
    shop.call("PUT", "/policy", {**policy, "store_credit_bonus_percent": "10"})
    shop.call("GET", "/policy/versions")
    run = shop.call("POST", "/policy/simulate", {"policy": policy})
    shop.call("GET", f"/policy/simulations/{run['id']}")


def tell_a_refund(shop: Recorder) -> str:
    """A return from the request to the money, and what is given beyond it."""
    shop.call("POST", "/quotes", {"order": "1001", "lines": [ASKED], "resolution": "refund"})
    asked = {"order": "1001", "kind": "return", "lines": [ASKED], "resolution": "refund"}
    rma = str(shop.call("POST", "/returns", asked)["rma"])
    at = f"/returns/{rma}"
    shop.call("PATCH", at, {"lines": [{**ONE, "reason": "colour"}]})
    shop.call("GET", f"/tasks?return={rma}")
    task = shop.up.do("GET", f"/tasks?return={rma}&status=open")["data"][0]["id"]
    person = {"headers": {"Authorization": f"Bearer {key_of_a_person(shop.up)}"}}
    shop.call("POST", f"/tasks/{task}/claim", {"note": "I ask the shop floor first."}, **person)
    shop.call("POST", f"/tasks/{task}/release", {}, **person)
    shop.call("POST", f"{at}/decision", {"decision": "approve", "note": "Within 30 days."})
    shop.up.until(rma, "awaiting_parcel")
    shop.call("POST", f"{at}/label")
    shop.call("GET", f"{at}/label.pdf")
    shop.call("POST", f"{at}/photos", data={"line": "1"}, files={"photo": ("a.png", picture())})
    photo = shop.call("GET", f"{at}/photos")["data"][0]["id"]
    shop.call("GET", f"{at}/photos/{photo}")
    scan = {"event_id": "scan-1", "status": "in_transit", "at": "2026-11-24T08:00:00Z"}
    shop.call("POST", f"{at}/tracking", {**scan, "detail": "Picked up"})
    shop.call("POST", f"{at}/receipts", {"lines": [ONE]})
    gift = {"amount": 500, "currency": "GBP", "method": "store_credit", "note": "Sorry."}
    shop.call("POST", f"{at}/goodwill", gift)
    shop.call("POST", f"{at}/inspections", {"lines": [GOOD]})
    shop.up.until(rma, "resolved")
    shop.call("GET", at)
    shop.call("GET", "/returns?status=resolved&limit=2")
    shop.call("GET", f"{at}/events")
    refund = shop.up.do("GET", at)["refunds"][0]["id"]
    shop.call("GET", f"/refunds/{refund}")
    return rma


def key_of_a_person(up: Up) -> str:
    """A key of a member of staff: a service account claims nothing."""
    at, email = ["--data-dir", str(up.directory)], "ada@shop.example"
    subprocess.run(
        [REDRESS, "user", "create", email, "--role", "manager", "--password-stdin", *at],
        input="only for the examples\n",
        text=True,
        check=True,
        capture_output=True,
    )
    made = subprocess.run(
        [REDRESS, "apikey", "create", "--name", "ada", "--scopes", "all", "--user", email, *at],
        check=True,
        capture_output=True,
        text=True,
    )
    return made.stdout.split()[-1]


def tell_other_ends(shop: Recorder) -> None:
    """Cancelled and opened again; exchanged; refused by the bank."""
    rma = shop.up.request("1002")
    shop.call("POST", f"/returns/{rma}/cancel", {"note": "She keeps it."})
    shop.up.until(rma, "cancelled")
    shop.call("POST", f"/returns/{rma}/reopen", {"note": "She doesn't, after all."})
    for number in ("1003", "1004"):
        rma = exchange(shop, number)
        if number == "1004":
            shop.call("POST", f"/returns/{rma}/exchange/cancel", {"note": "Sold out."})
            continue
        shop.call("POST", f"/returns/{rma}/exchange/pay", {"reference": "till-77", "amount": 1000})
        shop.up.until(rma, "awaiting_parcel")
        shop.up.do("POST", f"/returns/{rma}/receipts", {"lines": [ONE]})
        shop.up.do("POST", f"/returns/{rma}/inspections", {"lines": [GOOD]})
        shop.call("POST", f"/returns/{rma}/exchange/ship", {"tracking": "1Z999"})
    for number, after in (("1005", retry), ("1006", by_hand)):
        refused(shop, number, after)


def exchange(shop: Recorder, number: str) -> str:
    """A return of a tee for a dearer dress, approved."""
    shop.up.do("PUT", "/products/DRESS-L", {**DRESS, "price": 3500})
    rma = shop.up.request(number)
    shop.up.do("POST", f"/returns/{rma}/cancel")
    asked = {
        "order": number,
        "lines": [{**ONE, "reason": "style"}],
        "resolution": "exchange",
        "exchange": [{**ONE, "sku": "DRESS-L"}],
    }
    rma = str(shop.up.do("POST", "/returns", asked)["rma"])
    shop.up.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
    return rma


def refused(shop: Recorder, number: str, after: Any) -> None:
    """A refund the bank refuses."""
    order = {**ORDER, "number": number}
    order["payments"] = [{**ORDER["payments"][0], "reference": f"sbx_decline_{number}"}]
    shop.up.do("PUT", f"/orders/{number}", order)
    asked = {"order": number, "lines": [ASKED], "resolution": "refund"}
    rma = str(shop.up.do("POST", "/returns", asked)["rma"])
    shop.up.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
    shop.up.do("POST", f"/returns/{rma}/receipts", {"lines": [ONE]})
    shop.up.do("POST", f"/returns/{rma}/inspections", {"lines": [GOOD]})
    shop.up.until(rma, "needs_attention")
    after(shop, rma, shop.up.do("GET", f"/returns/{rma}")["refunds"][0]["id"])


def retry(shop: Recorder, rma: str, refund: str) -> None:
    """The same way once more."""
    shop.call("POST", f"/returns/{rma}/retry", {"refund": refund})


def by_hand(shop: Recorder, rma: str, refund: str) -> None:
    """Paid another way."""
    body = {"refund": refund, "method": "paid_by_hand", "reference": "bank-4711", "note": ""}
    shop.call("POST", f"/returns/{rma}/resolve-manually", body)


def tell_webhooks(shop: Recorder) -> None:
    """An endpoint and what is sent to it; nobody answers at a name that ends in .example."""
    wanted = ["refund.succeeded", "return.received"]
    asked = {"url": "https://erp.shop.example/redress", "description": "ERP", "types": wanted}
    at = f"/webhook-endpoints/{shop.call('POST', '/webhook-endpoints', asked)['id']}"
    shop.call("GET", "/webhook-endpoints")
    shop.call("GET", at)
    shop.call("POST", f"{at}/test", {})
    shop.call("POST", f"{at}/rotate", {"overlap_hours": 24})
    event = shop.call("GET", "/events?type=refund.succeeded&limit=2")["data"][0]["id"]
    shop.call("POST", f"/events/{event}/resend", {"endpoint": at.rpartition("/")[2]})
    shop.call("GET", f"{at}/deliveries")
    shop.call("POST", f"{at}/disable", {})
    shop.call("POST", f"{at}/enable", {})
    shop.call("DELETE", at)


def tell_a_customer(shop: Recorder) -> None:
    """What is held of a person, and that it goes."""
    order = {**ORDER, "number": "1009", "customer": {**ORDER["customer"], "id": "c-9"}}
    shop.up.do("PUT", "/orders/1009", order)
    shop.call("GET", "/customers/c-9/export")
    shop.call("DELETE", "/customers/c-9/personal-data")


def tell_the_dock(shop: Recorder) -> None:
    """Parcels that nobody announced."""
    items = [{"sku": "TEE", "quantity": 1, "note": "no paper inside"}]
    rma = shop.up.request("1007")
    shop.up.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
    case = shop.call("POST", "/receipts", {"name": "C. Customer", "items": items})["id"]
    shop.call("GET", "/receipts?status=open")
    shop.call("GET", f"/receipts/{case}")
    shop.call("POST", f"/receipts/{case}/match", {"rma": rma})
    other = shop.up.do("POST", "/receipts", {"name": "Nobody", "items": items})["id"]
    shop.call("POST", f"/receipts/{other}/close", {"outcome": "kept", "note": "Given away."})
    odd = {"lines": [], "unexpected": [{"sku": "SCARF", "quantity": 1, "note": "not hers"}]}
    shop.up.do("POST", f"/returns/{rma}/receipts", odd)
    tasks = shop.up.do("GET", f"/tasks?return={rma}&kind=unexpected_parcel")["data"]
    shop.call("POST", f"/tasks/{tasks[0]['id']}/complete", {"note": "Sent on to its owner."})
    shop.call("GET", "/stock-moves?limit=2")


def tell_the_books(shop: Recorder, rma: str) -> None:
    """What finance reads."""
    credit = shop.up.do("GET", f"/returns/{rma}")["store_credit"] or give_credit(shop)
    at = f"/store-credits/{credit['code']}"
    shop.call("POST", f"{at}/redeem", {"amount": 200, "reference": "till-12"})
    shop.call("GET", at)
    shop.call("POST", f"{at}/reverse", {"reference": "till-12"})
    number = shop.call("GET", f"/credit-memos?return={rma}")["data"][0]["number"]
    shop.call("GET", f"/credit-memos/{number}")
    shop.call("GET", f"/credit-memos/{number}.pdf")
    shop.call("GET", f"/ledger/entries?return={rma}&limit=2")
    shop.call("GET", "/ledger/trial-balance")
    shop.call("GET", f"/ledger/export.beancount?return={rma}")
    accounts = shop.call("GET", "/ledger/accounts")
    shop.call("PUT", "/ledger/accounts", accounts)
    shop.call("GET", "/ledger/verify")
    shop.call("POST", "/ledger/periods", {"closed_until": "2025-12-31"})
    shop.call("GET", "/ledger/periods")
    run = shop.call("POST", "/reconciliations", {})["id"]
    shop.call("GET", f"/reconciliations/{run}")
    shop.call("GET", "/reconciliations")


def give_credit(shop: Recorder) -> dict[str, Any]:
    """Store credit for a return of its own."""
    rma = shop.up.request("1008")
    shop.up.do("PATCH", f"/returns/{rma}", {"resolution": "store_credit"})
    shop.up.do("POST", f"/returns/{rma}/decision", {"decision": "approve"})
    shop.up.finish(rma)
    credit: dict[str, Any] = shop.up.do("GET", f"/returns/{rma}")["store_credit"]
    return credit


def picture() -> bytes:
    """A small PNG."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(made, "PNG")
    return made.getvalue()


def main() -> None:
    """Plays everything once and writes what was said."""
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory) / "data", free_port()) as up,
    ):
        shop = Recorder(up)
        tell_orders_and_rules(shop)
        rma = tell_a_refund(shop)
        tell_other_ends(shop)
        tell_the_dock(shop)
        tell_a_customer(shop)
        tell_webhooks(shop)
        tell_the_books(shop, rma)
    missing = {
        operation_id(method, path)
        for path, item in shop.names.items()
        for method in set(item) - {"parameters"}
    } - set(shop.kept)
    EXAMPLES.write_text(json.dumps(dict(sorted(shop.kept.items())), indent=1) + "\n")
    print(f"{len(shop.kept)} examples; none of {sorted(missing) or 'nothing'}")


if __name__ == "__main__":
    main()
