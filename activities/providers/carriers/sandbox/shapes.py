"""The sandbox carrier's parcels and events, in EasyPost's shapes."""

from datetime import UTC, datetime
from typing import Any

from activities.providers.carriers.sandbox.behaviour import NOT_SERVED, Step
from activities.providers.carriers.sandbox.parcels import Parcel

CARRIER = "Sandbox Parcel"
CURRENCY = "GBP"
RATES = {"Standard": "3.20", "Express": "7.90"}


def rate_id(parcel: Parcel, service: str) -> str:
    """The id of a rate of this parcel."""
    return f"rate_{parcel.id.removeprefix('shp_')}_{service.lower()}"


def rates(parcel: Parcel) -> list[dict[str, Any]]:
    """What the carrier offers: nothing from where it doesn't go."""
    if str(parcel.sender.get("country") or "").upper() == NOT_SERVED:
        return []
    return [
        {
            "id": rate_id(parcel, service),
            "object": "Rate",
            "carrier": CARRIER,
            "service": service,
            "rate": rate,
            "currency": CURRENCY,
            "shipment_id": parcel.id,
        }
        for service, rate in RATES.items()
    ]


def shipment(parcel: Parcel, pages: str) -> dict[str, Any]:
    """A Shipment; `pages` is the address before the names of labels' pages."""
    offered = rates(parcel)
    bought = parcel.rate is not None
    return {
        "id": parcel.id,
        "object": "Shipment",
        "mode": "test",
        "created_at": moment(parcel.created),
        "reference": parcel.reference or None,
        "is_return": parcel.is_return,
        "to_address": parcel.receiver,
        "from_address": parcel.sender,
        "parcel": parcel.sent.get("parcel"),
        "options": parcel.sent.get("options") or {},
        "rates": offered,
        "messages": []
        if offered
        else [
            {
                "carrier": CARRIER,
                "type": "rate_error",
                "message": "The carrier doesn't serve the country this parcel comes from.",
            }
        ],
        "selected_rate": next((rate for rate in offered if rate["id"] == parcel.rate), None),
        "postage_label": {
            "id": f"pl_{parcel.id.removeprefix('shp_')}",
            "object": "PostageLabel",
            "label_file_type": "application/pdf",
            "label_url": f"{pages}/{parcel.page}.pdf",
            "label_pdf_url": f"{pages}/{parcel.page}.pdf",
        }
        if bought
        else None,
        "tracking_code": parcel.tracking if bought else None,
        "status": parcel.status,
        "refund_status": "refunded" if parcel.refunded else None,
    }


def tracker_event(event_id: str, parcel: Parcel, step: Step, at: float) -> dict[str, Any]:
    """A `tracker.updated` event: the parcel was scanned."""
    tracker = parcel.id.removeprefix("shp_")
    return {
        "id": event_id,
        "object": "Event",
        "mode": "test",
        "description": "tracker.updated",
        "created_at": moment(at),
        "result": {
            "id": f"trk_{tracker}",
            "object": "Tracker",
            "mode": "test",
            "tracking_code": parcel.tracking,
            "status": step.status,
            "status_detail": step.detail,
            "updated_at": moment(at),
            "shipment_id": parcel.id,
            "carrier": CARRIER,
            "tracking_details": [
                {
                    "object": "TrackingDetail",
                    "message": step.message,
                    "status": step.status,
                    "status_detail": step.detail,
                    "datetime": moment(at),
                    "source": CARRIER,
                }
            ],
        },
    }


def listed(parcel: Parcel) -> dict[str, Any]:
    """A parcel as the controls show it: no names, no addresses."""
    return {
        "id": parcel.id,
        "reference": parcel.reference,
        "tracking": parcel.tracking if parcel.rate is not None else None,
        "bought": parcel.rate is not None,
        "refunded": parcel.refunded,
        "status": parcel.status,
    }


def moment(at: float) -> str:
    """A time as EasyPost writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
