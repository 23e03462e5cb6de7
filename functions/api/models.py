"""The models that compute runs: which there are, and what drivers and parameters the built-in one takes."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path as File
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, answers, reply
from functions.api.http.listing import small_listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs
from sextant.drivers.parameters import BUILT_IN, PLUG_INS
from sextant.errors import NotFoundError
from sextant.paging import MAX_LIMIT

PATH = File(__file__).with_name("models.json")
"""The built-in model's document, which `python -m tools.docs models` makes from the contract: no request builds schemas."""


class ModelNotFoundError(NotFoundError):
    """There is no such model here."""

    code, title = "model_not_found", "Model not found"


class ModelBody(AnswerBody):
    name: str
    """What the run parameter `model` says to choose it."""
    version: str
    """Its version."""
    built_in: bool
    """Of others, which installed packages bring, only they know what drivers and parameters mean."""


class ModelContractBody(ModelBody):
    limits: list[str] | None
    """What it leaves out, one sentence each."""
    drivers: dict[str, Any] | None
    """By `driver_type`: what it does, and as a JSON pointer where in `assumptions` the schema of its `payload` stands."""
    assumptions: dict[str, Any] | None
    """JSON Schema of a scenario's assumptions."""
    parameters: dict[str, Any] | None
    """JSON Schema of the parameters."""


class ModelList(ListEnvelope[ModelBody]): ...


class ModelEnvelope(Envelope[ModelContractBody]): ...


router = Router("Models")


@router.get(
    "/v1/models",
    summary="List the models that compute runs",
    responses={200: answers("The built-in model first", ModelList)},
)
@needs("scenarios:read")
def list_models(limit: Limit = MAX_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """The built-in model first, then those that installed packages bring."""
    return small_listing(
        router, ModelList, "models", limit, cursor, _models(), lambda one: (int(not one.built_in), one.name)
    )


@router.get(
    "/v1/models/<model>",
    summary="Get a model's drivers and parameters as JSON Schema",
    responses={200: answers("The model; of a plug-in only its name and version", ModelEnvelope)},
)
@needs("scenarios:read")
def get_model(model: Annotated[str, Path(description="Its name")]) -> Response[Any]:
    """Of the built-in model its drivers, assumptions and parameters as JSON Schema, with units, ranges, defaults and examples: enough
    to make a form from.
    """
    body = next((body for body in _models() if body.name == model), None)
    if body is None:
        names = ", ".join(body.name for body in _models())
        raise ModelNotFoundError(f"There is no model {model[:64]!r}; there are {names}.")
    contract = _built_in() if body.built_in else {}
    whole = ModelContractBody.model_construct(
        name=body.name,
        version=body.version,
        built_in=body.built_in,
        **{part: contract.get(part) for part in ("limits", "drivers", "assumptions", "parameters")},
    )
    return reply(ModelEnvelope.around(whole, router.caller))


@cache
def _built_in() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return document


@cache
def _models() -> tuple[ModelBody, ...]:
    plug_ins = {
        point.name: point.dist.version if point.dist else ""
        for point in sorted(entry_points(group=PLUG_INS), key=lambda point: point.name)
        if point.name != BUILT_IN
    }
    built_in = ModelBody.model_construct(name=BUILT_IN, version=_built_in()["version"], built_in=True)
    return (
        built_in,
        *(ModelBody.model_construct(name=n, version=v, built_in=False) for n, v in plug_ins.items()),
    )
