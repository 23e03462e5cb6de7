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
        "2. It is noticed. All failures are one incident, ERROR",
        "People were told by SNS: [Sextant] ERROR: run.failed: vendor_failed",
        "All 4 runs have succeeded. The incident of",
        "failures is RESOLVED, the breaker CLOSED",
        "vendor.breaker_opened",
        "ESCALATE                  SUCCEEDED  people were told",
        "BREAKER_OPEN              SUCCEEDED  the breaker is OPEN",
        "for the vendor breaker)",
        "ACTIONED → RESOLVED",
    ):
        assert line in shown, line
