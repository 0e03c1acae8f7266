"""Who may send webhooks, by the name in the address."""

from collections.abc import Callable

from models.settings import Settings
from web.incoming import easypost_events, stripe_events
from web.incoming.sender import Sender

# Each makes its sender from the settings, or None when it isn't set up there.
SENDERS: dict[str, Callable[[Settings], Sender | None]] = {
    "easypost": easypost_events.from_easypost,
    "sandbox": stripe_events.from_sandbox,
    "sandbox-carrier": easypost_events.from_sandbox,
    "stripe": stripe_events.from_stripe,
}


def sender_named(name: str, settings: Settings) -> Sender | None:
    """The sender with a name; None: there is none, or it isn't set up."""
    make = SENDERS.get(name)
    return make(settings) if make else None
