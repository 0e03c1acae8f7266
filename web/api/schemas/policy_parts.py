"""The deadlines of a policy."""

from collections.abc import Mapping
from typing import Any

from models.messages import Deadlines
from models.settings import parse_duration
from web.api.schemas.fields import Body, Text, refuse


class Duration(Text):
    """A time from then, like 30d."""

    def __init__(self) -> None:
        super().__init__(longest=20, metadata={"pattern": "^[0-9]+[smhdw]$"})

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            parse_duration(text)
        except ValueError:
            raise refuse("duration", " must be a time like 30d, 12h, 10m or 5s.") from None
        return text


DeadlinesSchema = Body.from_dict(
    {name: Duration() for name in Deadlines.__dataclass_fields__}, name="DeadlinesSchema"
)
