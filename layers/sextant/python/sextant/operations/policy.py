"""The policy of operations: what is severe, what is retried and how often, what escalates. Configuration, not code.

Defaults here; `SEXTANT_OPERATIONS_POLICY` (JSON) overrides them for a deployment, a tenant's
`settings["operations"]` for that tenant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sextant.config import ConfigurationError, Settings, count, optional, text
from sextant.drivers.rules import fault_of
from sextant.operations.actions.model import ActionType
from sextant.operations.events.model import SEVERITIES, Severity

ErrorClass = Literal["TRANSIENT", "PERMANENT", "TIMEOUT", "VENDOR", "DEAD"]
# As event types are: a pattern with a capital letter in it would match none.
TypePattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.:*?\[\]!-]{1,200}$")]
CodePattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Cooldown = Annotated[float, Field(ge=0, le=7 * 86_400, allow_inf_nan=False)]

_MAX_RULES = 500


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class SeverityRule(_Part):
    """An event whose type (and error code) matches is at least this severe. `*` matches anything."""

    event_type: TypePattern
    error_code: CodePattern = "*"
    severity: Severity


class RetryPolicy(_Part):
    """How often a run is run again, and how long to wait: `base_seconds`, twice that, … up to `cap_seconds`."""

    max_retries: Annotated[int, Field(ge=0, le=100)] = 3
    base_seconds: Annotated[float, Field(ge=0, le=86_400)] = 30.0
    cap_seconds: Annotated[float, Field(ge=0, le=86_400)] = 900.0

    def delay(self, retries_done: int) -> float:
        return min(self.cap_seconds, self.base_seconds * 2.0 ** min(retries_done, 30))


class ErrorRule(_Part):
    """Which error codes are of which class; the first rule that matches counts."""

    codes: Annotated[tuple[CodePattern, ...], Field(min_length=1, max_length=_MAX_RULES)]
    error_class: ErrorClass


_SEVERITY_RULES = (
    SeverityRule(event_type="security.*", severity="CRITICAL"),
    SeverityRule(event_type="outbox.dead", severity="ERROR"),
    SeverityRule(event_type="queue.dead_letter", severity="ERROR"),
    SeverityRule(event_type="*.breaker_opened", severity="ERROR"),
    SeverityRule(event_type="*.failed", severity="ERROR"),
    SeverityRule(event_type="*.error", severity="ERROR"),
    SeverityRule(event_type="*.timeout", severity="ERROR"),
    SeverityRule(event_type="*.poison", severity="ERROR"),
)


_ERROR_RULES = (
    ErrorRule(codes=("vendor_*",), error_class="VENDOR"),
    ErrorRule(
        codes=("model_input", "validation_*", "not_found", "baseline_not_found", "forbidden"),
        error_class="PERMANENT",
    ),
    ErrorRule(codes=("run_timeout",), error_class="TIMEOUT"),
    ErrorRule(codes=("dead_letter", "outbox_dead"), error_class="DEAD"),
)


class OperationsPolicy(_Part):
    """All of it. Times are in the unit their name says."""

    grouping_minutes: Annotated[float, Field(gt=0, le=1440)] = 30.0
    reopening_days: Annotated[float, Field(gt=0, le=365)] = 7.0
    escalate_at: Count = 10
    review_at: Count = 3
    """How many failures call for another look, at which a failing vendor's breaker is opened."""
    severity_rules: Annotated[tuple[SeverityRule, ...], Field(max_length=_MAX_RULES)] = _SEVERITY_RULES
    error_rules: Annotated[tuple[ErrorRule, ...], Field(max_length=_MAX_RULES)] = _ERROR_RULES
    transient: RetryPolicy = RetryPolicy()
    vendor: RetryPolicy = RetryPolicy()
    timeout: RetryPolicy = RetryPolicy(max_retries=1, base_seconds=60)
    cooldown_seconds: Mapping[ActionType, Cooldown] = {
        "ESCALATE": 900.0,
        "BREAKER_OPEN": 30.0,
        "WORKFLOW_PAUSE": 300.0,
    }
    max_actions_per_hour: Annotated[int, Field(ge=0, le=1_000_000)] = 120
    postpone_hours: Annotated[float, Field(gt=0, le=168)] = 24.0
    """How long a retry may wait for a kill switch to be lifted, or for its vendor."""
    dry_run: bool = False

    @classmethod
    def from_json(cls, text: str) -> OperationsPolicy:
        """The policy of a deployment; raises ValueError that names each field that is wrong and its rule."""
        try:
            return cls().overridden(json.loads(text or "{}"))
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"SEXTANT_OPERATIONS_POLICY is not JSON: {error}") from None
        except ValidationError as error:
            faults = [fault_of(item) for item in error.errors(include_url=False, include_input=False)]
            wrong = "; ".join(f"{path or 'the policy'}: {message}" for path, _, message in faults)
            raise ConfigurationError(f"SEXTANT_OPERATIONS_POLICY: {wrong}") from None

    @property
    def grouping(self) -> timedelta:
        return timedelta(minutes=self.grouping_minutes)

    @property
    def reopening(self) -> timedelta:
        return timedelta(days=self.reopening_days)

    def severity(self, event_type: str, error_code: str, given: Severity) -> Severity:
        """The more severe of what the sender says and what the rules say."""
        for rule in self.severity_rules:
            if fnmatchcase(event_type, rule.event_type) and fnmatchcase(error_code, rule.error_code):
                return max(given, rule.severity, key=SEVERITIES.index)
        return given

    def error_class(self, error_code: str) -> ErrorClass:
        for rule in self.error_rules:
            if any(fnmatchcase(error_code, pattern) for pattern in rule.codes):
                return rule.error_class
        return "TRANSIENT"

    def retry(self, error_class: ErrorClass) -> RetryPolicy | None:
        """How errors of a class are retried; None for those that would only fail again."""
        return {"TRANSIENT": self.transient, "VENDOR": self.vendor, "TIMEOUT": self.timeout}.get(error_class)

    def overridden(self, overrides: object) -> OperationsPolicy:
        """This policy with some fields replaced; raises pydantic's `ValidationError` where they break a rule.

        Of a field with fields of its own the others stay. Rules come before those that were there: the first that
        matches counts.
        """
        if not isinstance(overrides, Mapping):
            return OperationsPolicy.model_validate(overrides)
        fields: dict[str, Any] = self.model_dump()
        for name, value in overrides.items():
            before = fields.get(name)
            if isinstance(before, Mapping) and isinstance(value, Mapping):
                fields[name] = {**before, **value}
            elif isinstance(before, tuple) and isinstance(value, list | tuple):
                fields[name] = (*value, *before)
            else:
                fields[name] = value
        return OperationsPolicy.model_validate(fields)


def is_failure(severity: Severity) -> bool:
    """Whether an event so severe counts into an incident."""
    return SEVERITIES.index(severity) >= SEVERITIES.index("ERROR")


@dataclass(frozen=True)
class OperationsSettings(Settings):
    """What a deployment says of its operations."""

    policy_json: str = text("SEXTANT_OPERATIONS_POLICY", "The deployment's policy, in JSON", "")
    alert_topic: str | None = optional("SEXTANT_ALERT_TOPIC", "The SNS topic that people are alerted by")
    alerts_per_tenant: int = count(
        "SEXTANT_ALERTS_PER_TENANT",
        "Alerts of one tenant within ten minutes; more are told as one",
        5,
        least=1,
    )

    @cached_property
    def policy(self) -> OperationsPolicy:
        """The defaults with what the deployment says instead; raises `ConfigurationError`."""
        return OperationsPolicy.from_json(self.policy_json)
