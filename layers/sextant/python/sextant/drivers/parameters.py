"""The parameters of a run, checked against the model that is to take them.

The built-in model's are known here, by name and range, so that a mistake is an answer to the request and not a run
that fails later. Other models are plug-ins, found by entry point where runs are executed: what they take, only they
know, and it is handed on unchecked but for being named scalars.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from sextant.drivers.errors import PARAMETER_TAGS, ModelInputError
from sextant.drivers.fields import MAX_SAFE_INTEGER, UPPER, Contract, Number, Year, broken, optional, required
from sextant.drivers.hourly import METRICS as HOURLY_METRICS
from sextant.drivers.hourly import unknown_metrics
from sextant.drivers.metrics import DRAWS, METRICS
from sextant.drivers.rules import fault_of

BUILT_IN = "merit_order"
PLUG_INS = "sextant.models"
"""The entry-point group by which packages bring other models."""
MAX_PARAMETERS = 100
MAX_TEXT = 1000
MOST_DRAW_ROWS = 500_000
"""Values of draws that a run may keep; of a sweep, at each point."""
_MOST_PERCENTILES = 20
RESERVED = "sweep"
"""The name under which a run's sweep is kept among its parameters."""

Scalar = str | bool | int | float

DEPENDENT = frozenset({"start_year", "end_year", "model"})
"""The parameters of which a rule looks at others too, which a run may have from its scenario."""

UNKNOWN = "the model {model} has no parameter {name}; it has {known}"

_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_SCALARS: JsonDict = {
    "propertyNames": {"pattern": _NAME, "not": {"const": RESERVED}},
    "maxProperties": MAX_PARAMETERS,
}
_OTHERS: JsonDict = {
    **_SCALARS,
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "maxLength": MAX_TEXT},
            {"type": "boolean"},
            {"type": "integer", "minimum": -MAX_SAFE_INTEGER, "maximum": MAX_SAFE_INTEGER},
            {"type": "number"},
            {"type": "null"},
        ]
    },
}


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _is_percentile(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,4})?", text) is not None and float(text) > 0.0


class _Parameters(Contract):
    @model_validator(mode="before")
    @classmethod
    def _few_scalars(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if len(value) > MAX_PARAMETERS:
            raise PydanticCustomError("too_long", f"at most {MAX_PARAMETERS} parameters are allowed")
        for name, item in value.items():
            _check(name, item)
        return value

    def values(self) -> dict[str, Any]:
        """What was given, by name; what was left out or null is not in it."""
        given = {**self.__dict__, **(self.model_extra or {})}
        return {name: value for name, value in given.items() if value is not None}

    def changes(self) -> dict[str, Any]:
        """What was given, by name, with the nulls: over others (RFC 7396) they take a parameter away."""
        given = {**self.__dict__, **(self.model_extra or {})}
        return {name: value for name, value in given.items() if name in self.model_fields_set}

    def merged_over(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """`parameters` with these `changes`; `merge_canonical` does the same in the database."""
        merged = {**parameters, **self.changes()}
        return {name: value for name, value in merged.items() if value is not None}


def _check(name: object, item: object) -> None:
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or len(name) > 64:
        raise PydanticCustomError(
            "name", "a parameter's name is 1 to 64 of A-Z, a-z, 0-9 and '_', not beginning with a digit"
        )
    if name == RESERVED:
        broken(name, "reserved", f"{RESERVED} stands beside the parameters, not among them")
    if item is None:
        return
    if not isinstance(item, Scalar) or (isinstance(item, str) and len(item) > MAX_TEXT):
        broken(
            name, "scalar", f"a parameter is a number, a boolean or a string of at most {MAX_TEXT} characters"
        )
    if isinstance(item, int) and abs(item) > MAX_SAFE_INTEGER:
        broken(name, "too_large", f"an integer must lie within ±{MAX_SAFE_INTEGER}")
    if isinstance(item, float) and item - item != 0.0:
        broken(name, "finite_number", "a number must be finite")


Baseline = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=120)]


def _hourly_choice(value: Any) -> Any:
    if not isinstance(value, bool | str) or unknown_metrics(value):
        raise PydanticCustomError(
            "hourly", f"must be true, false, or of {', '.join(HOURLY_METRICS)}, with commas"
        )
    return value


_ONE_METRIC = f"({'|'.join(HOURLY_METRICS)})"
HourlyChoice = Annotated[
    bool
    | Annotated[str, WithJsonSchema({"type": "string", "pattern": f"^{_ONE_METRIC}( *, *{_ONE_METRIC})*$"})],
    BeforeValidator(_hourly_choice),
]


class BuiltInParameters(_Parameters):
    """The parameters of the built-in model, and no others."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, json_schema_extra={"maxProperties": MAX_PARAMETERS}
    )
    open_without_model: ClassVar[bool] = False

    shock_bp: Annotated[Number, Field(ge=-10_000, le=100_000)] | None = optional(
        "parallel shift of every fuel curve: each year moves by `shock_bp/10 000` of that curve's first-year price",
        "bp",
        assumed=0.0,
    )
    discount_rate: Annotated[Number, Field(gt=-0.5, le=1)] | None = optional(
        "by which cash flows are discounted", "1/year", assumed=0.07
    )
    discount_basis: Annotated[Literal["REAL", "NOMINAL"], UPPER] | None = optional(
        "a nominal rate is made real with `inflation`", assumed="REAL"
    )
    inflation: Annotated[Number, Field(gt=-0.5, le=1)] | None = optional(
        "used with `NOMINAL` only", "1/year", assumed=0.02
    )
    base_year: Year | None = optional(
        "year to which cash flows are discounted", assumed="the first year that is computed"
    )
    start_year: Year | None = optional("first year to compute", assumed="the baseline's first")
    end_year: Year | None = optional("last year to compute", assumed="the baseline's last")
    weather_year: Year | None = optional(
        "the one of the baseline's weather years to compute with; without it all are, as an ensemble whose bands tell what the weather does",
        assumed="all",
    )
    value_of_lost_load: Annotated[Number, Field(gt=0, le=1e6)] | None = optional(
        "cost of energy that is not served, and the price in a shortage", "EUR/MWh", assumed="the baseline's"
    )
    equal_bids: Annotated[Literal["PRO_RATA", "LISTED"], UPPER] | None = optional(
        "units that bid the same are called together, each for the same share of what it has available, or one after another as the baseline "
        "lists them",
        assumed="PRO_RATA",
    )
    draws: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = optional(
        "Monte Carlo draws; used only if a driver is random. Weather years take turns over them", assumed=200
    )
    attribution: Annotated[bool, Field(strict=True)] | None = optional(
        "whether to compute the attribution of the change in NPV", assumed=True
    )
    attribution_evaluations: Annotated[int, Field(strict=True, ge=16, le=100_000)] | None = optional(
        "how many coalitions of assumptions the attribution may evaluate; where they are not all, shares have a standard error",
        assumed="at most 256, and no more than take as long as the run or 10 s",
    )
    percentiles: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)] | None = (
        optional(
            "of the draws, up to 20 with commas, each above 0 and below 100: their values, standard errors and tail means are told beside those "
            "of 5, 50 and 95",
            "percent",
            assumed="no others",
        )
    )
    keep_draws: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MAX_TEXT)] | None = (
        optional(
            f"metrics, with commas, of which every draw is kept, in outputs of the metric `<metric>{DRAWS}`; together at most "
            f"{MOST_DRAW_ROWS:,} values",
            assumed="none",
        )
    )
    hourly: HourlyChoice | None = optional(
        f"whether to give results by the hour too, or of which metrics, with commas: {', '.join(HOURLY_METRICS)}; of a random scenario those of "
        "the central case",
        assumed=False,
    )
    baseline: Baseline | None = optional(
        "a baseline of your own, by name or id, `…@3` for its third version", assumed="the reference system"
    )
    model: Annotated[str, Field(strict=True, pattern=f"^{BUILT_IN}$")] | None = optional(
        "name of the model (a plug-in's entry-point name)", assumed=BUILT_IN
    )

    @model_validator(mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and not (cls.open_without_model and value.get("model") is None):
            for name in value:
                if name not in cls.model_fields:
                    raise unknown_parameter(str(name))
        return value

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.start_year is not None and self.end_year is not None and self.end_year < self.start_year:
            broken("end_year", "year_order", "end_year must not lie before start_year")
        return self

    @model_validator(mode="after")
    def _lists_are_of_their_kind(self) -> Self:
        percents = _listed(self.percentiles)
        if len(percents) > _MOST_PERCENTILES or not all(map(_is_percentile, percents)):
            broken(
                "percentiles",
                "percentiles",
                f"must be at most {_MOST_PERCENTILES} numbers above 0 and below 100, with commas, such as 1,99",
            )
        metrics = _listed(self.keep_draws)
        if unknown := [name for name in metrics if name not in METRICS]:
            broken("keep_draws", "exists", f"must be of {', '.join(METRICS)}; not {unknown[0][:64]!r}")
        least = (self.draws or 1) * len(set(metrics))
        if least > MOST_DRAW_ROWS:
            broken(
                "keep_draws",
                "too_many",
                f"must be at most {MOST_DRAW_ROWS:,} values of draws; these are {least:,}",
            )
        return self

    @property
    def chosen_percentiles(self) -> tuple[float, ...]:
        """Percent."""
        return tuple(float(text) for text in _listed(self.percentiles))

    @property
    def kept_metrics(self) -> tuple[str, ...]:
        """The metrics of which the draws are kept, each once."""
        return tuple(dict.fromkeys(_listed(self.keep_draws)))


class InheritedParameters(BuiltInParameters):
    """A run's parameters: where they name no model, the scenario's holds, which may be any."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True, json_schema_extra=_OTHERS)
    open_without_model: ClassVar[bool] = True

    def unknown(self) -> list[str]:
        """The names that only a plug-in could know."""
        return sorted(self.model_extra or {})


class PlugInParameters(_Parameters):
    """The parameters of another model, which knows what they mean."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True, json_schema_extra=_OTHERS)

    model: Annotated[
        str,
        Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,63}$", json_schema_extra={"not": {"const": BUILT_IN}}),
    ] = required("name of the model (a plug-in's entry-point name)")
    baseline: Baseline | None = optional(
        "a baseline of your own, by name or id, `…@3` for its third version", assumed="the reference system"
    )


def unknown_parameter(name: str) -> PydanticCustomError:
    """The error for a parameter that the built-in model does not have."""
    known = {"model": BUILT_IN, "name": name[:64], "known": ", ".join(BuiltInParameters.model_fields)}
    return PydanticCustomError("unknown_parameter", UNKNOWN, {**known, "field": name[:64]})


def _model_of(value: Any) -> Any:
    return value.get("model") if isinstance(value, Mapping) else getattr(value, "model", None)


def _kind(value: Any) -> str:
    return PARAMETER_TAGS[_model_of(value) not in (None, BUILT_IN)]


ScenarioParameters = Annotated[
    Annotated[BuiltInParameters, Tag(PARAMETER_TAGS[0])]
    | Annotated[PlugInParameters, Tag(PARAMETER_TAGS[1])],
    Discriminator(_kind),
]
RunParameters = Annotated[
    Annotated[InheritedParameters, Tag(PARAMETER_TAGS[0])]
    | Annotated[PlugInParameters, Tag(PARAMETER_TAGS[1])],
    Discriminator(_kind),
]


@cache
def _whole() -> TypeAdapter[Any]:
    return TypeAdapter(ScenarioParameters)


def parameter_faults(parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of all the parameters that a model would be given those that break its contract: path, rule and message."""
    try:
        _whole().validate_python(dict(parameters))
    except ValidationError as error:
        return [
            fault_of(fault, "parameters") for fault in error.errors(include_url=False, include_input=False)
        ]
    return []


def point_text(value: Scalar) -> str:
    """The value of a sweep's parameter as the tag of its rows has it."""
    return json.dumps(value).strip('"')


def points_of(sweep: Mapping[str, Sequence[Scalar]]) -> list[dict[str, Scalar]]:
    """Every combination of the values, in the order of the names and then of the values."""
    names = sorted(sweep)
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(sweep[name] for name in names))
    ]


def check_inherited(names: list[str], scenario_parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Of the paths `names` of parameters that the built-in model does not have, those that are wrong, and why.

    None is where the scenario is for another model, which may well have them.
    """
    if _kind(scenario_parameters) == PARAMETER_TAGS[1]:
        return []
    known = ", ".join(BuiltInParameters.model_fields)
    return [
        (name, UNKNOWN.format(model=BUILT_IN, name=name.rpartition(".")[2], known=known)) for name in names
    ]


def read_parameters(parameters: Mapping[str, Any]) -> BuiltInParameters:
    """The built-in model's parameters; ModelInputError names the first that breaks the contract."""
    try:
        return BuiltInParameters.model_validate(dict(parameters))
    except ValidationError as error:
        path, _, message = fault_of(error.errors(include_url=False, include_input=False)[0], "parameters")
        raise ModelInputError(path, message) from None
