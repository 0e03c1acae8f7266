"""The errors the sandbox answers with, in Stripe's shape."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is an error.

    Attributes:
        status: the HTTP status.
        message: a sentence for people.
        kind: Stripe's `type`.
        code: Stripe's `code`, when there is one.
        decline_code: the bank's reason, for a `card_error`.
        param: the parameter at fault, when there is one.
    """

    status: HTTPStatus
    message: str
    kind: str = "invalid_request_error"
    code: str | None = None
    decline_code: str | None = None
    param: str | None = None

    def body(self) -> dict[str, dict[str, str]]:
        """Stripe's `{"error": {...}}`; what isn't known is left out, as Stripe does."""
        fields = {
            "type": self.kind,
            "code": self.code,
            "decline_code": self.decline_code,
            "message": self.message,
            "param": self.param,
        }
        return {"error": {name: value for name, value in fields.items() if value is not None}}


class Refused(Exception):
    """Carries a refusal to the edge, where it becomes the answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> Refused:
    """400: the request can't be done as it stands."""
    return Refused(Refusal(status=HTTPStatus.BAD_REQUEST, code=code, message=message, param=param))


def missing_resource(what: str, name: str, param: str) -> Refused:
    """404 as Stripe words it: No such payment_intent: 'pi_1'."""
    return Refused(
        Refusal(
            status=HTTPStatus.NOT_FOUND,
            code="resource_missing",
            message=f"No such {what}: '{name}'",
            param=param,
        )
    )
