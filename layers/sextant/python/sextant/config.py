"""What the environment says, read once when a process starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What a run's result depends on beside its inputs: raise it with every change of the engine's numbers.
CODE_VERSION = "1.0.0"


class ConfigurationError(Exception):
    """The environment asks for something that must not be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that several parts share; each part reads its own beside them."""

    stage: str
    auth_disabled: bool
    relay_function: str
    run_lease_seconds: float
    queued_silence_seconds: float
    max_body_bytes: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises `ConfigurationError` where a deployed stage would run without authentication."""
        stage = env.get("SEXTANT_STAGE", "local")
        auth_disabled = env.get("SEXTANT_AUTH_DISABLED", "").lower() in ("1", "true", "yes")
        if auth_disabled and stage != "local":
            raise ConfigurationError(
                f"SEXTANT_AUTH_DISABLED is set on stage {stage!r}: authentication can be off on stage 'local' only"
            )
        return cls(
            stage=stage,
            auth_disabled=auth_disabled,
            relay_function=env.get("SEXTANT_RELAY_FUNCTION", ""),
            run_lease_seconds=float(env.get("SEXTANT_RUN_LEASE", "60")),
            queued_silence_seconds=float(env.get("SEXTANT_QUEUED_SILENCE", "1200")),
            max_body_bytes=int(env.get("SEXTANT_MAX_BODY_BYTES", str(1024 * 1024))),
        )
