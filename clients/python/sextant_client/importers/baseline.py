"""A power system as Sextant's tables, ready to be uploaded, with the report of how it came to be."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sextant_client.importers.report import Report

if TYPE_CHECKING:
    from sextant_client import Sextant
    from sextant_client._generated import models

Rows = Sequence[Mapping[str, Any]]

UNITS = {
    "capacity_mw": "MW",
    "load_mw": "MW",
    "power_mw": "MW",
    "charge_mw": "MW",
    "inflow_mw": "MW",
    "energy_mwh": "MWh",
    "heat_rate": "GJ/MWh",
    "emission_factor": "t/MWh",
    "life_years": "years",
    "weight": "hours",
}
"""The units of the tables' columns that have one of their own; costs are in the baseline's currency."""
_COSTS = {"variable_cost": "{}/MWh", "fixed_cost": "{}/MW/year", "capex": "{}/MW", "carbon": "{}/t"}


@dataclass(frozen=True)
class ImportedBaseline:
    """The tables of a baseline (`units`, `load`, and where there are some `profiles`, `prices`, `storage`), each a list of rows.

    options: what goes beside the tables: `currency`, `price_year`, `value_of_lost_load`, …
    report: what was mapped, converted, left out and assumed
    """

    name: str
    tables: Mapping[str, Rows]
    options: Mapping[str, Any]
    report: Report

    def csv(self, table: str) -> str:
        """A table as CSV text, with the columns that any of its rows has."""
        rows = self.tables[table]
        text = io.StringIO()
        writer = csv.DictWriter(
            text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
        return text.getvalue()

    def as_upload(self) -> dict[str, Any]:
        """The arguments of `baselines.upload`, of either client: `await sextant.baselines.upload(**baseline.as_upload())`."""
        return {
            "name": self.name,
            "tables": {table: self.csv(table) for table in self.tables},
            **self.options,
        }

    def upload(self, sextant: Sextant, name: str | None = None) -> models.BaselineEnvelope:
        """Store it as a baseline, or as the next version of the one of this name; `meta.warnings` says what was assumed there.

        name: another name than the importer gave
        """
        given = self.as_upload()
        return sextant.baselines.upload(
            name or given.pop("name"), **{k: v for k, v in given.items() if k != "name"}
        )

    def save(self, folder: str | Path) -> Path:
        """Write the tables as CSV into a folder, with `datapackage.json` that describes them, and `report.txt`; the folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for table in self.tables:
            (place / f"{table}.csv").write_text(self.csv(table), encoding="utf-8")
        (place / "report.txt").write_text(f"{self.report}\n", encoding="utf-8")
        package = {
            "name": "".join(c if c.isalnum() or c in "-_." else "-" for c in self.name.lower()),
            "title": self.name,
            "profile": "tabular-data-package",
            "resources": [self._resource(table) for table in self.tables],
            "sextant": {"options": dict(self.options), "report": self.report.to_dict()},
        }
        (place / "datapackage.json").write_text(
            json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        return place

    def _resource(self, table: str) -> dict[str, Any]:
        rows = self.tables[table]
        currency = str(self.options.get("currency", "EUR"))
        fields = []
        for name in dict.fromkeys(name for row in rows for name in row):
            unit = UNITS.get(name) or _COSTS.get(name, "").format(currency)
            if not unit and table == "prices" and name not in ("year", "month"):
                unit = f"{currency}/GJ"
            kind = _kind([row[name] for row in rows if row.get(name) is not None])
            fields.append({"name": name, "type": kind, **({"unit": unit} if unit else {})})
        return {
            "name": table,
            "path": f"{table}.csv",
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "schema": {"fields": fields, "missingValues": [""]},
        }


def _cell(value: Any) -> Any:
    """A value as the API reads it: booleans in lower case, numbers with all their digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else value


def _kind(values: Sequence[Any]) -> str:
    """Table Schema's type of a column."""
    if values and all(isinstance(value, bool) for value in values):
        return "boolean"
    if values and all(isinstance(value, int) for value in values):
        return "integer"
    return "number" if values and all(isinstance(value, int | float) for value in values) else "string"
