"""Every resource of the API, registered with the application."""

from flask import Flask
from flask_wtf import CSRFProtect

from web.api import (
    credit_memos,
    customers,
    documentation,
    events,
    ledger,
    orders,
    parcels,
    photos,
    policy,
    products,
    reconciliations,
    refunds,
    return_actions,
    return_exchanges,
    return_refunds,
    returns,
    simulations,
    stock,
    store_credits,
    tasks,
    webhook_endpoints,
    webhooks,
)
from web.api.blueprint import RedressApi

_RESOURCES = (
    orders,
    products,
    returns,
    return_actions,
    return_exchanges,
    return_refunds,
    photos,
    parcels,
    stock,
    store_credits,
    tasks,
    events,
    webhook_endpoints,
    refunds,
    credit_memos,
    customers,
    policy,
    simulations,
    ledger,
    reconciliations,
    webhooks,
)


def register(app: Flask, csrf: CSRFProtect) -> None:
    """Adds every resource to the application and to the OpenAPI document."""
    app.url_map.converters["credit_code"] = store_credits.CreditCode
    app.url_map.converters["order_number"] = orders.OrderNumber
    api = RedressApi(app)
    for resource in _RESOURCES:
        api.register_blueprint(resource.blueprint)
        # A key in a header is nothing that a browser would send by itself.
        csrf.exempt(resource.blueprint)
    app.register_blueprint(documentation.create_blueprint(api))
