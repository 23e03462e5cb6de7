"""What is watched: every alarm tells somebody, and says what to do."""

from __future__ import annotations

import json
import re

from functions.declaration import FUNCTIONS, QUEUES, ScheduleTrigger
from infra.bundling import ROOT
from sextant import observability
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
        "runs-failed",
        "commit-age",
        "outbox-lag",
        "outbox-failed",
        "database-capacity",
        "database-connections",
        "database-pinning",
        "database-circuit-opened",
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


def test_every_alarm_names_a_runbook_and_every_runbook_an_alarm(dev: Assembly, prod: Assembly) -> None:
    """With Kafka as the bus there is one more of each."""
    named = {
        match[1]
        for assembly in (dev, prod)
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


def test_what_is_looked_at_in_a_dead_letter_queue_still_counts(assembly: Assembly) -> None:
    """The sweep hides dead letters for seconds each minute, maybe just when SQS counts: one count is not enough."""
    found = alarms(assembly)
    for queue in QUEUES:
        alarm = found[f"{queue.name}-dlq"].properties
        assert (alarm["Period"], alarm["Statistic"]) == (300, "Maximum")


def test_a_topic_that_is_read_too_slowly_is_noticed(prod: Assembly, dev: Assembly) -> None:
    late = {name: one.properties for name, one in alarms(prod).items() if name.endswith("-topic-age")}

    assert set(late) == {"runs-topic-age", "events-topic-age", "webhooks-topic-age"}
    dimensions = {one["Name"]: one["Value"] for one in late["runs-topic-age"]["Dimensions"]}
    assert (dimensions["Topic"], dimensions["Consumer Group"]) == ("sextant-prod.runs", "sextant-prod.runs")
    assert not [name for name in alarms(dev) if name.endswith("-topic-age")]


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


def test_metrics_of_our_own_are_emitted_under_the_names_watched(assembly: Assembly) -> None:
    sources = "".join(
        path.read_text()
        for folder in ("functions", "layers/sextant/python/sextant")
        for path in (ROOT / folder).rglob("*.py")
    )
    counters = {
        observability.RUNS_FAILED,
        observability.RUNS_PUBLISHED,
        observability.DATABASE_CIRCUIT_OPENED,
    }
    for alarm in alarms(assembly).values():
        if alarm.properties.get("Namespace") == "Sextant":
            name = alarm.properties["MetricName"]
            constant = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
            assert f"counted({constant}" in sources if name in counters else f'"{name}"' in sources, name
            dimensions = {one["Name"]: one["Value"] for one in alarm.properties.get("Dimensions", [])}
            assert (dimensions == {}) == (name in counters or name == "Latency"), name
            assert dimensions == {} or dimensions["service"] in {one.name for one in FUNCTIONS}


def test_alarms_on_the_api_use_the_metrics_an_http_api_has(assembly: Assembly) -> None:
    assert alarms(assembly)["http-errors"].properties["MetricName"] == "5xx"


def test_latency_is_what_every_function_that_answers_logs_without_what_requests_asked_to_wait(
    assembly: Assembly,
) -> None:
    latency = alarms(assembly)["http-latency"].properties

    assert (latency["Namespace"], latency["MetricName"]) == ("Sextant", "Latency")
    assert "Dimensions" not in latency
    assert latency["ExtendedStatistic"] == "p99"
