"""What a deployment says of its runs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sextant.config import ConfigurationError, Settings, number, optional


@dataclass(frozen=True)
class RunSettings(Settings):
    """How runs are held, split, published and looked after; times are seconds."""

    lease: float = number("SEXTANT_RUN_LEASE", "How long a worker holds a run without renewing", 60, above=0)
    queued_silence: float = number(
        "SEXTANT_QUEUED_SILENCE", "After how long a queued run's message is sent again", 1200
    )
    seconds_per_part: float = number(
        "SEXTANT_SECONDS_PER_PART", "About how long one part of a divided run is to take", 20, above=0
    )
    commit_lease: float = number("SEXTANT_COMMIT_LEASE", "How long a committer holds its batch", 60, above=0)
    gate_url: str | None = optional(
        "SEXTANT_RUN_GATE_URL",
        "The service that is asked before each run is computed, with path and query",
        secret=True,
    )
    gate_timeout: float = number(
        "SEXTANT_RUN_GATE_TIMEOUT", "How long the run gate may take to answer", 10, above=0
    )

    def __post_init__(self) -> None:
        if self.gate_url is not None and not _is_askable(self.gate_url):
            raise ConfigurationError(
                "SEXTANT_RUN_GATE_URL must be http(s)://host[:port][/path][?query], with no user and password, not what it is"
            )


def _is_askable(url: str) -> bool:
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        return False
    return (
        address.scheme in ("http", "https")
        and bool(address.hostname)
        and port != 0
        and address.username is None
    )
