"""An example of each body, by operation; tests send them."""

from __future__ import annotations

from typing import Any

_RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
_SCENARIO = {
    "name": "RPS sensitivity",
    "assumptions": [_RPS],
    "parameters": {"shock_bp": 25},
    "tags": ["demo", "sensitivity"],
}

BODIES: dict[str, Any] = {
    "create_scenario": _SCENARIO,
    "validate_scenario": _SCENARIO,
    "replace_scenario": _SCENARIO,
    "update_scenario": {"parameters": {"shock_bp": 50}},
    "fork_scenario": {"name": "RPS 80 %", "parameters": {"shock_bp": 0}},
    "request_run": {"priority": "HIGH", "seed": 7},
    "request_runs": {"items": [{"seed": 1}, {"seed": 2}]},
    "cancel_runs": {"filter": {"priority": "LOW"}, "preview": True},
    "replay_runs": {"filter": {"states": ["FAILED"]}, "preview": True},
    "set_run_state": {"state": "FAILED", "reason": "stuck since Tuesday"},
    "put_setting": {"value": {"limit": 600, "window_seconds": 60}, "reason": "contract of January"},
}
