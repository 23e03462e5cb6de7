"""`sextant export`: what runs computed, in the forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sextant_client import exporters
from sextant_client.cli.scenarios import values
from sextant_client.cli.session import Session
from sextant_client.problems import ConfigurationError

_FORMS = ("iamc", "excel", "netcdf", "csv", "parquet")
_OF_SUFFIX = {".xlsx": "excel", ".nc": "netcdf", ".csv": "iamc"}


def export(
    session: Session,
    runs: Annotated[list[str], typer.Argument(help="Ids of runs.", show_default=False)],
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="A file; with csv and parquet a folder.", show_default=False),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            help=f"{', '.join(_FORMS)}; without it what the name of the output says.", show_default=False
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="iamc: the region, which it must have.", show_default=False)
    ] = None,
    money: Annotated[str, typer.Option(help="iamc: the money of prices, such as EUR_2026.")] = "EUR",
    source: Annotated[
        list[str] | None,
        typer.Option(help="iamc: TECHNOLOGY=SOURCE, such as chp=Gas; may be repeated.", show_default=False),
    ] = None,
) -> None:
    """Write what runs computed for other programs: IAMC's long format, a workbook, netCDF with CF attributes, or a folder with a data package."""
    form = to or _form_of(output)
    if form not in _FORMS:
        raise typer.BadParameter(f"{form!r} is none of {', '.join(_FORMS)}", param_hint="--to")
    read = {run_id: session.client.runs.get(run_id) for run_id in runs}
    frames: dict[str, Any] = {}
    for run_id, run in read.items():
        name = session.client.api.get_scenario(run.scenario_id).data.name
        frames[name if name not in frames else f"{name} ({run_id})"] = run.outputs().to_pandas()
    if form == "iamc":
        _to_iamc(output, frames, region, money, source)
    elif form == "excel":
        assumptions = {
            name: session.client.api.get_scenario(run.scenario_id).data.to_dict().get("assumptions") or []
            for name, run in zip(frames, read.values(), strict=True)
        }
        exporters.to_excel(output, frames, assumptions=assumptions)
    elif form == "netcdf":
        _to_netcdf(output, frames)
    else:
        exporters.to_folder(
            output, frames, title=", ".join(frames), format="parquet" if form == "parquet" else "csv"
        )
    session.answer({"written": str(output), "scenarios": [*frames]}, lambda: f"{output}: {', '.join(frames)}")


def _form_of(output: Path) -> str:
    if output.suffix in _OF_SUFFIX:
        return _OF_SUFFIX[output.suffix]
    if not output.suffix:
        return "csv"
    raise ConfigurationError(f"say by --to what {output.name} is to be: {', '.join(_FORMS)}")


def _to_iamc(
    output: Path, frames: dict[str, Any], region: str | None, money: str, source: list[str] | None
) -> None:
    if region is None:
        raise ConfigurationError("IAMC's format has a region: say it by --region")
    frame = exporters.to_iamc(frames, region=region, sources=values(source) or None, money=money)
    frame.to_csv(output, index=False)


def _to_netcdf(output: Path, frames: dict[str, Any]) -> None:
    if len(frames) != 1:
        raise ConfigurationError("a netCDF file has one run: give one")
    ((title, frame),) = frames.items()
    exporters.to_cf(frame, title=title).to_netcdf(output)
