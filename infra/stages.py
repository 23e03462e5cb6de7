"""The stages: complete, named sets of settings (`dev`, `prod`, and `local` for an emulator on this machine).

`cdk.json` may override single settings of a stage under the context key `sextant`, and the command line
may override both with `-c settings='{...}'`. An unknown or impossible setting fails the synthesis with
the name of the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.config import StageConfig


class ConfigurationError(ValueError):
    """The settings of a stage cannot be used; the message has a line for each field at fault."""


_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "local": {
        "network": None,
        "protect": False,
        "functions": {"bundle_sdk": True, "tracing": False, "log_days": 1},
    },
    "dev": {
        "network": {"kind": "own"},
        "database": {"kind": "aurora"},
        "protect": False,
        "functions": {"reserve_concurrency": False},
        "budget": {"monthly_usd": 300},
    },
    "prod": {
        "network": {"kind": "own", "endpoint_zones": 2},
        "database": {
            "kind": "aurora",
            "min_capacity": 1,
            "max_capacity": 16,
            "readers": 1,
            "backup_days": 14,
        },
        "protect": True,
        "functions": {"log_days": 90, "snapstart": ["api", "outputs-api"]},
        "api": {"requests_per_second": 1000, "burst": 2000},
        "rollout": {"kind": "canary"},
        "budget": {"monthly_usd": 2000},
    },
}


def load(stage: str, *overrides: Mapping[str, Any]) -> StageConfig:
    """The settings of `stage`: its defaults, then each of `overrides` laid over them, group by group.

    Raises ConfigurationError naming each field that does not hold.
    """
    defaults = _DEFAULTS.get(stage)
    if defaults is None:
        raise ConfigurationError(f"unknown stage {stage!r}: one of {', '.join(_DEFAULTS)}")
    settings: dict[str, Any] = dict(defaults)
    for override in overrides:
        settings = _laid_over(settings, override)
    if "stage" in settings:
        raise ConfigurationError("the stage is chosen by the context value 'stage', not by a setting")
    try:
        return StageConfig.model_validate({**settings, "stage": stage})
    except ValidationError as error:
        lines = [f"  {_field(one['loc'])}: {_rule(one)}" for one in error.errors(include_url=False)]
        raise ConfigurationError(
            "\n".join([f"the settings of stage {stage!r} do not hold:", *lines])
        ) from None


def _field(location: tuple[int | str, ...]) -> str:
    """`("database", "aurora", "min_capacity")` → `database.min_capacity`: nobody writes a group's kind in its path."""
    kinds = {"own", "given", "aurora", "sqs", "msk-serverless", "msk", "user-pool", "issuer"}
    steps = [str(step) for depth, step in enumerate(location) if depth != 1 or step not in kinds]
    return ".".join(steps) or "as a whole"


def _rule(error: ErrorDetails) -> str:
    """What pydantic says, as a person would."""
    match error["type"]:
        case "extra_forbidden":
            return "there is no such setting"
        case "missing":
            return "must be given"
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
        case "union_tag_invalid":
            return f"kind must be one of {error['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return "needs its kind"
        case _:
            return error["msg"].replace("Input should", "should").replace("String should", "should")


def parse_settings(text: str | None) -> Mapping[str, Any]:
    """The `settings` context value, a JSON object; nothing when it is absent.

    Raises ConfigurationError for anything else.
    """
    if not text:
        return {}
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"the context value 'settings' is not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise ConfigurationError("the context value 'settings' must be a JSON object")
    return parsed


def _laid_over(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects by key; a group of another `kind` replaces the whole group, for its fields differ."""
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            replaced = "kind" in value and value["kind"] != below.get("kind")
            merged[key] = dict(value) if replaced else _laid_over(below, value)
        else:
            merged[key] = value
    return merged
