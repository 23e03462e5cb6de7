"""What every command has: the client, where results go, and the options that stand at each of them."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer
from rich.console import Console
from rich.table import Table

from sextant_client.cli import exits
from sextant_client.problems import ProblemError, SextantError
from sextant_client.settings import Settings

if TYPE_CHECKING:
    from sextant_client._sync.client import Sextant

# Lines of a table that goes into a pipe are not cut at a terminal's width.
_PIPE_WIDTH = 200

F = TypeVar("F", bound=Callable[..., Any])

_SHARED = {
    "as_json": Annotated[bool, typer.Option("--json", help="Results as JSON.")],
    "profile": Annotated[str, typer.Option("--profile", help="The profile to use.", show_default=False)],
    "url": Annotated[str, typer.Option("--url", help="Where the deployment is.", show_default=False)],
}
_DEFAULTS: dict[str, Any] = {"as_json": False, "profile": "", "url": ""}


class Session:
    """One command's run."""

    def __init__(self, *, as_json: bool = False, profile: str = "", url: str = "") -> None:
        self.as_json = as_json
        self.profile = profile
        self._url = url
        self._client: Sextant | None = None
        self.makes_profile = False
        terminal = sys.stdout.isatty()
        self.out = Console(width=None if terminal else _PIPE_WIDTH, highlight=False, soft_wrap=not terminal)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    @functools.cached_property
    def settings(self) -> Settings:
        """What to connect to."""
        settings = Settings.load(self.profile or None, may_be_new=self.makes_profile)
        return replace(settings, url=self._url) if self._url else settings

    @property
    def client(self) -> Sextant:
        """The client, made when it is first needed."""
        if self._client is None:
            from sextant_client._sync.client import Sextant

            self._client = Sextant.of(self.settings)
        return self._client

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def say(self, text: str) -> None:
        """Tell how it goes, on standard error."""
        self.err.print(text, markup=False)

    def warn(self, warnings: Iterable[Any]) -> None:
        """Tell what is accepted but may not be meant."""
        for warning in warnings:
            self.say(f"warning: {warning.path}: {warning.message}")

    def answer(self, data: Any, show: Callable[[], Any] | None = None) -> None:
        """Put a result on standard output: JSON where that is asked for, else what `show` makes of it."""
        if self.as_json or show is None:
            self.out.print(
                json.dumps(_plain(data), indent=2, ensure_ascii=False), markup=False, soft_wrap=True
            )
        else:
            shown = show()
            if shown is not None:
                self.out.print(shown)

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
    ) -> Table:
        """A table for `answer`; numbers of the columns `right` stand under each other."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_text(cell) for cell in row))
        return table

    def fields(self, pairs: Mapping[str, Any]) -> Table:
        """Names and values, one a line."""
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, value in pairs.items():
            table.add_row(name, _text(value))
        return table


def command(app: typer.Typer, name: str | None = None, **options: Any) -> Callable[[F], F]:
    """Makes a command of a function whose first argument is the `Session`; the options of all commands are added to its own."""

    def decorate(function: F) -> F:
        hints = get_type_hints(function, include_extras=True)
        own = list(inspect.signature(function).parameters.values())[1:]
        shared = [
            inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[each], annotation=kind)
            for each, kind in _SHARED.items()
        ]

        @functools.wraps(function)
        def call(**arguments: Any) -> None:
            session = Session(**{each: arguments.pop(each) for each in _SHARED})
            try:
                function(session, **arguments)
            except SextantError as error:
                report(session, error)
                raise typer.Exit(exits.status_of(error)) from error
            except (OSError, ValueError, TypeError) as error:
                session.say(f"error: {error}")
                raise typer.Exit(exits.OTHER) from error
            finally:
                session.close()

        parameters = [each.replace(annotation=hints[each.name]) for each in own]
        call.__signature__ = inspect.Signature([*parameters, *shared])  # type: ignore[attr-defined]
        call.__annotations__ = {each.name: each.annotation for each in (*parameters, *shared)}
        app.command(name, **options)(call)
        return function

    return decorate


def report(session: Session, error: SextantError) -> None:
    """Tell what went wrong, on standard error, in the API's words."""
    if session.as_json:
        body = error.body if isinstance(error, ProblemError) else {"code": _code(error), "detail": str(error)}
        session.err.print(json.dumps(body, ensure_ascii=False), markup=False)
    else:
        session.say(f"error: {error}")


def _code(error: Exception) -> str:
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _plain(data: Any) -> Any:
    if hasattr(data, "to_dict"):
        return data.to_dict()
    if isinstance(data, Mapping):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(each) for each in data]
    return data if data is None or isinstance(data, bool | int | float | str) else str(data)


def _text(cell: Any) -> Any:
    if cell is None:
        return ""
    if hasattr(cell, "strftime") and hasattr(cell, "hour"):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    # A renderable of rich stays what it is.
    return cell if hasattr(cell, "__rich_console__") or hasattr(cell, "__rich__") else _escaped(str(cell))


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
