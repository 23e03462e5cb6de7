"""Runs: ask for them, follow them, read what they computed, compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from sextant_client._sync.runs import Run
from sextant_client.cli import charts
from sextant_client.cli.scenarios import Parameter, Scenario, _first, value_of, values
from sextant_client.cli.session import Session, command
from sextant_client.numbers import scale_of

RunId = Annotated[str, typer.Argument(help="A run's id.", show_default=False)]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow it to its end; fail where it fails.")]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", help="Seconds after which watching ends; the run goes on.", show_default=False),
]
_HEAD = ["ID", "STATE", "PROGRESS", "SCENARIO", "SEED", "CREATED", "BY"]


def add_to(app: typer.Typer) -> None:
    """Add the commands of runs to the root."""
    command(app, "run")(run)
    command(app, "sweep")(sweep)
    command(app, "runs")(runs)
    command(app, "status")(status)
    command(app, "cancel")(cancel)
    command(app, "outputs")(outputs)
    command(app, "compare")(compare)


def run(
    session: Session,
    scenario: Scenario,
    *,
    seed: Annotated[int | None, typer.Option(help="Of the draws.", show_default=False)] = None,
    parameter: Parameter = None,
    priority: Annotated[
        str | None, typer.Option(help="LOW, NORMAL, HIGH or CRITICAL.", show_default=False)
    ] = None,
    watch: Watch = False,
    timeout: Timeout = None,
) -> None:
    """Run a scenario. With --watch a bar on standard error follows it, and the result's figures are shown at the end."""
    stored = session.client.scenarios.get(scenario)
    requested = stored.run(seed=seed, parameters=values(parameter) or None, priority=priority)  # type: ignore[arg-type]
    _followed(session, requested, watch=watch, timeout=timeout, metrics=("npv", "system_cost_npv"))


def sweep(
    session: Session,
    scenario: Scenario,
    *,
    over: Annotated[
        list[str],
        typer.Option("--over", "-o", help="NAME=VALUE,VALUE…; may be repeated.", show_default=False),
    ],
    seed: Annotated[int | None, typer.Option(help="Of the draws.", show_default=False)] = None,
    metric: Annotated[str, typer.Option(help="What is shown of each point.")] = "npv",
    watch: Watch = False,
    timeout: Timeout = None,
) -> None:
    """Run a scenario over every combination of some parameters' values."""
    grid = {}
    for each in over:
        name, equals, listed = each.partition("=")
        if not equals:
            raise typer.BadParameter(f"{each!r} is not NAME=VALUE,VALUE…")
        grid[name] = [value_of(value) for value in listed.split(",")]
    requested = session.client.scenarios.get(scenario).run(seed=seed, sweep=grid)
    _followed(session, requested, watch=watch, timeout=timeout, metrics=(metric,))


def runs(
    session: Session,
    *,
    state: Annotated[str | None, typer.Option(help="Such as RUNNING or FAILED.", show_default=False)] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario's name or id.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 20,
) -> None:
    """List runs, the newest first."""
    scenario_id = None if scenario is None else session.client.scenarios.get(scenario).id
    listed = _first(session.client.runs.list(state=state, scenario_id=scenario_id), limit)
    session.answer(
        [each.body for each in listed],
        lambda: session.table(
            _HEAD,
            (
                (
                    each.id,
                    each.state,
                    f"{each.progress} %",
                    each.body.scenario_name,
                    each.body.seed,
                    each.body.created_at,
                    each.body.created_by,
                )
                for each in listed
            ),
            right=["PROGRESS", "SEED"],
        ),
    )


def status(session: Session, run_id: RunId, *, watch: Watch = False, timeout: Timeout = None) -> None:
    """Show a run; with --watch follow it to its end."""
    _followed(session, session.client.runs.get(run_id), watch=watch, timeout=timeout, metrics=("npv",))


def cancel(session: Session, run_id: RunId) -> None:
    """Stop a run."""
    stopped = session.client.runs.get(run_id).cancel()
    session.answer(stopped.body, lambda: f"{stopped.id} {stopped.state}")


def outputs(
    session: Session,
    run_id: RunId,
    *,
    metric: Annotated[
        str | None, typer.Option("--metric", "-m", help="Such as price.", show_default=False)
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", "-t", help="NAME=VALUE, such as technology=solar.", show_default=False),
    ] = None,
    hourly: Annotated[bool, typer.Option(help="The hourly results.")] = False,
    format: Annotated[
        str | None,
        typer.Option("--format", help="csv, parquet or arrow instead of a table.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file instead of standard output.", show_default=False),
    ] = None,
    chart: Annotated[bool, typer.Option(help="A chart of one metric.")] = False,
) -> None:
    """Read what a run computed: as a table, a chart, JSON or a file."""
    reading = session.client.runs.get(run_id).outputs(
        metric=metric, tags=values(tag), resolution="hour" if hourly else None
    )
    if format or output:
        file = reading.file(format or (output.suffix.lstrip(".") if output else "csv"))  # type: ignore[arg-type]
        if output:
            session.say(f"{file.save(output)}: {len(file.content):,} bytes")
        else:
            for part in file.parts:
                sys.stdout.buffer.write(part.content)
        return
    rows = list(reading.rows())
    session.answer(rows, lambda: _chart(rows) if chart else _rows(session, rows))


def compare(
    session: Session,
    baseline: Annotated[
        str, typer.Argument(help="The run that the others are compared with.", show_default=False)
    ],
    runs: Annotated[list[str], typer.Argument(help="Up to 20 runs.", show_default=False)],
    *,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", "-m", help="May be repeated.", show_default=False)
    ] = None,
    technology: Annotated[
        str | None, typer.Option(help="One, or several with commas.", show_default=False)
    ] = None,
    years: Annotated[str | None, typer.Option(help="Such as 2030-2032.", show_default=False)] = None,
    chart: Annotated[bool, typer.Option(help="A chart of each metric above the table.")] = True,
) -> None:
    """Put runs beside a baseline run: values, differences, relative differences."""
    metrics = metric or ["npv", "system_cost_npv", "price"]
    answer = session.client.compare(
        *runs, baseline=baseline, metric=metrics, technology=technology, years=years
    )
    records = answer.records()

    def text() -> Any:
        table = session.table(
            ["METRIC", "YEAR", "OF", "UNIT", "SCENARIO", "BASELINE", "VALUE", "DELTA", "RELATIVE"],
            (_compared(record) for record in records),
            right=["BASELINE", "VALUE", "DELTA", "RELATIVE"],
        )
        if not chart or not records:
            return table
        drawn: list[Any] = []
        for each in dict.fromkeys(record["metric"] for record in records):
            drawn += [each, charts.compared(records, each), ""]
        return Group(*drawn, table)

    session.answer(answer.body, text)


def _followed(
    session: Session, requested: Run, *, watch: bool, timeout: float | None, metrics: tuple[str, ...]
) -> None:
    """Follow a run where that is asked for, and answer with it."""
    if not watch:
        session.answer(requested.body, lambda: f"{requested.id} {requested.state}")
        return
    try:
        requested.wait(progress=True, timeout=timeout)
    finally:
        if session.as_json or requested.state != "SUCCEEDED":
            session.answer(requested.body, lambda: f"{requested.id} {requested.state}")
    if not session.as_json:
        rows = [row for metric in metrics for row in requested.outputs(metric=metric).rows()]
        session.out.print(_rows(session, rows))


def _rows(session: Session, rows: list[Any]) -> Any:
    banded = any(row.band_lower is not None for row in rows)
    head = ["METRIC", "DATE", "OF", "VALUE", "UNIT", *(["P5", "P95"] if banded else [])]
    lines = []
    for row in rows:
        scale = scale_of(row.unit, row.value or 0)
        bands = [scale.text(row.band_lower), scale.text(row.band_upper)] if banded else []
        lines.append([row.metric, row.asof_date, _of(row.tags), scale.text(row.value), scale.unit, *bands])
    return session.table(head, lines, right=["VALUE", "P5", "P95"])


def _chart(rows: list[Any]) -> Any:
    metrics = {row.metric for row in rows}
    if len(metrics) != 1:
        raise ValueError(
            f"a chart is of one metric; these are {', '.join(sorted(metrics)) or 'none'}: use --metric"
        )
    groups: dict[str, list[tuple[str, float | None]]] = {}
    for row in rows:
        groups.setdefault(str(row.asof_date)[:4], []).append((_of(row.tags) or row.metric, row.value))
    return charts.bars(groups, rows[0].unit)


def _compared(record: dict[str, Any]) -> list[str]:
    known = {"metric", "year", "unit", "scenario", "run_id", "value", "baseline", "delta", "relative"}
    scale = scale_of(record["unit"], max(abs(record["value"] or 0), abs(record["baseline"] or 0)))
    relative = record["relative"]
    return [
        record["metric"],
        str(record["year"]),
        " ".join(str(value) for name, value in record.items() if name not in known and value is not None),
        scale.unit,
        record["scenario"],
        scale.text(record["baseline"]),
        scale.text(record["value"]),
        scale.text(record["delta"], signed=True),
        "–" if relative is None else f"{relative:+.1%}",
    ]


def _of(tags: dict[str, str]) -> str:
    return " ".join(value if name == "technology" else f"{name}={value}" for name, value in tags.items())
