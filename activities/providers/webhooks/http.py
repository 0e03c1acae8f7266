"""Webhooks by HTTP, signed after Standard Webhooks 1.0, and never to where they must not go.

The name of a receiver is looked up once, the address is checked, and that very address is connected
to: a name that means another address a moment later (DNS rebinding) gains nothing. TLS is still
checked against the name. No redirect is followed, and no proxy or stored password of the machine is
used.
"""

import time
from datetime import UTC, datetime
from typing import Final

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from standardwebhooks import Webhook as Signer

from activities.providers.webhooks.protocol import Webhook
from models.rules.webhooks import Answer

# In seconds; for the connection, and for the answer after it.
TIMEOUT = 15.0
# How much of an answer is read and kept, in bytes.
MOST_KEPT: Final = 1000


class HttpWebhooks:
    """Sends webhooks.

    Args:
        to_private: whether receivers may be at private, loopback and link-local addresses.
    """

    def __init__(self, *, to_private: bool = False) -> None:
        self._config = Config(
            ip_filter_enable=not to_private,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=(TIMEOUT, TIMEOUT),
            user_agent_override="Redress-Webhooks/1",
        )

    def send(self, webhook: Webhook) -> Answer:
        """Sends it once."""
        began = time.monotonic()
        try:
            status, body = self._post(webhook, began + TIMEOUT)
        except InvalidIPAddress:
            return _none(began, "The address is private or loopback, so nothing was sent.")
        except requests.Timeout:
            return _none(began, f"There was no answer within {TIMEOUT:g} seconds.")
        except requests.exceptions.SSLError:
            return _none(began, "TLS failed: the certificate doesn't fit, or isn't trusted.")
        except requests.ConnectionError as error:
            return _none(began, _words(error))
        except (requests.RequestException, ValueError, OSError) as error:
            return _none(began, f"It could not be sent ({type(error).__name__}).")
        problem = "" if 200 <= status < 300 else _refusal(status)
        return Answer(status=status, body=body, problem=problem, took=_since(began))

    def _post(self, webhook: Webhook, until: float) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", **_signed(webhook)}
        with HTTPSession(self._config) as session:
            session.trust_env = False
            with session.post(
                webhook.url,
                data=webhook.body.encode(),
                headers=headers,
                timeout=(TIMEOUT, TIMEOUT),
                stream=True,
            ) as response:
                return response.status_code, _beginning(response, until)


def _signed(webhook: Webhook) -> dict[str, str]:
    now = datetime.now(UTC)
    signatures = [Signer(secret).sign(webhook.id, now, webhook.body) for secret in webhook.secrets]
    return {
        "webhook-id": webhook.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _beginning(response: requests.Response, until: float) -> str:
    """The first part of an answer; its status counts even when the rest never comes."""
    kept = b""
    try:
        for part in response.iter_content(200):
            kept += part
            if len(kept) >= MOST_KEPT or time.monotonic() >= until:
                break
    except requests.RequestException:
        pass
    # No database keeps a NUL.
    return kept[:MOST_KEPT].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _refusal(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}, a redirect; redirects are not followed."
    return f"It answered {status}; only 2xx counts as taken."


def _words(error: requests.ConnectionError) -> str:
    if "resolve" in str(error).lower():
        return "The name of the receiver is not known."
    return "The connection could not be made, or broke off before an answer."


def _none(began: float, problem: str) -> Answer:
    return Answer(status=None, problem=problem, took=_since(began))


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))
