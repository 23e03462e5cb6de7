"""Why a worker stops in the middle of a run. None of these reaches a caller of the API."""

from __future__ import annotations


class RunLostError(Exception):
    """The run is no longer this worker's: it was cancelled, timed out, or given to another."""


class RunTimeoutError(Exception):
    """The run used up its time."""


class FunctionDeadlineError(Exception):
    """The function is about to be ended; another attempt may be luckier."""
