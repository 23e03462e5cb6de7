"""What a tenant has before a page is looked at: three scenarios with results, a sweep, bands, and an incident."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.webhooks.consumer import consuming
from tests.waiting import until
from tools.environment import ROOT


@dataclass(frozen=True)
class Shown:
    """The ids of what stands there."""

    scenarios: list[str]
    runs: list[str]
    sweep: str = ""
    uncertain: str = ""
    hourly: str = ""
    incident: str = ""
    webhook: str = ""
    delivery: str = ""
    report: str = ""


def data(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()["data"]


def three_results(client: httpx.Client) -> Shown:
    """The scenarios that the first steps make, each with a result."""
    examples = json.loads((ROOT / "examples" / "first_scenarios.json").read_text())
    scenarios = [data(client.post("/v1/scenarios", json=example["body"]))["id"] for example in examples]
    runs = [data(client.post(f"/v1/scenarios/{one}/run", json={}))["id"] for one in scenarios]
    for run in runs:
        succeeded(client, run)
    return Shown(scenarios, runs)


def everything(client: httpx.Client) -> Shown:
    """What there is a page for."""
    shown = three_results(client)
    sweep = {"sweep": {"discount_rate": [0.04, 0.06, 0.08, 0.1], "shock_bp": [-500, 0, 500, 1000]}}
    swept = data(client.post(f"/v1/scenarios/{shown.scenarios[0]}/run", json=sweep))["id"]
    uncertain = data(client.post("/v1/scenarios", json=_UNCERTAIN))["id"]
    bands = data(client.post(f"/v1/scenarios/{uncertain}/run", json={"seed": 7}))["id"]
    hours = {"parameters": {"hourly": "price,generation", "end_year": 2028}}
    hourly = data(client.post(f"/v1/scenarios/{shown.scenarios[0]}/run", json=hours))["id"]
    with consuming() as consumer:
        webhook = data(client.post("/v1/webhooks", json={"url": consumer.url, **_TOLD}))["id"]
        incident = incident_of(client)
        delivery = delivered(client, webhook)
    for run in (swept, bands, hourly):
        succeeded(client, run)
    report = data(
        client.post("/v1/reports", json={**_REPORT, "baseline": shown.runs[0], "runs": shown.runs[1:]})
    )
    data(client.post(f"/v1/reports/{report['id']}/links", json={"days": 7}))
    return Shown(shown.scenarios, shown.runs, swept, bands, hourly, incident, webhook, delivery, report["id"])


def delivered(client: httpx.Client, webhook: str) -> str:
    """The id of a delivery to the webhook, once it has arrived."""

    def first() -> str:
        deliveries = data(client.get(f"/v1/webhooks/{webhook}/deliveries", params={"state": "DELIVERED"}))
        return deliveries[0]["id"] if deliveries else ""

    return until(first, within=60)


def succeeded(client: httpx.Client, run: str) -> Mapping[str, Any]:
    def ended() -> Mapping[str, Any] | None:
        read: Mapping[str, Any] = data(client.get(f"/v1/runs/{run}", params={"wait": 10}))
        return read if read["state"] not in ("QUEUED", "RUNNING") else None

    state = until(ended, within=120)
    assert state["state"] == "SUCCEEDED", state["error"]
    return state


_REPORT = {
    "title": "What more renewables cost",
    "notes": "The price falls further than the cost rises.\n\nTo be decided: which of the two targets we plan with.",
}
_TOLD = {"description": "The desk's pager", "event_types": ["incident.opened"]}
_UNCERTAIN = {
    "name": "Uncertain demand and gas",
    "description": "How far demand and the gas price move the result.",
    "assumptions": [
        {
            "driver_type": "stochastic",
            "payload": {"quantity": "LOAD", "distribution": "NORMAL", "mean": 1, "std": 0.03},
        },
        {
            "driver_type": "stochastic",
            "payload": {
                "quantity": "FUEL_PRICE",
                "fuel": "gas",
                "distribution": "LOGNORMAL",
                "mean": 1.1,
                "std": 0.2,
                "variation": "AUTOREGRESSIVE",
                "persistence": 0.7,
            },
        },
    ],
    "parameters": {"draws": 60, "keep_draws": "npv", "percentiles": "10,25,75,90"},
    "tags": ["monte-carlo"],
}


def incident_of(client: httpx.Client) -> str:
    """An event of a vendor that failed, and the incident that it opens."""
    workflow = data(client.post("/v1/workflows", json={"name": "Day-ahead import"}))["id"]
    vendor = data(
        client.post("/v1/vendors", json={"name": "Exchange", "description": "Delivers prices every day"})
    )
    event = {
        "workflow_id": workflow,
        "vendor_id": vendor["id"],
        "event_type": "import.failed",
        "severity": "ERROR",
        "occurred_at": "2026-01-01T06:00:00Z",
        "payload": {"error": {"code": "TIMEOUT", "message": "the exchange did not answer within 30 s"}},
    }
    return str(data(client.post("/v1/events", json=event))["incident_id"])
