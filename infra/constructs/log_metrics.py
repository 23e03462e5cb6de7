"""Metrics counted from what the functions log, where they log it anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from functions.declaration import COMMITTER, FUNCTIONS, RUN_RECOVERY, RUN_WORKER

NAMESPACE = "Sextant"

RUNS_FAILED = "RunsFailed"
RUNS_PUBLISHED = "RunsPublished"
CIRCUIT_OPENED = "DatabaseCircuitOpened"


@dataclass(frozen=True)
class Counted:
    """Records of `function` whose message is `message`, and which `also` holds of, add `value` to `metric`."""

    metric: str
    function: str
    message: str
    also: str = ""
    value: str = "1"

    @property
    def pattern(self) -> str:
        """The filter in CloudWatch's syntax for JSON records."""
        said = f'$.message = "{self.message}"'
        return f"{{ {said} && {self.also} }}" if self.also else f"{{ {said} }}"


COUNTED = (
    Counted(
        RUNS_FAILED, RUN_WORKER.name, "run handled", also='($.outcome = "FAILED" || $.outcome = "TIMEOUT")'
    ),
    Counted(RUNS_FAILED, RUN_RECOVERY.name, "runs recovered", also="$.failed > 0", value="$.failed"),
    Counted(RUNS_FAILED, RUN_RECOVERY.name, "runs recovered", also="$.timed_out > 0", value="$.timed_out"),
    Counted(RUNS_PUBLISHED, COMMITTER.name, "runs published", value="$.runs"),
    *(
        Counted(CIRCUIT_OPENED, function.name, "the database is left alone")
        for function in FUNCTIONS
        if function.database not in (None, "admin")
    ),
)


class LogMetrics(Construct):
    """One metric filter for each entry of `COUNTED`; the metrics carry no dimensions."""

    def __init__(
        self, scope: Construct, construct_id: str, *, log_groups: Mapping[str, logs.ILogGroup]
    ) -> None:
        super().__init__(scope, construct_id)
        for number, counted in enumerate(COUNTED):
            logs.MetricFilter(
                self,
                f"{counted.metric}{number}",
                log_group=log_groups[counted.function],
                filter_pattern=logs.FilterPattern.literal(counted.pattern),
                metric_namespace=NAMESPACE,
                metric_name=counted.metric,
                metric_value=counted.value,
            )
