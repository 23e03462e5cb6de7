"""What every model of the API has in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from sextant_client.waiting import seconds


class Body(BaseModel):
    """A body of the API. Fields that a later release adds are kept, and are reached by their names."""

    model_config = ConfigDict(extra="allow", defer_build=True, protected_namespaces=())

    _headers: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def etag(self) -> str | None:
        """The answer's `ETag`, for `if_match` and `if_none_match`; None of what is no whole answer."""
        return self._headers.get("etag")

    @property
    def retry_after(self) -> float:
        """Seconds to stay away before asking again, as the answer says; 0 where it does not."""
        return seconds(self._headers.get("retry-after")) or 0.0

    def to_dict(self) -> dict[str, Any]:
        """The body as JSON has it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
