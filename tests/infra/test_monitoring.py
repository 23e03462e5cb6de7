"""What is watched: every alarm tells somebody, and says what to do."""

from __future__ import annotations

import json
import re

from functions.declaration import FUNCTIONS, QUEUES, ScheduleTrigger
from infra.bundling import ROOT
from tests.infra.conftest import Assembly, Resource

RUNBOOKS = ROOT / "docs" / "runbooks"


def alarms(assembly: Assembly) -> dict[str, Resource]:
    return {
        re.sub(r"^sextant-\w+-", "", one.properties["AlarmName"]): one
        for one in assembly.all("AWS::CloudWatch::Alarm")
    }


def test_what_can_go_wrong_has_an_alarm(assembly: Assembly) -> None:
    wanted = {
        "http-errors",
        "http-latency",
        "run-failures",
        "commit-age",
        "outbox-lag",
        "outbox-failed",
        "database-capacity",
        "database-connections",
        "database-pinning",
        *(f"{queue.name}-dlq" for queue in QUEUES),
        *(
            f"{one.name}-{kind}"
            for one in FUNCTIONS
            if one.name != "migrate"
            for kind in ("errors", "throttles")
        ),
        *(
            f"{one.name}-silent"
            for one in FUNCTIONS
            if any(isinstance(t, ScheduleTrigger) for t in one.triggers)
        ),
    }

    assert wanted <= set(alarms(assembly))


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_ends(assembly: Assembly) -> None:
    for name, alarm in alarms(assembly).items():
        for moment in ("AlarmActions", "OKActions"):
            assert "Notifications" in json.dumps(alarm.properties[moment]), name


def test_every_alarm_names_a_runbook_and_every_runbook_an_alarm(assembly: Assembly) -> None:
    named = {
        match[1]
        for alarm in alarms(assembly).values()
        if (
            match := re.search(r"Runbook: docs/runbooks/([a-z-]+)\.md$", alarm.properties["AlarmDescription"])
        )
    }

    assert len(named) > 10
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"README", "budget"} == named


def test_a_schedule_that_stops_is_noticed_within_a_quarter_of_an_hour_or_three_ticks(
    assembly: Assembly,
) -> None:
    found = alarms(assembly)
    for declared in FUNCTIONS:
        for trigger in declared.triggers:
            if isinstance(trigger, ScheduleTrigger):
                alarm = found[f"{declared.name}-silent"].properties
                assert alarm["TreatMissingData"] == "breaching"
                assert alarm["Period"] <= max(900, 3 * trigger.every)


def test_the_dashboard_shows_every_alarm(assembly: Assembly) -> None:
    dashboard = json.dumps(assembly.one("AWS::CloudWatch::Dashboard").properties["DashboardBody"])

    for alarm in alarms(assembly).values():
        assert alarm.logical_id in dashboard


def test_the_budget_counts_what_this_deployment_tags(assembly: Assembly) -> None:
    budget = assembly.one("AWS::Budgets::Budget").properties
    name = budget["Budget"]["BudgetName"]

    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": [f"user:deployment${name}"]}
    key = assembly.one("AWS::KMS::Key").properties["Tags"]
    assert {"Key": "deployment", "Value": name} in key
