"""Prints, as JSON, what parliament and policy_sentry find in the policies on standard input; run by their own Python.

In: `{name: policy document}`. Out: a list of `[name, finding, where]`.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any


def findings(name: str, document: dict[str, Any]) -> list[list[str]]:
    parliament: Any = importlib.import_module("parliament")
    analyze: Any = importlib.import_module("policy_sentry.analysis.analyze")
    found = [
        [name, finding.issue, json.dumps(finding.detail, default=str)]
        for finding in parliament.analyze_policy_string(json.dumps(document)).findings
    ]
    allowed = {**document, "Statement": [one for one in document["Statement"] if one["Effect"] == "Allow"]}
    managing = analyze.analyze_by_access_level(allowed, "Permissions management")
    return found + [[name, "PERMISSIONS_MANAGEMENT", action] for action in managing]


if __name__ == "__main__":
    given: dict[str, dict[str, Any]] = json.load(sys.stdin)
    json.dump([each for name, document in given.items() for each in findings(name, document)], sys.stdout)
