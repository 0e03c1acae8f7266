"""The words of a mail to the managers about a webhook endpoint that doesn't take its events."""

from activities.rendering import RenderedMail
from activities.task_letters import staff_environment
from models.tables import WebhookEndpoint


def render_webhook_trouble(
    endpoint: WebhookEndpoint, trouble: str, *, shop_name: str, web_url: str
) -> RenderedMail:
    """Writes the mail.

    Args:
        endpoint: which one.
        trouble: `gone` (it answered 410) or `failed` (given up after three days).
        shop_name: whose staff it is.
        web_url: what the link begins with.
    """
    gone = trouble == "gone"
    subject = "A webhook endpoint is switched off" if gone else "Webhooks could not be delivered"
    words = {
        "subject": subject,
        "gone": gone,
        # Without its query, which may hold a password.
        "address": endpoint.url.partition("?")[0],
        "link": f"{web_url.rstrip('/')}/webhooks/{endpoint.id}",
        "shop": shop_name,
    }
    return RenderedMail(
        subject=subject,
        text=staff_environment.get_template("webhooks.txt").render(words),
        html=staff_environment.get_template("webhooks.html").render(words),
    )
