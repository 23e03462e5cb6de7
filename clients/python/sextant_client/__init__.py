"""Sextant's client: what-if scenarios for power markets, from Python.

`Sextant` is the client, `AsyncSextant` the same for programs with an event loop. Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sextant_client import problems as problems
    from sextant_client._async.client import AsyncSextant as AsyncSextant
    from sextant_client._async.credentials import AsyncSignedIn as AsyncSignedIn
    from sextant_client._async.credentials import AsyncToken as AsyncToken
    from sextant_client._async.outputs import AsyncOutputs as AsyncOutputs
    from sextant_client._async.runs import AsyncRun as AsyncRun
    from sextant_client._async.scenarios import AsyncScenario as AsyncScenario
    from sextant_client._generated import models as models
    from sextant_client._sync.client import Sextant as Sextant
    from sextant_client._sync.credentials import SignedIn as SignedIn
    from sextant_client._sync.credentials import Token as Token
    from sextant_client._sync.outputs import Outputs as Outputs
    from sextant_client._sync.runs import Run as Run
    from sextant_client._sync.scenarios import Scenario as Scenario
    from sextant_client.comparison import Comparison as Comparison
    from sextant_client.files import File as File
    from sextant_client.problems import ProblemError as ProblemError
    from sextant_client.problems import SextantError as SextantError
    from sextant_client.settings import Settings as Settings
    from sextant_client.waiting import Retries as Retries

__version__ = "0.1.0"

_PLACES = {
    "Sextant": "_sync.client",
    "AsyncSextant": "_async.client",
    "Scenario": "_sync.scenarios",
    "AsyncScenario": "_async.scenarios",
    "Run": "_sync.runs",
    "AsyncRun": "_async.runs",
    "Outputs": "_sync.outputs",
    "AsyncOutputs": "_async.outputs",
    "SignedIn": "_sync.credentials",
    "AsyncSignedIn": "_async.credentials",
    "Token": "_sync.credentials",
    "AsyncToken": "_async.credentials",
    "Comparison": "comparison",
    "File": "files",
    "Retries": "waiting",
    "Settings": "settings",
    "ProblemError": "problems",
    "SextantError": "problems",
}
_MODULES = {"models": "_generated.models", "problems": "problems"}

__all__ = [*_PLACES, *_MODULES]  # noqa: PLE0604 - names


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"sextant_client.{_MODULES[name]}")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sextant_client.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
