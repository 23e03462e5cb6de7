"""An example of each body, by operation. `tests/integration/api/test_examples.py` sends every one of them.

The ids in them stand for things of the reader's own.
"""

from __future__ import annotations

from typing import Any

_WORKFLOW = "0190b5a7-3c1e-7c44-9d2b-5f6f3a1c8e01"
_RUN, _OTHER_RUN = "0190b5a7-3c1e-7c44-9d2b-5f6f3a1c8e02", "0190b5a7-3c1e-7c44-9d2b-5f6f3a1c8e03"
_RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
_SCENARIO = {
    "name": "RPS sensitivity",
    "assumptions": [_RPS],
    "parameters": {"shock_bp": 25},
    "tags": ["demo", "sensitivity"],
}

_BASELINE: dict[str, Any] = {
    "name": "Two plants",
    "tables": {
        "units": {
            "csv": "name,technology,capacity_mw,fuel,heat_rate,variable_cost,emission_factor,renewable\n"
            "W1,wind,300,,,0,0,true\nG1,ccgt,400,gas,6.9,2,0.35,false\n"
        },
        "load": {"csv": "year,hour,weight,load_mw\n2026,1,8000,350\n2026,2,760,600\n"},
    },
    "currency": "EUR",
    "price_year": 2026,
}
BODIES: dict[str, Any] = {
    "create_scenario": _SCENARIO,
    "validate_scenario": _SCENARIO,
    "replace_scenario": _SCENARIO,
    "update_scenario": {"parameters": {"shock_bp": 50}},
    "fork_scenario": {"name": "RPS 80 %", "parameters": {"shock_bp": 0}},
    "restore_scenario": {"name": "RPS sensitivity, again"},
    "request_run": {"priority": "HIGH", "seed": 7},
    "request_runs": {"items": [{"seed": 1}, {"seed": 2}]},
    "cancel_runs": {"filter": {"priority": "LOW"}, "preview": True},
    "replay_runs": {"filter": {"states": ["FAILED"]}, "preview": True},
    "set_run_state": {"state": "FAILED", "reason": "stuck since Tuesday"},
    "create_baseline": _BASELINE,
    "validate_baseline": _BASELINE,
    "ingest_event": {
        "event_type": "import.failed",
        "workflow_id": _WORKFLOW,
        "occurred_at": "2026-11-21T08:00:00Z",
        "severity": "ERROR",
        "payload": {"error": {"code": "http_503", "message": "the exchange does not answer"}},
    },
    "move_incident": {"state": "IGNORED", "reason": "a test of the alarm"},
    "request_action": {
        "action_type": "WORKFLOW_PAUSE",
        "target": _WORKFLOW,
        "reason": "until the import works",
    },
    "complete_action": {"state": "SKIPPED", "note": "not needed any more"},
    "reverse_action": {"reason": "the import works again"},
    "set_kill_switch": {"scope": "WORKFLOW", "target": _WORKFLOW, "reason": "wrong prices at the exchange"},
    "lift_kill_switch": {"reason": "prices are right again"},
    "create_workflow": {"name": "prices", "description": "day-ahead prices, each noon", "max_retries": 5},
    "change_workflow": {"state": "PAUSED"},
    "create_vendor": {"name": "exchange", "failure_threshold": 3, "rate_per_minute": 60},
    "change_vendor": {"rate_per_minute": None},
    "create_tenant": {"tenant_id": "north", "name": "North Power"},
    "change_tenant": {"name": "North Power plc"},
    "put_setting": {"value": {"limit": 600, "window_seconds": 60}, "reason": "contract of January"},
    "invalidate_cache": {"reason": "a dashboard shows yesterday's values"},
    "replay_outbox": {"status": "FAILED", "reason": "the broker is back", "preview": True},
    "adjust_quota": {"max_events": 500, "reason": "a quieter week"},
    "reset_quota": {"reason": "the week is over"},
    "create_webhook": {
        "url": "https://example.com/hooks",
        "description": "Tells the board's dashboard",
        "event_types": ["run.succeeded", "run.failed"],
        "tags": ["board"],
    },
    "create_report": {
        "title": "What more renewables cost",
        "notes": "For the board in May.",
        "baseline": _RUN,
        "runs": [_OTHER_RUN],
        "years": "2026-2035",
    },
    "create_report_link": {"days": 30},
    "change_webhook": {"state": "PAUSED"},
    "resend_failed_deliveries": {"since": "2026-11-27T00:00:00Z", "preview": True},
}
