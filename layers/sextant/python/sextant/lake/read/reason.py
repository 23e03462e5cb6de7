"""Why a difference has no value. It stands apart from what reads the table, so that who only shows it needs no lake."""

from __future__ import annotations

from typing import Literal

Reason = Literal["not_in_run", "not_in_baseline", "undefined", "baseline_is_zero"]
"""Why a difference is null: the run or the baseline has no such row, or no value in it; or only the relative
difference is, as the baseline's value is zero."""
