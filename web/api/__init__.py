"""The REST API: a module per kind of resource, registered here."""

from flask import Flask

from web.api import (
    documentation,
    orders,
    policy,
    refunds,
    return_actions,
    return_refunds,
    returns,
    tasks,
    webhooks,
)
from web.api.blueprint import RedressApi

_RESOURCES = (
    orders,
    returns,
    return_actions,
    return_refunds,
    tasks,
    refunds,
    policy,
    webhooks,
)


def register(app: Flask) -> None:
    """Adds every resource to the application and to the OpenAPI document."""
    api = RedressApi(app)
    for resource in _RESOURCES:
        api.register_blueprint(resource.blueprint)
    app.register_blueprint(documentation.create_blueprint(api))
