"""Importers: other programs' power systems as baselines of Sextant, each with a report of what became of what.

Each gives an `ImportedBaseline`: its tables, its options, and a `Report`. `docs/importers.md` has the mappings. Names are loaded when
they are first used, and an optional library when it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sextant_client.importers.baseline import ImportedBaseline as ImportedBaseline
    from sextant_client.importers.matpower import from_matpower as from_matpower
    from sextant_client.importers.plain_csv import from_csv as from_csv
    from sextant_client.importers.pypsa import from_pypsa as from_pypsa
    from sextant_client.importers.report import ImportRefusedError as ImportRefusedError
    from sextant_client.importers.report import Report as Report
    from sextant_client.importers.rts_gmlc import from_rts_gmlc as from_rts_gmlc

_PLACES = {
    "ImportedBaseline": "baseline",
    "ImportRefusedError": "report",
    "Report": "report",
    "from_csv": "plain_csv",
    "from_matpower": "matpower",
    "from_pypsa": "pypsa",
    "from_rts_gmlc": "rts_gmlc",
}

__all__ = [*_PLACES]  # noqa: PLE0604 - names


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sextant_client.importers.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
