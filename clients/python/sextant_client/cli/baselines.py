"""`sextant baseline …` and `sextant import …`: the market that scenarios change."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from sextant_client.cli.scenarios import values
from sextant_client.cli.session import Session, command
from sextant_client.problems import ConfigurationError

app = typer.Typer(no_args_is_help=True, help="Baselines: upload, list, show, delete.")
_TABLES = ("units", "load", "profiles", "prices", "storage")
_IMPORTERS = {
    "pypsa": "from_pypsa",
    "rts-gmlc": "from_rts_gmlc",
    "matpower": "from_matpower",
    "csv": "from_csv",
}

Name = Annotated[
    str, typer.Argument(help="A baseline's name or id; `reference` is the built-in one.", show_default=False)
]
Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option", "-o", help="NAME=VALUE, such as currency=EUR; may be repeated.", show_default=False
    ),
]


@command(app, "upload")
def upload(
    session: Session,
    name: Annotated[
        str, typer.Argument(help="Its name; one that exists gets its next version.", show_default=False)
    ],
    folder: Annotated[
        Path,
        typer.Argument(
            help="With units.csv, load.csv … (or .parquet).", exists=True, file_okay=False, show_default=False
        ),
    ],
    *,
    option: Option = None,
) -> None:
    """Store the tables of a folder as a baseline. What breaks a rule is told by table and row, and nothing is stored."""
    _told(session, session.client.baselines.upload(name, _tables(folder), **values(option)))


@command(app, "check")
def check(
    session: Session,
    name: Annotated[str, typer.Argument(help="The name it would have.", show_default=False)],
    folder: Annotated[
        Path,
        typer.Argument(
            help="With units.csv, load.csv … (or .parquet).", exists=True, file_okay=False, show_default=False
        ),
    ],
    *,
    option: Option = None,
) -> None:
    """Check the tables of a folder as `upload` would, and store no baseline."""
    checked = session.client.baselines.check(name, _tables(folder), **values(option))
    _warned(session, checked)
    data = checked.data
    state = "is stored already" if data.unchanged else "would be stored"
    session.answer(
        data,
        lambda: session.fields(
            {"baseline": f"{data.name} version {data.version} {state}", **data.summary, "digest": data.digest}
        ),
    )


def _tables(folder: Path) -> dict[str, str | bytes | Path]:
    tables: dict[str, str | bytes | Path] = {}
    for table in _TABLES:
        for file in (folder / f"{table}.csv", folder / f"{table}.parquet"):
            if file.exists():
                tables[table] = file
    if not {"units", "load"} <= tables.keys():
        raise ValueError(
            f"{folder} must have the tables units and load, as .csv or .parquet; it has {', '.join(tables) or 'none'}"
        )
    return tables


@command(app, "list")
def list_baselines(session: Session) -> None:
    """List baselines, the newest first."""
    stored = list(session.client.baselines.list())
    session.answer(
        stored,
        lambda: session.table(
            ["ID", "NAME", "VERSION", "CREATED", "BY"],
            ((each.id, each.name, each.version, each.created_at, each.created_by) for each in stored),
            right=["VERSION"],
        ),
    )


@command(app, "show")
def show(session: Session, name: Name) -> None:
    """Show a baseline: what it was made of, and what a scenario on it may name."""
    body = session.client.baselines.get(_id(session, name))

    def text() -> Any:
        vocabulary = body.vocabulary.to_dict()
        shown = {key: _short(value) for key, value in vocabulary.items()}
        return session.fields({"name": body.name, "version": body.version, "digest": body.digest, **shown})

    session.answer(body, text)


@command(app, "delete")
def delete(session: Session, name: Name) -> None:
    """Delete a baseline; runs that pinned it compute on."""
    session.client.baselines.delete(_id(session, name))
    session.answer({"name": name, "deleted": True}, lambda: f"deleted {name}")


def import_from(
    session: Session,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(_IMPORTERS)}.", show_default=False)],
    path: Annotated[Path, typer.Argument(help="The file or folder.", exists=True, show_default=False)],
    *,
    name: Annotated[
        str, typer.Option(help="The baseline's name; the source's without it.", show_default=False)
    ] = "",
    option: Option = None,
    save: Annotated[
        Path | None, typer.Option(help="Write the tables and the report here.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; only report.")] = False,
) -> None:
    """Read another program's power system, report what became of what, and store it as a baseline."""
    if kind not in _IMPORTERS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(_IMPORTERS)}")
    try:
        importers = import_module("sextant_client.importers")
    except ImportError as error:
        raise ConfigurationError(f"this installation has no importers: {error}") from error
    arguments = {**values(option), **({"name": name} if name else {})}
    imported = getattr(importers, _IMPORTERS[kind])(path, **arguments)
    session.err.print(str(imported.report), markup=False)
    if save:
        session.say(f"written to {imported.save(save)}")
    if dry_run:
        session.answer(imported.report.to_dict(), lambda: f"{imported.name}: nothing is stored")
        return
    _told(session, imported.upload(session.client))


def _told(session: Session, stored: Any) -> None:
    _warned(session, stored)
    session.answer(stored.data, lambda: f"{stored.data.id} {stored.data.name} version {stored.data.version}")


def _warned(session: Session, stored: Any) -> None:
    for warning in getattr(stored.meta, "warnings", None) or ():
        session.say(
            f"warning: {warning if isinstance(warning, str) else getattr(warning, 'message', warning)}"
        )


def _id(session: Session, name: str) -> str:
    """The id of a baseline that is named; the API takes ids, and the built-in one's name."""
    named = (each for each in session.client.baselines.list() if each.name.casefold() == name.casefold())
    stored = next(named, None) if name != "reference" else None
    return name if stored is None else str(stored.id)


def _short(value: Any) -> str:
    if isinstance(value, list | dict):
        text = ", ".join(map(str, value))
        return text if len(text) < 300 else f"{len(value)}: {text[:280]} …"
    return str(value)
