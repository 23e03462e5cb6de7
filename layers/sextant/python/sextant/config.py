"""What the environment says: typed settings, each variable declared once with its meaning, default and rule.

A concern declares a frozen dataclass that inherits from `Settings`; each field is one variable, made by `text`,
`optional`, `choice`, `count`, `number`, `flag` or `by_suffix`. `from_env` reads all of them, and an error names the
variable, the rule and the value. `variables` lists them, for documents and for checks of what a function is given.

This is the only module that reads the process's environment; a lint holds that.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, TypeVar

# What a run's result depends on beside its inputs: raise it with every change of the engine's numbers.
CODE_VERSION = "1.1.0"

S = TypeVar("S", bound="Settings")

_TRUE, _FALSE = ("1", "true", "yes"), ("0", "false", "no")


class ConfigurationError(ValueError):
    """A variable of the environment is missing or breaks its rule."""


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable: an absent or empty one has its default, or is an error where it has none."""

    name: str
    meaning: str
    rule: str
    default: Any
    parse: Callable[[str], Any]
    """From a text that is not empty; raises ValueError where it breaks the rule."""
    secret: bool = False

    def read(self, env: Mapping[str, str]) -> Any:
        given = env.get(self.name, "")
        if not given:
            if self.default is MISSING:
                raise ConfigurationError(f"{self.name} is not set: it must be {self.rule}")
            return self.default
        try:
            return self.parse(given)
        except ConfigurationError:
            raise
        except ValueError:
            shown = "what it is" if self.secret else repr(given)
            raise ConfigurationError(f"{self.name} must be {self.rule}, not {shown}") from None


class Family(Variable):
    """All variables whose names begin alike: a mapping from the rest of the name, in lower case with hyphens."""

    def read(self, env: Mapping[str, str]) -> Mapping[str, str]:
        return {
            name.removeprefix(self.name).lower().replace("_", "-"): value
            for name, value in env.items()
            if name.startswith(self.name) and value
        }


class Settings:
    """The base of every settings class."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The variables that the class reads, by the names of its fields."""
        own = {one.name: one.metadata["variable"] for one in fields(cls) if "variable" in one.metadata}
        for kind in cls._nested().values():
            own |= kind.variables()
        return own

    @classmethod
    def from_env(cls: type[S], env: Mapping[str, str]) -> S:
        """The settings that `env` holds; raises `ConfigurationError` naming variable, rule and value."""
        read = {
            one.name: one.metadata["variable"].read(env) for one in fields(cls) if "variable" in one.metadata
        }
        return cls(**read, **{name: kind.from_env(env) for name, kind in cls._nested().items()})

    @classmethod
    def _nested(cls) -> dict[str, type[Settings]]:
        return {one.name: one.metadata["settings"] for one in fields(cls) if "settings" in one.metadata}


def environment() -> Mapping[str, str]:
    """The environment of this process, as it stands at each look: the runtime renews credentials in it."""
    return os.environ


def text(name: str, meaning: str, default: str | None = None, *, secret: bool = False) -> Any:
    """A text; required where there is no default."""
    return _declared(Variable(name, meaning, "a text", MISSING if default is None else default, str, secret))


def optional(name: str, meaning: str, *, secret: bool = False) -> Any:
    """A text, or None."""
    return _declared(Variable(name, meaning, "a text", None, str, secret))


def choice(name: str, meaning: str, default: str | None, options: tuple[str, ...]) -> Any:
    """One of `options`."""

    def parse(given: str) -> str:
        if given not in options:
            raise ValueError
        return given

    rule = " or ".join(filter(None, (", ".join(options[:-1]), options[-1])))
    return _declared(Variable(name, meaning, rule, default, parse))


def flag(name: str, meaning: str) -> Any:
    """Off unless it is said."""

    def parse(given: str) -> bool:
        if given.lower() not in _TRUE + _FALSE:
            raise ValueError
        return given.lower() in _TRUE

    return _declared(Variable(name, meaning, "1, true, yes, 0, false or no", default=False, parse=parse))


def count(name: str, meaning: str, default: int, *, least: int = 0) -> Any:
    """A whole number of at least `least`."""

    def parse(given: str) -> int:
        value = int(given)
        if value < least:
            raise ValueError
        return value

    return _declared(Variable(name, meaning, f"a whole number of at least {least}", default, parse))


def number(
    name: str, meaning: str, default: float, *, above: float | None = None, most: float | None = None
) -> Any:
    """A number of at least 0, or more than `above`, and at most `most`; seconds where the meaning says nothing else."""
    rule = f"a number {'of at least 0' if above is None else f'above {above:g}'}"
    if most is not None:
        rule += f" and at most {most:g}"

    def parse(given: str) -> float:
        value = float(given)
        too_little = value < 0 if above is None else value <= above
        if not math.isfinite(value) or too_little or (most is not None and value > most):
            raise ValueError
        return value

    return _declared(Variable(name, meaning, rule, default, parse))


def parsed(name: str, meaning: str, rule: str, parse: Callable[[str], Any], default: Any = MISSING) -> Any:
    """What `parse` makes of the text; it raises ValueError where the text breaks `rule`."""
    return _declared(Variable(name, meaning, rule, default, parse))


def by_suffix(prefix: str, meaning: str) -> Any:
    """A mapping of every variable whose name begins with `prefix`."""
    return _declared(Family(prefix, meaning, "texts", None, str), factory=dict)


def _declared(variable: Variable, factory: Callable[[], Any] | None = None) -> Any:
    metadata = {"variable": variable}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    return field(default=variable.default, repr=not variable.secret, metadata=metadata)


def nested(kind: type[Settings]) -> Any:
    """Settings of their own class inside others."""
    return field(default_factory=kind, metadata={"settings": kind})


# Settings that no other part has a room for ------------------------------------------------------------------


@dataclass(frozen=True)
class ApiSettings(Settings):
    """How the HTTP API treats requests."""

    stage: str = text("SEXTANT_STAGE", "The name of the deployment", "local")
    auth_disabled: bool = flag(
        "SEXTANT_AUTH_DISABLED", "Take requests without a token; on stage `local` only"
    )
    max_body_bytes: int = count(
        "SEXTANT_MAX_BODY_BYTES", "The largest body of a request, in bytes", 1024 * 1024, least=1
    )

    def __post_init__(self) -> None:
        if self.auth_disabled and self.stage != "local":
            raise ConfigurationError(
                f"SEXTANT_AUTH_DISABLED is set on stage {self.stage!r}: authentication can be off on stage 'local' only"
            )


@dataclass(frozen=True)
class FunctionSettings(Settings):
    """What Lambda tells a function about itself."""

    name: str = text("AWS_LAMBDA_FUNCTION_NAME", "Set by Lambda: the function's name", "a process")
    memory_mb: int = count(
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "Set by Lambda: the function's memory, in MiB", 1024
    )


@dataclass(frozen=True)
class ResourceSettings(Settings):
    """Which of the deployment's queues, tables and functions this one may use."""

    queue_urls: Mapping[str, str] = by_suffix("SEXTANT_QUEUE_URL_", "The URL of the queue of that name")
    records_table: str | None = optional(
        "SEXTANT_IDEMPOTENCY_TABLE",
        "The table of idempotency records and of the journal's switches; empty: no records, no journal",
    )
    relay_function: str = text(
        "SEXTANT_RELAY_FUNCTION",
        "Whom to tell after a commit that there is something to publish; empty: nobody",
        "",
    )
