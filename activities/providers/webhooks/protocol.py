"""What the delivery of webhooks asks of the way they leave."""

from dataclasses import dataclass
from typing import Protocol

from models.rules.webhooks import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An event to send. `id` stays the same however often it is sent; each of `secrets` signs."""

    id: str
    url: str
    body: str
    secrets: tuple[str, ...]


class WebhookSender(Protocol):
    """A way webhooks leave."""

    def send(self, webhook: Webhook) -> Answer:
        """Sends it once and says what came of it; never raises for what the receiver does."""
        ...
