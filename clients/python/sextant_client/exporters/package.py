"""Outputs as files in a folder with `datapackage.json` beside them (Frictionless Data Package 1), so that others know what they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

_TEXTS = {
    "metric": "What the value is of",
    "asof_date": "First day of the period that the value stands for",
    "run_id": "The run that computed it",
    "scenario_id": "Its scenario",
    "value": "The value, in `unit`",
    "unit": "Unit of the value and of the band",
    "band_lower": "5th percentile of a random run, in `unit`",
    "band_upper": "95th percentile of a random run, in `unit`",
}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def to_folder(
    folder: str | Path,
    scenarios: Mapping[str, pd.DataFrame],
    *,
    title: str,
    format: Literal["csv", "parquet"] = "csv",
) -> Path:
    """Write each scenario's outputs as a file into a folder, and describe them in `datapackage.json`; the folder.

    scenarios: name → its outputs as `outputs.to_pandas()` gives them
    title: of the package
    format: `csv`, or `parquet` (needs pyarrow)
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    resources: list[dict[str, Any]] = []
    for name, frame in scenarios.items():
        stem = _slug(name)
        if any(resource["name"] == stem for resource in resources):
            raise ValueError(f"scenario {name!r}: another one would be written to {stem}.{format} too")
        file = place / f"{stem}.{format}"
        if format == "csv":
            frame.to_csv(file, index=False, date_format="%Y-%m-%d")
        else:
            frame.to_parquet(file, index=False)
        resources.append(
            {
                "name": stem,
                "title": name,
                "path": file.name,
                "format": format,
                "mediatype": _MEDIA[format],
                "bytes": file.stat().st_size,
                **({"encoding": "utf-8", "profile": "tabular-data-resource"} if format == "csv" else {}),
                "schema": {"fields": [_field(column, frame) for column in frame.columns]},
            }
        )
    package = {"name": _slug(title), "title": title, "profile": "data-package", "resources": resources}
    (place / "datapackage.json").write_text(
        json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return place


def _field(column: str, frame: pd.DataFrame) -> dict[str, str]:
    kind = {"f": "number", "i": "integer", "u": "integer", "b": "boolean", "M": "date"}.get(
        frame[column].dtype.kind, "string"
    )
    return {"name": column, "type": kind, "description": _TEXTS.get(column, f"The tag `{column}`")}


def _slug(text: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split()) or "outputs"
