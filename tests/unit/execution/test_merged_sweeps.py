"""What is said of a whole sweep holds for each of its points."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from sextant.engine import SimulationRequest, reference_system
from sextant.execution import parts

REQUEST = SimulationRequest(
    [], reference_system(), {"start_year": 2030, "end_year": 2030, "attribution": False}
)


def part(shock: int, gap: float, *warnings: str) -> bytes:
    """A point's part whose model said so much of itself."""
    stored = parts.compute(REQUEST, {"kind": "point", "parameters": {"shock_bp": shock}})
    archive = np.load(io.BytesIO(stored), allow_pickle=False)
    arrays = {name: archive[name] for name in archive.files}
    notes: dict[str, Any] = json.loads(str(arrays["notes"]))
    notes["metadata"] |= {
        "certificate": {"largest_gap": gap},
        "warnings": [{"path": "x", "message": text} for text in warnings],
    }
    sink = io.BytesIO()
    np.savez_compressed(sink, **{**arrays, "notes": np.array(json.dumps(notes))})
    return sink.getvalue()


def test_the_gap_is_the_largest_and_the_warnings_are_those_of_any_point() -> None:
    merged = parts.merge(REQUEST, [part(0, 0.0, "both"), part(500, 1e-4, "both", "second")])

    assert merged.metadata["certificate"] == {"largest_gap": 1e-4}
    assert [warning["message"] for warning in merged.metadata["warnings"]] == ["both", "second"]


def test_what_was_swept_is_no_parameter_of_the_whole() -> None:
    merged = parts.merge(REQUEST, [part(0, 0.0), part(500, 0.0)])

    assert "shock_bp" not in merged.metadata["parameters"]
    assert merged.metadata["parameters"]["years"] == [2030]
    assert merged.metadata["sweep"] == [{"shock_bp": 0}, {"shock_bp": 500}]
