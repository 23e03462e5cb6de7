"""Exporters: what runs computed as files and tables of other programs.

Each takes the outputs of one scenario or several, as `Outputs` or as the frames that they give. `docs/exporters.md` has the mappings. Names are
loaded when they are first used, and an optional library when it is needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sextant_client.exporters.climate_forecast import to_cf as to_cf
    from sextant_client.exporters.excel import to_excel as to_excel
    from sextant_client.exporters.iamc import IAMC_SOURCES as IAMC_SOURCES
    from sextant_client.exporters.iamc import to_iamc as to_iamc
    from sextant_client.exporters.package import to_folder as to_folder

_PLACES = {
    "IAMC_SOURCES": "iamc",
    "to_cf": "climate_forecast",
    "to_excel": "excel",
    "to_folder": "package",
    "to_iamc": "iamc",
}

__all__ = [*_PLACES]  # noqa: PLE0604 - names


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"sextant_client.exporters.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
