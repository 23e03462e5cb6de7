"""What a worker hands in of a run: the file of its outputs, and where it has hourly ones the file of those.

As JSON it is the first file's descriptor, with the other's in it under `hourly`. Its format is then another, so that a
committer that knows no hourly table refuses the run, and does not publish half of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sextant.lake.write.datafile import FORMAT, DataFileDescriptor, UnreadableDescriptorError

_WITH_HOURLY: Final = 2


@dataclass(frozen=True)
class HandedIn:
    """The files of a run, of which both are published or none. `to_json` and `from_json` are inverse."""

    outputs: DataFileDescriptor
    hourly: DataFileDescriptor | None = None

    @property
    def size(self) -> int:
        """Bytes of both."""
        return self.outputs.size + (self.hourly.size if self.hourly else 0)

    def to_json(self) -> dict[str, Any]:
        """The descriptors as JSON's own types."""
        document = self.outputs.to_json()
        if self.hourly is None:
            return document
        return {**document, "format": _WITH_HOURLY, "hourly": self.hourly.to_json()}

    @classmethod
    def from_json(cls, document: Any) -> HandedIn:
        """What `to_json` made. Raises UnreadableDescriptorError for anything else."""
        if not isinstance(document, Mapping) or document.get("format") != _WITH_HOURLY:
            return cls(DataFileDescriptor.from_json(document))
        hourly = DataFileDescriptor.from_json(document.get("hourly"))
        outputs = DataFileDescriptor.from_json({**document, "format": FORMAT})
        if (outputs.tenant_id, outputs.scenario_id, outputs.run_id) != (
            hourly.tenant_id,
            hourly.scenario_id,
            hourly.run_id,
        ):
            raise UnreadableDescriptorError(f"hourly file of run {hourly.run_id} with run {outputs.run_id}")
        return cls(outputs, hourly)
