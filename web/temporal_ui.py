"""Where Temporal's own pages show a return."""

from functools import cache
from urllib.parse import quote

from models.messages import workflow_id
from models.settings import Settings
from models.temporal_client import namespace_of


def workflow_address(settings: Settings, rma: str, workflow: str | None = None) -> str | None:
    """The page of a return's workflow; None where nobody said which UI the cluster has."""
    if not settings.temporal_ui_url:
        return None
    return f"{_workflows(settings)}/{quote(workflow or workflow_id(rma), safe='')}"


@cache
def _workflows(settings: Settings) -> str:
    # Kept, because the namespace may have to be read from a file.
    namespace = quote(namespace_of(settings), safe="")
    return f"{settings.temporal_ui_url.rstrip('/')}/namespaces/{namespace}/workflows"
