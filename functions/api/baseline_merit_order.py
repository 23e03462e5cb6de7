"""The merit order of a baseline: which units are called first, at what cost, and how far the load reaches."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.baselines import id_of
from functions.api.http.envelopes import AnswerBody, Envelope, answers, reply
from functions.api.http.parameters import broken
from functions.api.http.routing import Router, needs
from functions.api.warehouse import warehouse
from sextant.baselines import service
from sextant.drivers.vocabulary import REFERENCE


class OfferBody(AnswerBody):
    """What a unit offers, on the mean of the year's hours."""

    unit: str
    """Its name."""
    technology: str
    """Its technology."""
    fuel: str
    """Empty where it burns none."""
    renewable: bool
    """Whether it counts for an RPS."""
    must_take: bool
    """Whether its energy is taken whatever the price."""
    capacity_mw: float
    """MW installed."""
    available_mw: float
    """MW after outages and the weather."""
    bid: float
    """At which it is called, in the currency per MWh."""
    running_cost: float
    """Fuel, variable cost and carbon, in the currency per MWh."""


class MeritOrderBody(AnswerBody):
    """The untouched system's supply curve in a year."""

    year: int
    """Which year."""
    currency: str
    """ISO 4217."""
    price_year: int
    """The year of whose money it is."""
    lowest_load_mw: float
    """The year's lowest load."""
    mean_load_mw: float
    """Its mean."""
    highest_load_mw: float
    """Its highest."""
    offers: list[OfferBody]
    """In the order in which they are called; storages are not among them."""


class MeritOrderEnvelope(Envelope[MeritOrderBody]): ...


router = Router("Baselines")


@router.get(
    "/v1/baselines/<baseline_id>/merit-order",
    summary="Get the merit order of a baseline in a year",
    responses={200: answers("The units in the order in which they are called", MeritOrderEnvelope)},
)
@needs("scenarios:read")
def get_merit_order(
    baseline_id: str,
    year: Annotated[
        int | None, Query(ge=1900, le=2200, description="The baseline's first where none is given")
    ] = None,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The newest where none is given")
    ] = None,
) -> Response[Any]:
    """Of one version, the newest unless another is named: each unit with its capacity, what of it is available on the mean of the
    year, and its cost. `reference` is the built-in system. A year that the baseline has not is 400.
    """
    # Listing and getting baselines needs no engine: their first answer would wait for it.
    from sextant.baselines.systems import load
    from sextant.engine import reference_system
    from sextant.engine.supply import supply_curve

    if baseline_id == REFERENCE and version in (None, 1):
        system = reference_system()
    else:
        with router.session() as session:
            baseline, _ = service.get(session, id_of(baseline_id), version)
        system = load(warehouse().objects, baseline)
    if year is not None and year not in system.years:
        raise broken("year", "range", f"must be of the baseline, {system.years[0]} to {system.years[-1]}")
    curve = supply_curve(system, system.years[0] if year is None else year)
    body = MeritOrderBody.model_construct(
        year=curve.year,
        currency=system.currency,
        price_year=system.price_year,
        lowest_load_mw=curve.lowest_load,
        mean_load_mw=curve.mean_load,
        highest_load_mw=curve.highest_load,
        offers=[OfferBody.of(offer) for offer in curve.offers],
    )
    return reply(MeritOrderEnvelope.around(body, router.caller))
