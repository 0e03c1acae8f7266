"""Connects to Temporal: the embedded server of `redress up`, or the cluster a profile names."""

from temporalio.client import Client
from temporalio.envconfig import ClientConfigProfile

from models.settings import Settings, SettingsError

DEFAULT_ADDRESS = "localhost:7233"
DEFAULT_NAMESPACE = "default"


def load_profile() -> ClientConfigProfile:
    """Temporal's own settings: `TEMPORAL_ADDRESS`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS…` and the
    profile `TEMPORAL_PROFILE` of `TEMPORAL_CONFIG_FILE`.

    Raises:
        SettingsError: the profile or its file can't be used.
    """
    try:
        return ClientConfigProfile.load()
    except (RuntimeError, OSError) as error:
        raise SettingsError(
            f"Temporal's settings can't be used: {error}. Check TEMPORAL_PROFILE and"
            " TEMPORAL_CONFIG_FILE."
        ) from error


def address_of(settings: Settings) -> str:
    """Where Temporal is, as host:port."""
    return settings.temporal_address or load_profile().address or DEFAULT_ADDRESS


def namespace_of(settings: Settings) -> str:
    """The namespace the returns live in."""
    return settings.temporal_namespace or _profile_of(settings).namespace or DEFAULT_NAMESPACE


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """Connects with the default data converter.

    Args:
        settings: say where to connect; Temporal's own profile adds namespace, TLS and API key.
        lazy: connect with the first call, so that a server that is still starting does no harm.

    Raises:
        ConnectionError: Temporal doesn't answer there.
        SettingsError: the profile or the address can't be used.
    """
    address = address_of(settings)
    profile = _profile_of(settings)
    try:
        config = profile.to_client_connect_config()
        config["target_host"] = address
        config["namespace"] = namespace_of(settings)
        return await Client.connect(**config, lazy=lazy)
    except (ValueError, OSError) as error:
        raise SettingsError(f"Temporal at {address} can't be used: {error}.") from error
    except RuntimeError as error:
        raise ConnectionError(
            f"Temporal at {address} doesn't answer. Start `redress up`, or point TEMPORAL_ADDRESS"
            " at a server that runs."
        ) from error


def _profile_of(settings: Settings) -> ClientConfigProfile:
    """The profile, when it is about the server that is used.

    The address of a running `redress up` may stand in the settings beside a profile for another
    server on the same machine; that one's key, TLS and namespace must not be sent here.
    """
    profile = load_profile()
    if settings.temporal_address and settings.temporal_address != profile.address:
        return ClientConfigProfile()
    return profile
