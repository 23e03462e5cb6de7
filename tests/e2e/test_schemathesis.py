"""Every documented operation, fuzzed on the running system: no server error, nothing that the document does not say.

The requests are made from the OpenAPI document by schemathesis, with a fixed seed: those that fit its schemas and
those that break them, with ids of things that exist and of things that don't.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.running import RunningSystem, running
from local.state import forget
from tests.waiting import until

DOCUMENT = json.loads((Path(__file__).parents[2] / "functions/api/openapi.json").read_text(encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok))
}
TOLD = {"etag", "location", "retry-after", "content-disposition", "idempotency-replayed"}
"""What a client acts on. No answer carries one that the document does not promise."""


def headers_are_documented(
    context: Any, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    responses = case.operation.definition.raw["responses"]
    answer = responses.get(str(response.status_code), {})
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    documented = {name.lower() for name in answer.get("headers", {})}
    assert TOLD.intersection(response.headers) <= documented, (response.status_code, response.headers)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    headers_are_documented,
]
# The good go far into the system, the bad are told apart early.
EXAMPLES = {GenerationMode.POSITIVE: 12, GenerationMode.NEGATIVE: 6}
# What takes neither credentials nor anything else cannot be asked wrongly.
CASES = [
    (mode, name)
    for mode in EXAMPLES
    for name, operation in sorted(OPERATIONS.items())
    if mode is GenerationMode.POSITIVE or operation.definition.raw["security"]
]
MOST_URL = 8_000
"""A gateway takes no longer request line than 10,240 bytes, and answers that by itself."""


@dataclass(frozen=True)
class Known:
    """A tenant of the operation's own, so that what is done to its settings and switches harms no other."""

    token: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A system of its own: among the operations are those that rule over all tenants."""
    directory = tmp_path_factory.mktemp("fuzzed")
    with running(directory, environment={"POWERTOOLS_LOG_LEVEL": "ERROR"}) as started:
        yield started
    forget(directory, keep_logs=True)


@pytest.fixture(scope="module")
def compared(fuzzed: RunningSystem) -> dict[str, Any]:
    """The body that freezes a comparison of two runs of the tenant `reports`."""
    with fuzzed.client("reports", "admin") as client:
        made = client.post("/v1/scenarios", json={"name": "compared", "parameters": {"end_year": 2026}})
        path = f"/v1/scenarios/{made.json()['data']['id']}/run"
        runs = [client.post(path, json={"seed": seed}).json()["data"]["id"] for seed in (1, 2)]

        def succeeded() -> bool:
            answers = [client.get(f"/v1/runs/{run}", params={"wait": 5}) for run in runs]
            return all(answer.json()["data"]["state"] == "SUCCEEDED" for answer in answers)

        until(succeeded, within=120)
    return {"title": "Compared", "baseline": runs[0], "runs": [runs[1]]}


@pytest.fixture
def known(fuzzed: RunningSystem, operation: str, request: pytest.FixtureRequest) -> Known:
    """Who asks, and the ids of what they have."""
    if "{report_id}" in operation:
        with fuzzed.client("reports", "admin") as client:
            answer = client.post("/v1/reports", json=request.getfixturevalue("compared"))
            report = answer.json()["data"]["id"]
            link = client.post(f"/v1/reports/{report}/links", json={}).json()["data"]["id"]
        return Known(fuzzed.token("reports", "admin"), {"report_id": report, "link_id": link})
    permission = OPERATIONS[operation].definition.raw.get("x-required-permission", "")
    role = "super_admin" if permission == "tenants:manage" else "admin"
    tenant = f"t-{uuid4().hex[:12]}"
    with fuzzed.client(tenant, role) as client:

        def made(path: str, body: dict[str, Any]) -> str:
            answer = client.post(path, json=body)
            assert answer.status_code in (200, 201, 202), answer.text
            return str(answer.json()["data"]["id"])

        scenario = made("/v1/scenarios", {"name": "fuzzed", "parameters": {"end_year": 2026}})
        run = made(f"/v1/scenarios/{scenario}/run", {"timeout_minutes": 1})
        ids = {
            "scenario_id": scenario,
            "run_id": run,
            "version": "1",
            "kind": "flag",
            "name": "outputs",
            "tenant_id": tenant,
            "code": "not_found",
            "asset": "swagger-ui.min.css",
        }
        if "{webhook_id}" in operation:
            ids["webhook_id"] = made("/v1/webhooks", {"url": "http://127.0.0.1:1024/"})
            ids["delivery_id"] = made(f"/v1/webhooks/{ids['webhook_id']}/test", {})
    return Known(fuzzed.token(tenant, role), ids)


def test_every_operation_of_the_document_is_here() -> None:
    documented = {
        f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods
    }
    assert OPERATIONS.keys() == documented
    assert len(documented) > 60


@pytest.mark.parametrize(("mode", "operation"), CASES, ids=[f"{m.name.lower()} {o}" for m, o in CASES])
def test_an_operation_answers_as_documented(
    fuzzed: RunningSystem, operation: str, known: Known, mode: GenerationMode
) -> None:
    @given(case=OPERATIONS[operation].as_strategy(generation_mode=mode), exists=st.booleans())
    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: schemathesis.Case[Any], exists: bool) -> None:
        if exists:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = known.ids.get(name, case.path_parameters[name])
        assume(
            len(case.as_transport_kwargs(base_url=fuzzed.url)["url"]) + len(urlencode(case.query or {}))
            < MOST_URL
        )
        headers = {"Authorization": f"Bearer {known.token}"}
        response = case.call(base_url=fuzzed.url, headers=headers, timeout=40)
        case.validate_response(response, checks=CHECKS)

    answers()
