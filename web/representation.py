"""Returns and what belongs to them as the API's JSON, exactly as its contract says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from models.messages import ReturnStatus
from models.rules.quote_lines import Quote
from models.settings import Settings
from models.store.credit_memos import number_text
from models.store.erp import Standing
from models.store.policy_versions import StoredPolicy
from models.store.queries import TimelinePage, WholeReturn
from models.tables import (
    CarrierClaim,
    Event,
    GrantedRefund,
    Label,
    Order,
    Product,
    Refund,
    Return,
    ReturnLine,
    Scan,
    StoreCredit,
    Submission,
    Task,
)
from models.timeline import Lookups, sentence, who
from web.api.schemas.policy import represent_policy
from web.temporal_ui import workflow_address

Json = dict[str, Any]


def represent_time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def return_address(settings: Settings, rma: str) -> str:
    """Where a return is found."""
    return f"{settings.web_url.rstrip('/')}/api/v1/returns/{quote(rma, safe='')}"


def represent_links(
    settings: Settings, rma: str, *, label: bool = False, workflow: str | None = None
) -> Json:
    """Where more of a return is found; null: there is none."""
    address = return_address(settings, rma)
    return {
        "self": address,
        "events": f"{address}/events",
        "label": f"{address}/label.pdf" if label else None,
        "temporal_ui": workflow_address(settings, rma, workflow),
        "portal": None,
    }


def represent_return(found: WholeReturn, settings: Settings) -> Json:
    """A return."""
    row = found.row
    return {
        "rma": row.rma,
        "status": row.status,
        "order": row.order_number,
        "reference": row.reference,
        "override": {"reason": row.override_reason} if row.override_reason else None,
        "kind": row.kind,
        "resolution": row.resolution,
        "currency": row.currency,
        "lines": [_line(line) for line in row.lines],
        "quote": {
            "currency": row.currency,
            "lines": [
                {
                    "kind": amount.kind,
                    "line": amount.line,
                    "amount": amount.amount,
                    "tax": amount.tax,
                    "explanation": amount.explanation,
                }
                for amount in row.quote_lines
            ],
            "total": row.quote_total,
        },
        "refunds": [_refund(refund) for refund in found.refunds],
        "grants": [
            _grant(grant, found.memos)
            for grant in found.grants
            # Of an exchange that brings nothing back the grant is empty.
            if grant.amount or grant.bonus or grant.lines
        ],
        "store_credit": represent_credit(found.credits[-1]) if found.credits else None,
        "exchange": represent_exchange(row),
        "label": None if found.label is None else _label(found.label),
        "tracking": [_scan(scan) for scan in found.scans],
        "tasks": [represent_task(task) for task in found.tasks],
        "carrier_claims": [_claim(claim) for claim in found.claims],
        "erp": [represent_standing(each) for each in found.erp],
        "policy_version": row.policy_version,
        "deadlines": _deadlines(row.deadlines),
        "created_at": represent_time(row.created_at),
        "updated_at": represent_time(row.updated_at),
        "links": represent_links(
            settings, row.rma, label=found.label is not None, workflow=row.workflow
        ),
    }


def represent_submission(found: Submission, settings: Settings) -> Json:
    """A return that was taken but isn't recorded yet, in the same shape."""
    created_at = represent_time(found.created_at)
    return {
        "rma": found.rma,
        "status": ReturnStatus.REQUESTED,
        "order": found.order_number,
        "reference": found.body.get("reference"),
        "override": None,
        "kind": None,
        "resolution": None,
        "currency": None,
        "lines": [],
        "quote": None,
        "refunds": [],
        "grants": [],
        "store_credit": None,
        "exchange": None,
        "label": None,
        "tracking": [],
        "tasks": [],
        "carrier_claims": [],
        "erp": [],
        "policy_version": None,
        "deadlines": {},
        "created_at": created_at,
        "updated_at": created_at,
        "links": represent_links(settings, found.rma),
    }


def represent_quote(made: Quote) -> Json:
    """A quote that isn't stored."""
    return {
        "currency": made.currency,
        "lines": [
            {
                "kind": amount.kind,
                "line": amount.line,
                "amount": amount.amount,
                "tax": amount.tax,
                "explanation": amount.explanation,
            }
            for amount in made.lines
        ],
        "total": made.total,
        "exchange": {
            "lines": [
                {
                    "line": item.line,
                    "sku": item.replacement.sku,
                    "quantity": item.quantity,
                    "price": item.replacement.price,
                }
                for item in made.exchange
            ],
            "difference": made.difference,
            "status": None,
            "paid": 0,
            "tracking": None,
        }
        if made.exchange
        else None,
    }


def represent_exchange(row: Return) -> Json | None:
    """What goes out for a return's goods."""
    found = row.exchange
    if found is None or not found.lines:
        return None
    names = {line.no: line.order_line.line for line in row.lines}
    return {
        "lines": [
            {
                "line": names[item.no],
                "sku": item.sku,
                "quantity": item.quantity,
                "price": item.price,
            }
            for item in found.lines
        ],
        "difference": found.difference,
        "status": found.status,
        "paid": found.paid,
        "tracking": found.tracking,
    }


def represent_refund(found: Refund) -> Json:
    """A refund transaction by itself."""
    return {**_refund(found), "return": found.rma, "order": found.order_number}


def represent_task(found: Task) -> Json:
    """A task, with who claimed it."""
    return {
        "id": found.id,
        "return": found.rma,
        "parcel": found.parcel_id,
        "order": found.order_number,
        "webhook_endpoint": found.endpoint_id,
        "kind": found.kind,
        "status": found.status,
        "refund": found.refund,
        "reference": found.reference,
        "owner": None if found.owner_id is None else f"user:{found.owner_id}",
        "note": None if found.note is None else found.note.body,
        "due_at": represent_time(found.due_at),
        "opened_at": represent_time(found.opened_at),
        "closed_at": represent_time(found.closed_at),
        "reminded_at": represent_time(found.reminded_at),
        "escalated_at": represent_time(found.escalated_at),
    }


def represent_standing(found: Standing) -> Json:
    """How a document of a return stands in the ERP."""
    return {
        "reference": found.reference,
        "kind": found.kind,
        "state": found.state,
        "numbers": found.numbers,
        "at": represent_time(found.at),
    }


def represent_events(page: TimelinePage) -> list[Json]:
    """Timeline entries: who, when and what, in words and in fields."""
    lookups = Lookups(items=page.items, payments=page.payments)
    return [_event(event, lookups, page.actors) for event in page.events]


def represent_order(order: Order) -> Json:
    """An order as it was taken."""
    return {
        "number": order.number,
        "currency": order.currency,
        "paid": order.paid,
        "refundable": order.paid - order.reserved,
    }


def represent_product(found: Product) -> Json:
    """An item in one variant."""
    return {
        "sku": found.sku,
        "product": found.product,
        "name": found.name,
        "description": found.description,
        "variant": dict(found.variant),
        "category": found.category,
        "price": found.price,
        "currency": found.currency,
        "tax_rate": found.tax_rate,
        "stock": found.stock,
        "reserved": found.reserved,
        "supplier": found.supplier,
        "image_url": found.image_url,
        "updated_at": represent_time(found.updated_at),
    }


def represent_policy_version(stored: StoredPolicy) -> Json:
    """A version of the policy with when and by whom it was made."""
    return {
        **represent_policy(stored.policy),
        "version": stored.policy.version,
        "created_at": represent_time(stored.created_at),
        "actor": stored.actor,
    }


def _line(line: ReturnLine) -> Json:
    return {
        "line": line.order_line.line,
        "sku": line.order_line.sku,
        "name": line.order_line.name,
        "requested": line.requested,
        "approved": line.approved,
        "received": line.received,
        "accepted": line.accepted,
        "rejected": line.rejected,
        "missing": line.missing,
        "refunded": line.refunded,
        "ahead": line.ahead,
        "forgone": line.forgone,
        "reception": line.reception,
        "acceptance": line.acceptance,
        "reason": line.reason,
        "reason_label": line.why,
        "comment": line.comment,
        "resolution": line.resolution,
        "grade": line.grade,
        "disposition": line.disposition,
    }


def _claim(claim: CarrierClaim) -> Json:
    return {
        "task": claim.id,
        "carrier": claim.carrier,
        "tracking": claim.tracking,
        "status": claim.status,
        "amount": claim.amount,
        "currency": claim.currency,
        "opened_at": represent_time(claim.opened_at),
        "closed_at": represent_time(claim.closed_at),
    }


def _refund(refund: Refund) -> Json:
    return {
        "id": refund.id,
        "payment": refund.payment.payment,
        "kind": refund.payment.kind,
        "amount": refund.amount,
        "currency": refund.currency,
        "status": refund.status,
        "provider_reference": refund.provider_reference,
        "failure": refund.failure,
        "replaced_by": refund.replaced_by,
        "paid_by": refund.paid_by,
        "paid_reference": refund.paid_reference,
        "created_at": represent_time(refund.created_at),
        "updated_at": represent_time(refund.updated_at),
    }


def _grant(grant: GrantedRefund, memos: Mapping[str, int]) -> Json:
    memo = memos.get(grant.id)
    return {
        "id": grant.id,
        "kind": grant.kind,
        "method": grant.method,
        "amount": grant.amount,
        "bonus": grant.bonus,
        "short": grant.short,
        "currency": grant.currency,
        "lines": represent_grant_lines(grant),
        "credit_memo": None if memo is None else number_text(memo),
        "actor": grant.actor,
        "created_at": represent_time(grant.created_at),
    }


def represent_grant_lines(grant: GrantedRefund) -> list[Json]:
    """What was granted, explained line by line."""
    return [
        {
            "kind": line.kind,
            "line": line.line,
            "amount": line.amount,
            "tax": line.tax,
            "explanation": line.explanation,
        }
        for line in grant.lines
    ]


def represent_credit(credit: StoreCredit) -> Json:
    """Store credit that was issued."""
    return {
        "code": credit.code,
        "amount": credit.amount,
        "currency": credit.currency,
        "balance": credit.balance,
        "expires_at": represent_time(credit.expires_at),
    }


def _label(label: Label) -> Json:
    return {
        "carrier": label.carrier,
        "tracking": label.tracking,
        "cost": label.cost,
        "currency": label.currency,
        "created_at": represent_time(label.created_at),
    }


def _scan(scan: Scan) -> Json:
    return {
        "event_id": scan.event,
        "status": scan.status,
        "at": represent_time(scan.at),
        "detail": scan.detail,
    }


def _deadlines(stored: Mapping[str, Any]) -> Json:
    return {
        name: represent_time(datetime.fromisoformat(str(moment))) for name, moment in stored.items()
    }


def _event(event: Event, lookups: Lookups, names: Mapping[str, str]) -> Json:
    return {
        "id": event.key,
        "at": represent_time(event.at),
        "kind": event.kind,
        "actor": event.actor,
        "actor_name": who(event.actor, names),
        "text": sentence(event.kind, event.data, lookups),
        "data": event.data,
        "note": None if event.note is None else event.note.body,
    }
