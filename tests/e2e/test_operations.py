"""The loop of operations on the whole local system: gateway, relay, queues, functions, SNS."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import demo_operations


def test_a_failing_vendor_is_noticed_decided_about_acted_on_and_recovered_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo_operations.main(tmp_path) == 0
    shown = capsys.readouterr().out
    for line in (
        "people were told: [Sextant] ERROR: run.failed: vendor_failed",
        "every run has succeeded; the incident of",
        "failures is RESOLVED, the breaker CLOSED",
        "vendor.breaker_opened",
        "ESCALATE                  SUCCEEDED",
        "BREAKER_OPEN              SUCCEEDED",
        "ACTIONED → RESOLVED",
    ):
        assert line in shown, line
