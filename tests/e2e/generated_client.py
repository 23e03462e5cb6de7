# mypy: ignore-errors
"""The guide's story told with the client that openapi-python-client makes of the document, unedited.

Run by `test_generated_client.py` with the interpreter that has the client's libraries: SEXTANT_URL and SEXTANT_TOKEN say where.
"""

from __future__ import annotations

import csv
import os
import uuid

import httpx
from generated_client_of_sextant import AuthenticatedClient, models
from generated_client_of_sextant.api.models import get_model
from generated_client_of_sextant.api.outputs import (
    aggregate_outputs,
    compare_runs,
    get_latest_metrics,
    read_outputs,
)
from generated_client_of_sextant.api.runs import get_run, get_run_result, list_runs, request_run
from generated_client_of_sextant.api.scenarios import (
    create_scenario,
    diff_scenarios,
    get_scenario,
    update_scenario,
    validate_scenario,
)
from generated_client_of_sextant.api.tenants import get_me
from generated_client_of_sextant.models import RunState

URL, TOKEN = os.environ["SEXTANT_URL"], os.environ["SEXTANT_TOKEN"]
client = AuthenticatedClient(base_url=URL, token=TOKEN, timeout=httpx.Timeout(40))


def ended(run):
    """The run when it has ended, and each state it was seen in."""
    tag, seen = "", [run.state]
    while run.state in (RunState.QUEUED, RunState.RUNNING):
        answer = get_run.sync_detailed(
            run.id, client=client, wait=20, **{"if_none_match": tag} if tag else {}
        )
        if answer.status_code == 200:
            run, tag = answer.parsed.data, answer.headers["ETag"]
            seen.append(run.state)
    return run, seen


def refused(answer, status, code):
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, models.Problem), answer
    assert answer.parsed.code == code, answer.parsed
    return answer.parsed


# Who am I, and what is refused
assert get_me.sync(client=client).data.roles == ["analyst"]
stranger = AuthenticatedClient(base_url=URL, token="nobody.at.all")
answer = get_me.sync_detailed(client=stranger)
assert answer.status_code == 401
assert isinstance(answer.parsed, models.GatewayMessage | models.Problem), answer

# A scenario: what is wrong with it is told by path
rps = models.PolicyAssumption(
    "policy",
    models.PolicyPayload(policy_name=models.PolicyPayloadPolicyName.RPS, start_year=2030, target=0.6),
)
name = f"Generated {uuid.uuid4().hex[:8]}"
years = models.BuiltInParameters(start_year=2028, end_year=2032)
new = models.NewScenario(name, assumptions=[rps], parameters=years, tags=["generated"])
wrong = models.NewScenario(
    name, assumptions=[models.FuelCurveAssumption("fuel_curve", models.FuelCurvePayload("gass"))]
)
problem = refused(validate_scenario.sync_detailed(client=client, body=wrong), 422, "validation_failed")
assert problem.errors[0].path.startswith("assumptions[0].payload"), problem
scenario = create_scenario.sync(client=client, body=new, idempotency_key=str(uuid.uuid4())).data
assert scenario.assumptions == [rps]
assert scenario.parameters == years
assert scenario.status is models.ScenarioStatus.ACTIVE
taken = refused(create_scenario.sync_detailed(client=client, body=new), 409, "scenario_already_exists")
assert taken.existing_id == scenario.id

# A run, followed to its end
answer = request_run.sync_detailed(scenario.id, client=client, body=models.RunOptions(seed=7))
assert (answer.status_code, answer.headers["Location"].endswith(str(answer.parsed.data.id))) == (202, True)
run, seen = ended(answer.parsed.data)
assert run.state is RunState.SUCCEEDED, run.error
again = request_run.sync_detailed(scenario.id, client=client, body=models.RunOptions(seed=7))
assert (again.status_code, again.parsed.data.id, again.parsed.meta.existing) == (200, run.id, True)

# What came of it, and how sure it is
latest = {metric.metric: metric.value for metric in get_latest_metrics.sync(scenario.id, client=client).data}
result = get_run_result.sync(run.id, client=client).data
assert (result.model, result.seed, result.currency) == ("merit_order", 7, "EUR")
assert abs(sum(share.eur for share in result.attribution.shares) - result.attribution.change) < 0.01
assert latest["npv"]

# Which is better, and why
plain = models.NewScenario(f"{name}, without it", parameters=years)
reference = create_scenario.sync(client=client, body=plain).data
other, _ = ended(request_run.sync(reference.id, client=client, body=models.RunOptions(seed=7)).data)
compared = compare_runs.sync(
    client=client, runs=str(run.id), baseline=other.id, metric="renewable_share", years="2030-2032"
).data
assert [item.path for item in compared.runs[0].differences] == ["assumptions[0]"]
assert all(row.runs[0].delta > 0 for row in compared.rows)
missing = compare_runs.sync_detailed(client=client, runs=str(uuid.uuid4()), baseline=other.id)
refused(missing, 404, "run_not_found")

# The whole of it: pages, groups, a file
rows, cursor = [], {}
while True:
    page = read_outputs.sync(scenario.id, client=client, runs=str(run.id), limit=1000, **cursor)
    rows += page.data
    if not page.meta.next_cursor:
        break
    cursor = {"cursor": page.meta.next_cursor}
assert len(rows) == run.output_rows
assert isinstance(rows[0].value, float)
(group,) = aggregate_outputs.sync(scenario.id, client=client, metric="renewable_share").data
assert group.count == 5
# A file is no JSON: the client's own connection reads it.
file = client.get_httpx_client().get(f"/v1/scenarios/{scenario.id}/outputs", params={"format": "csv"})
assert len(list(csv.reader(file.text.splitlines()))) == 1 + run.output_rows

# What did I change: one author's change is not overwritten by another's
tag = get_scenario.sync_detailed(scenario.id, client=client).headers["ETag"]
cheaper = models.ChangedScenario(parameters=models.InheritedParameters(shock_bp=-50.0))
changed = update_scenario.sync(scenario.id, client=client, body=cheaper, if_match=tag).data
assert (changed.version, changed.parameters.shock_bp, changed.parameters.end_year) == (2, -50.0, 2032)
late = update_scenario.sync_detailed(scenario.id, client=client, body=cheaper, if_match=tag)
refused(late, 412, "version_conflict")
(difference,) = diff_scenarios.sync(scenario.id, client=client, from_version=1, to_version=2).data
assert (difference.path, difference.after) == ("parameters.shock_bp", -50.0)

# Many at once, and the list of all
sweep = models.RunOptionsSweepType0.from_dict({"discount_rate": [0.05, 0.07]})
swept, _ = ended(request_run.sync(scenario.id, client=client, body=models.RunOptions(sweep=sweep)).data)
assert (swept.state, swept.parts) == (RunState.SUCCEEDED, 2), swept.error
assert {item.id for item in list_runs.sync(client=client).data} == {run.id, other.id, swept.id}

# A form could be made of this
contract = get_model.sync("merit_order", client=client).data
assert contract.parameters["properties"]["discount_rate"]["x-unit"] == "1/year"
