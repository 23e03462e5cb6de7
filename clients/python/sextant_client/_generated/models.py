"""The shapes of the API, made from docs/api/openapi.yaml by `python -m tools.docs client`: do not edit."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from sextant_client.body import Body


class ActionCompletion(Body):
    state: Literal["SUCCEEDED", "FAILED", "SKIPPED"] | str
    """How it ended."""
    note: str = ""
    """What to know of it."""


class AggregateBody(Body):
    metric: str | None = None
    """Of the group, where `by` has it."""
    asof_date: str | None = None
    """Of the group, where `by` has it: the first day of the period."""
    run_id: str | None = None
    """The run, where `by` has it or none was chosen."""
    tags: dict[str, str] | None = None
    """Of the group: where `by` has them all, else those of the point of a sweep."""
    hour: int | None = None
    """Of the group, where `by` has it: which of the year's hours, from 1."""
    unit: str
    """Of the values."""
    count: int
    """How many values."""
    min: float | None
    """The smallest; null without a finite value."""
    max: float | None
    """The largest; null without a finite value."""
    mean: float | None
    """Their mean; null without a finite value."""
    percentiles: dict[str, float]
    """By rank, linear between values."""


class AuditBody(Body):
    tenant_id: str
    """Where it is given it must be the token's."""
    id: UUID
    """Its id."""
    action: str
    """What was done."""
    actor: str
    """Who did it."""
    reason: str
    """Why; it is kept beside what is done."""
    detail: dict[str, Any]
    """What belongs to it."""
    occurred_at: AwareDatetime
    """When it happened."""


class BandsBody(Body):
    """Which percentiles of the draws `band_lower`, `value` and `band_upper` of the outputs are."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    lower: str
    """Of `band_lower`, such as `P5`."""
    value: str
    """Of `value`, such as `P50`."""
    upper: str
    """Of `band_upper`, such as `P95`."""


class BaselineBody(Body):
    id: UUID
    """Its id."""
    version: int
    """Which version, from 1."""
    name: str
    """By which scenarios name it."""
    digest: str
    """SHA-256 over its tables and options."""
    options: dict[str, Any]
    """What was said of it beside the tables."""
    summary: dict[str, Any]
    """What was read from the tables, and what was assumed."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""


class BaselineSeriesBody(Body):
    v: list[float | None]
    """The baseline run's values; null where it has none."""
    lo: list[float | None] | None = None
    """P5; left out where nothing is random."""
    hi: list[float | None] | None = None
    """P95."""


class BaselineTableBody(Body):
    table: str
    """Its name: `units`, `load`, `profiles`, `prices` or `storage`."""
    format: Literal["csv", "parquet"] | str
    """As it was sent."""
    url: str
    """Whoever has it may read the table until it expires."""
    bytes: int
    """The table's size."""
    expires_at: AwareDatetime
    """When the link ends."""


class BuiltInParameters(Body):
    """The parameters of the built-in model, and no others."""

    shock_bp: float | None = None
    """parallel shift of every fuel curve: each year moves by `shock_bp/10 000` of that curve's first-year price"""
    discount_rate: float | None = None
    """by which cash flows are discounted"""
    discount_basis: Literal["REAL", "NOMINAL"] | str | None = None
    """a nominal rate is made real with `inflation`"""
    inflation: float | None = None
    """used with `NOMINAL` only"""
    base_year: int | None = None
    """year to which cash flows are discounted"""
    start_year: int | None = None
    """first year to compute"""
    end_year: int | None = None
    """last year to compute"""
    weather_year: int | None = None
    """the one of the baseline's weather years to compute with; without it all are, as an ensemble whose bands tell what the weather does"""
    value_of_lost_load: float | None = None
    """cost of energy that is not served, and the price in a shortage"""
    equal_bids: Literal["PRO_RATA", "LISTED"] | str | None = None
    """units that bid the same are called together, each for the same share of what it has available, or one after another as the baseline lists them"""
    draws: int | None = None
    """Monte Carlo draws; used only if a driver is random. Weather years take turns over them"""
    attribution: bool | None = None
    """whether to compute the attribution of the change in NPV"""
    attribution_evaluations: int | None = None
    """how many coalitions of assumptions the attribution may evaluate; where they are not all, shares have a standard error"""
    percentiles: str | None = None
    """of the draws, up to 20 with commas, each above 0 and below 100: their values, standard errors and tail means are told beside those of 5, 50 and 95"""
    keep_draws: str | None = None
    """metrics, with commas, of which every draw is kept, in outputs of the metric `<metric>.draws`; together at most 500,000 values"""
    hourly: bool | str | None = None
    """whether to give results by the hour too, or of which metrics, with commas: price, load, unserved_energy, generation, unit_generation, storage_level, storage_charge, storage_discharge; of a random scenario those of the central case"""
    baseline: str | None = None
    """a baseline of your own, by name or id, `…@3` for its third version"""
    model: str | None = None
    """name of the model (a plug-in's entry-point name)"""


class CancelledSelectionBody(Body):
    matching: int
    """How many runs the filter fits."""
    preview: bool
    """Whether nothing was done."""
    changed: int
    """How many runs were changed."""
    skipped: int
    """How many of `run_ids` were not: they had gone on meanwhile, or an equal run was there."""
    run_ids: list[UUID]
    """The oldest `limit` of the runs that the filter fits, in a preview and in the act."""
    cancellation_id: UUID | None
    """What cancels the runs that are left by and by; null where none is left. GET /v1/cancellations/{id} says how far it is."""


class ChangeBody(Body):
    version: int
    """The version that it made."""
    field: str
    """Which field."""
    old_value: Any
    """What stood there."""
    new_value: Any
    """What stands there since."""
    changed_at: AwareDatetime
    """When."""
    changed_by: str
    """Who."""
    transaction_id: int
    """Changes of one request share it."""


class ChangesMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    cursor: str
    """To be sent as `after`: what is committed from here on."""
    more: bool
    """Whether more is there already, so that the next request will not wait."""


class Check(Body):
    name: str
    """Which part."""
    status: Literal["healthy", "degraded", "unhealthy"] | str
    """How it is."""
    detail: str = ""
    """Why it is not healthy."""


class CheckedBaselineBody(Body):
    """What storing the tables would come to."""

    name: str
    """By which scenarios would name it."""
    version: int
    """Which version it would be, or is."""
    unchanged: bool
    """Whether that version is stored already, with these tables and options."""
    digest: str
    """SHA-256 over its tables and options."""
    summary: dict[str, Any]
    """What was read from the tables."""


class ComparedRunBody(Body):
    """A run that was compared."""

    run_id: UUID
    """The run's id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_name: str
    """The scenario's present name."""
    scenario_version: int
    """The version that was computed."""
    model: str | None
    """The model that computed it."""
    model_version: str | None
    """Its version."""
    seed: int
    """The seed of the draws."""
    completed_at: AwareDatetime | None
    """When it ended."""


class Condition(Body):
    metric: (
        Literal[
            "YEAR",
            "PEAK_LOAD",
            "LOAD_ENERGY",
            "FUEL_PRICE",
            "CARBON_PRICE",
            "CAPACITY",
            "PRICE",
            "RENEWABLE_SHARE",
            "EMISSIONS",
            "UNSERVED_ENERGY",
        ]
        | str
    )
    """of the inputs `YEAR`, `PEAK_LOAD` (MW), `LOAD_ENERGY` (MWh), `FUEL_PRICE` (EUR/GJ), `CARBON_PRICE` (EUR/t), `CAPACITY` (MW); of the results `PRICE` (EUR/MWh, load-weighted), `RENEWABLE_SHARE`, `EMISSIONS` (t), `UNSERVED_ENERGY` (MWh) of a dispatch of the system as the assumptions before this one leave it"""
    operator: Literal["GT", "GE", "LT", "LE", "EQ", "NE"] | str
    """how the metric is compared with the value"""
    value: float
    """in the metric's unit"""
    fuel: str | None = None
    """required with `FUEL_PRICE`, and only there"""
    technology: str | None = None
    """only with `CAPACITY`"""


class ConditionBlock(Body):
    logic: Literal["ALL", "ANY"] | str
    """whether all conditions must hold, or any of them"""
    conditions: list[Condition]
    """judged year by year, and draw by draw"""


class Correlation(Body):
    name: str
    """`name` of another stochastic driver of the scenario"""
    coefficient: float
    """the same on both sides where both name it"""


class CurvePoint(Body):
    year: int
    """year of the point"""
    price: float
    """price in that year"""


class Cyclical(Body):
    amplitude: float
    """`amplitude·sin(2π(k − phase_years)/period_years)`"""
    period_years: float
    """length of the wave"""
    phase_years: float = 0.0
    """years by which it is late"""


class DataFileBody(Body):
    url: str
    """Whoever has it may read the file until it expires, in ranges too."""
    bytes: int
    """The file's size."""
    rows: int
    """Of the file. It may hold rows of other scenarios of the tenant."""
    expires_at: AwareDatetime
    """When the link ends."""


class DataFilesMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    snapshot_id: str | None = None
    """The state of the table that was read: as a parameter it gives the same again."""
    next_cursor: str | None = None
    """To be sent as `cursor` for the next page; absent on the last."""


class DecisionBody(Body):
    id: UUID
    """Its id."""
    incident_id: UUID
    """The incident's id."""
    event_id: UUID | None
    """The event that led to it."""
    decision_type: str
    """What is to be done, or NONE."""
    maker: Literal["RULE", "AI", "PERSON"] | str
    """What kind of maker decided."""
    maker_name: str
    """Which: the set of rules, the model, or the person."""
    confidence: float
    """0 to 1."""
    reasoning: str
    """Why, in words."""
    proposal: dict[str, Any]
    """What was proposed, whole."""
    verdict: Literal["ACTED", "ADVISORY", "REJECTED"] | str
    """Whether it was acted on, is advice, or was rejected."""
    verdict_reason: str
    """Why so."""
    correlation_id: str
    """Of the request that it goes back to."""
    decided_at: AwareDatetime
    """When."""


class DeliveryAttemptBody(Body):
    number: int
    """From 1."""
    url: str
    """Where it was sent to."""
    headers: dict[str, str]
    """What was sent as headers."""
    started_at: AwareDatetime
    """When it was sent."""
    status: int | None
    """The HTTP status of the answer; null where there was none."""
    answer_head: dict[str, str] | None
    """The headers of the answer."""
    answer_body: str | None
    """The beginning of the answer's body."""
    error: str | None
    """Why it failed; null where it did not."""
    timing: dict[str, float]
    """Milliseconds until the name was resolved, the connection and TLS stood, the first byte and the whole answer came."""


class DeliveryBody(Body):
    id: UUID
    """Its id."""
    webhook_id: UUID
    """The webhook's id."""
    event_id: UUID
    """The `webhook-id` under which it is sent, each time the same."""
    event_type: str
    """What happened."""
    state: Literal["PENDING", "DELIVERED", "FAILED", "CANCELLED"] | str
    """FAILED was given up; CANCELLED was not sent as the endpoint was disabled or deleted."""
    attempts: int
    """How often it was sent."""
    due_at: AwareDatetime
    """When it is sent next, while it is PENDING."""
    status: int | None
    """The HTTP status of the last answer; null where there was none."""
    error: str | None
    """Why the last attempt failed; null where it did not."""
    created_at: AwareDatetime
    """When the event happened."""
    completed_at: AwareDatetime | None
    """When it was DELIVERED, FAILED or CANCELLED."""


class DeltaBody(Body):
    """A run's value against the baseline's. What is null has its reason in `null_because`."""

    run_id: str
    """The run."""
    value: float | None
    """The run's, in the row's unit."""
    delta: float | None
    """`value` − `baseline`, in the row's unit."""
    relative: float | None
    """`delta` over the size of `baseline`: 0.1 is a tenth more."""
    band_lower: float | None = None
    """P5 of the run; left out where nothing is random."""
    band_upper: float | None = None
    """P95 of the run."""
    band_lower_delta: float | None = None
    """The run's P5 less the baseline's; where both have bands."""
    band_upper_delta: float | None = None
    """The run's P95 less the baseline's; where both have bands."""
    null_because: Literal["not_in_run", "not_in_baseline", "undefined", "baseline_is_zero"] | str | None = (
        None
    )
    """The run or the baseline has no such row, or no value in it; or only `relative` is null, as the baseline is 0."""


class DifferenceBody(Body):
    """
    A place where the second document differs from the first: `before` is null where something was ADDED, `after`
    where it was REMOVED. Of an item of a list that MOVED both are its places.
    """

    path: str
    """Where it stands, such as `assumptions[0].payload.target`."""
    change: Literal["ADDED", "REMOVED", "CHANGED", "MOVED"] | str
    """What became of it."""
    before: Any
    """What stood in the first."""
    after: Any
    """What stands in the second."""


class ExportErrorBody(Body):
    code: str
    """To branch on."""
    detail: str
    """What went wrong."""
    retryable: bool
    """Whether a new attempt may help."""


class ExportFileBody(Body):
    url: str
    """Whoever has it may read the file until then; send no token."""
    bytes: int
    """Its size."""
    expires_at: AwareDatetime
    """When the URL ends to hold; ask again for a new one."""


class FieldProblem(Body):
    """One broken rule."""

    path: str
    """The field or parameter; empty where it is the body itself."""
    rule: str
    """Which rule."""
    message: str
    """What it must be."""


class FiguresBody(Body):
    tenant_id: str
    """Where it is given it must be the token's."""
    pending: int
    """Events that wait."""
    leased: int
    """Events that a relay holds."""
    delayed: int
    """Events that were refused and are tried again."""
    dead: int
    """Events that were given up."""
    oldest_pending_at: AwareDatetime | None
    """Since when the oldest waits."""
    published: int
    """Events sent, `since` the time asked for."""
    last_published_at: AwareDatetime | None
    """When one was sent last."""
    claimed_in_window: int
    """Events taken in the present window."""
    allowance: int
    """Events that may be taken in it."""


class FuelCurvePayload(Body):
    """Another price curve for a fuel, or a change of the present one."""

    start_year: int | None = None
    """first year in force"""
    end_year: int | None = None
    """last year in force (inclusive)"""
    fuel: str
    """a fuel of the baseline"""
    points: list[CurvePoint] | None = None
    """replaces the curve: linear between points, flat outside; years strictly increasing"""
    multiplier: float | None = None
    """applied after `points`"""
    shift: float | None = None
    """added after `multiplier`; prices never fall below 0"""


class GatewayMessage(Body):
    """What the gateway before the API says by itself."""

    message: str
    """In its own words."""


class Health(Body):
    status: Literal["healthy", "degraded", "unhealthy"] | str
    """That of its worst part."""
    checks: Annotated[list[Check], Field(validate_default=True)] = []
    """Each part that was looked at."""


class HourlyOutputBody(Body):
    metric: str
    """What is measured, such as `price` or `npv`."""
    asof_date: date
    """The first day of the period that it is of."""
    value: float | None
    """In `unit`; null where it is not a finite number. Where something is random, the median of the draws."""
    unit: str
    """Such as `EUR/MWh`; `1` is a share."""
    band_lower: float | None
    """P5 of the draws; null where nothing is random."""
    band_upper: float | None
    """P95 of the draws; null where nothing is random."""
    tags: dict[str, str]
    """What the value is of, such as `technology`; empty where it is of the whole."""
    run_id: str
    """The run's id."""
    scenario_id: str
    """The scenario's id."""
    hour: int
    """Which of the year's hours, from 1, as in the baseline's load."""
    weight: float
    """Hours of the year that it stands for."""


class IngestedBody(Body):
    event_id: UUID
    """The event's id."""
    incident_id: UUID | None
    """The incident that it counts into; null where it is no failure."""
    change: Literal["OPENED", "REOPENED", "ESCALATED", "COUNTED"] | str | None
    """What it did to its incident."""
    event_count: int | None
    """How many events that incident has; null without one."""


class InheritedParameters(Body):
    """A run's parameters: where they name no model, the scenario's holds, which may be any."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    __annotations__ = {
        "__pydantic_extra__": dict[str, str | bool | int | float | None],
    }
    shock_bp: float | None = None
    """parallel shift of every fuel curve: each year moves by `shock_bp/10 000` of that curve's first-year price"""
    discount_rate: float | None = None
    """by which cash flows are discounted"""
    discount_basis: Literal["REAL", "NOMINAL"] | str | None = None
    """a nominal rate is made real with `inflation`"""
    inflation: float | None = None
    """used with `NOMINAL` only"""
    base_year: int | None = None
    """year to which cash flows are discounted"""
    start_year: int | None = None
    """first year to compute"""
    end_year: int | None = None
    """last year to compute"""
    weather_year: int | None = None
    """the one of the baseline's weather years to compute with; without it all are, as an ensemble whose bands tell what the weather does"""
    value_of_lost_load: float | None = None
    """cost of energy that is not served, and the price in a shortage"""
    equal_bids: Literal["PRO_RATA", "LISTED"] | str | None = None
    """units that bid the same are called together, each for the same share of what it has available, or one after another as the baseline lists them"""
    draws: int | None = None
    """Monte Carlo draws; used only if a driver is random. Weather years take turns over them"""
    attribution: bool | None = None
    """whether to compute the attribution of the change in NPV"""
    attribution_evaluations: int | None = None
    """how many coalitions of assumptions the attribution may evaluate; where they are not all, shares have a standard error"""
    percentiles: str | None = None
    """of the draws, up to 20 with commas, each above 0 and below 100: their values, standard errors and tail means are told beside those of 5, 50 and 95"""
    keep_draws: str | None = None
    """metrics, with commas, of which every draw is kept, in outputs of the metric `<metric>.draws`; together at most 500,000 values"""
    hourly: bool | str | None = None
    """whether to give results by the hour too, or of which metrics, with commas: price, load, unserved_energy, generation, unit_generation, storage_level, storage_charge, storage_discharge; of a random scenario those of the central case"""
    baseline: str | None = None
    """a baseline of your own, by name or id, `…@3` for its third version"""
    model: str | None = None
    """name of the model (a plug-in's entry-point name)"""


class InvalidationBody(Body):
    output_version: int
    """Raised by one."""


class InvalidationRequest(Body):
    reason: str
    """Why; it is kept beside what is done."""


class Irregular(Body):
    std: float
    """standard deviation of normal noise from year to year"""
    persistence: float = 0.0
    """correlation of one year with the next, AR(1)"""


class JournaledBody(Body):
    """Of a request that was accepted while the database is away."""

    accepted: Literal["journaled"] = "journaled"
    """How it was accepted."""
    receipt_id: UUID
    """`GET /v1/scenarios/{scenario_id}/receipts/{receipt_id}` says what became of the request."""
    scenario_id: UUID
    """The scenario's id."""
    idempotency_key: str | None
    """Sent again with the same key, the request is answered with its run as soon as the database is back."""
    accepted_at: AwareDatetime
    """When."""


class KillSwitchLift(Body):
    """`tenant_id` names the tenant whose switch it is, where that is not the caller's own."""

    reason: str
    """Why; it is kept beside what is done."""
    tenant_id: str | None = None
    """The tenant whose switch it is, where it is not the caller's own."""


class LinkBody(Body):
    url: str
    """Whoever has it may read the file until then; send no token."""
    bytes: int
    """Its size."""
    expires_at: AwareDatetime
    """When the URL ends to hold."""


class LinkRequest(Body):
    """How long a link opens its report."""

    days: int = 30
    """From now on."""


class LoadGrowthPayload(Body):
    """Growth of the load on top of the baseline."""

    start_year: int | None = None
    """year in which the factor is 1"""
    end_year: int | None = None
    """the factor is held from here on"""
    annual_rate: float
    """growth on top of the baseline: load × (1+rate)^(year − start_year)"""
    flat_mw: float = 0.0
    """constant block added in every hour from `start_year` on (load never falls below 0)"""


class Meta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""


class MetricBody(Body):
    metric: str
    """What is measured, such as `price` or `npv`."""
    asof_date: date
    """The first day of the period that it is of."""
    value: float
    """In `unit`. Where something is random, the median of the draws."""
    unit: str
    """Such as `EUR/MWh`; `1` is a share."""
    band_lower: float | None
    """P5 of the draws; null where nothing is random."""
    band_upper: float | None
    """P95 of the draws; null where nothing is random."""
    tags: dict[str, str]
    """What the value is of, such as `technology`; empty where it is of the whole."""
    run_id: UUID
    """The run's id."""
    computed_at: AwareDatetime
    """When the run computed it."""


class MetricMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    run_id: UUID | None
    """The run that is read; null where none of the scenario as it stands has a result."""
    scenario_version: int
    """The version that the run computed; without a run, the present one."""
    parameters: dict[str, Any]
    """The parameters that the run computed with; without a run, the scenario's."""
    seed: int | None
    """The run's; null without one."""
    code_version: str | None
    """The version of the code that computed it; null without a run."""


class ModelBody(Body):
    name: str
    """What the run parameter `model` says to choose it."""
    version: str
    """Its version."""
    built_in: bool
    """Of others, which installed packages bring, only they know what drivers and parameters mean."""


class ModelContractBody(Body):
    name: str
    """What the run parameter `model` says to choose it."""
    version: str
    """Its version."""
    built_in: bool
    """Of others, which installed packages bring, only they know what drivers and parameters mean."""
    limits: list[str] | None
    """What it leaves out, one sentence each."""
    drivers: dict[str, Any] | None
    """By `driver_type`: what it does, and as a JSON pointer where in `assumptions` the schema of its `payload` stands."""
    assumptions: dict[str, Any] | None
    """JSON Schema of a scenario's assumptions."""
    parameters: dict[str, Any] | None
    """JSON Schema of the parameters."""


class ModelEnvelope(Body):
    data: ModelContractBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class NewLinkBody(Body):
    id: UUID
    """Its id."""
    expires_at: AwareDatetime
    """Until when."""
    created_at: AwareDatetime
    """When it was made."""
    created_by: str
    """Who made it."""
    revoked_at: AwareDatetime | None
    """When it was revoked."""
    revoked_by: str | None
    """Who revoked it."""
    key: str
    """Opens the report, as the header `X-Report-Key` of `GET /v1/shared-report`; it is shown this once."""


class NewLinkEnvelope(Body):
    data: NewLinkBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class NewValue(Body):
    value: dict[str, Any]
    """Its members are those of its kind: a flag has `enabled`, a rate limit `limit` and `window_seconds`."""
    reason: str
    """Why; it is kept beside what is done."""


class NewWebhookBody(Body):
    id: UUID
    """Its id."""
    url: str
    """Where events are posted to."""
    description: str
    """What it is for, in your words."""
    event_types: list[str]
    """The types of events that it is told of; empty: all."""
    scenario_ids: list[UUID]
    """Only of runs and exports of these scenarios; empty: of everything."""
    tags: list[str]
    """Only of runs and exports of scenarios that have one of these tags; empty: of everything."""
    ordered: bool
    """Whether one event is delivered before the next is sent."""
    signing: Literal["hmac", "ed25519"] | str
    """By what requests are signed: `hmac`, with a secret that both sides have (`v1`), or `ed25519`, whose `public_key` verifies (`v1a`)."""
    public_key: str
    """With `ed25519` what signatures are verified with, `whpk_…`; empty with `hmac`."""
    state: Literal["ENABLED", "PAUSED", "DISABLED"] | str
    """PAUSED keeps what comes until it is ENABLED again; DISABLED is sent nothing, and keeps nothing."""
    state_reason: str
    """Why it was disabled, where that was not by hand."""
    version: int
    """Counts its changes, from 1."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""
    secret: str | None
    """With `hmac` what signatures are verified with; it is shown this once. Null with `ed25519`, whose private key nobody is shown."""


class NewWebhookEnvelope(Body):
    data: NewWebhookBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class OfferBody(Body):
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


class OtherRunBody(Body):
    run_id: UUID
    """The run's id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_name: str
    """The scenario's present name."""
    scenario_version: int
    """The version that was computed."""
    model: str | None
    """The model that computed it."""
    model_version: str | None
    """Its version."""
    seed: int
    """The seed of the draws."""
    completed_at: AwareDatetime | None
    """When it ended."""
    differences: list[DifferenceBody]
    """What differs from the baseline run in all that decides a result: assumptions, parameters, model, baseline, seed."""


class OutputBody(Body):
    metric: str
    """What is measured, such as `price` or `npv`."""
    asof_date: date
    """The first day of the period that it is of."""
    value: float | None
    """In `unit`; null where it is not a finite number. Where something is random, the median of the draws."""
    unit: str
    """Such as `EUR/MWh`; `1` is a share."""
    band_lower: float | None
    """P5 of the draws; null where nothing is random."""
    band_upper: float | None
    """P95 of the draws; null where nothing is random."""
    tags: dict[str, str]
    """What the value is of, such as `technology`; empty where it is of the whole."""
    run_id: str
    """The run's id."""
    scenario_id: str
    """The scenario's id."""


class OutputMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    snapshot_id: str | None = None
    """The state of the table that was read: as a parameter it gives the same again."""
    next_cursor: str | None = None
    """As `cursor` it gives the next page, of the same snapshot; left out on the last."""
    prev_cursor: str | None = None
    """As `cursor` it gives the page before; left out on the first."""


class PageMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    next_cursor: str | None = None
    """As `cursor` it gives the next page; left out on the last."""
    prev_cursor: str | None = None
    """As `cursor` it gives the page before; left out on the first."""


class PercentileBody(Body):
    """A percentile of the draws."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    percent: float
    """Which one, above 0 and below 100."""
    value: float
    """Linear between draws."""
    standard_error: float | None = None
    """Null for one draw."""
    cvar: float | None = None
    """The mean of the share of draws beyond it, below for less than 50 and above for more; null for the median."""


class PlugInParameters(Body):
    """The parameters of another model, which knows what they mean."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    __annotations__ = {
        "__pydantic_extra__": dict[str, str | bool | int | float | None],
    }
    model: str
    """name of the model (a plug-in's entry-point name)"""
    baseline: str | None = None
    """a baseline of your own, by name or id, `…@3` for its third version"""


class PolicyPayload(Body):
    """A renewable portfolio standard, or a price on carbon."""

    start_year: int
    """first year in force"""
    end_year: int | None = None
    """last year in force (inclusive)"""
    policy_name: Literal["RPS", "CARBON_PRICE"] | str
    """renewable portfolio standard, or a price on carbon"""
    target: float | None = None
    """RPS: required. Renewable share to reach; of two RPS policies the stricter holds"""
    ramp_years: int = 0
    """the target (or the price) is reached linearly: in year `start_year + k` it is `(k+1)/(ramp_years+1)` of the way from zero (RPS) or from the baseline (CARBON_PRICE)"""
    alternative_compliance_payment: float | None = None
    """RPS only: paid for each missing MWh; caps the credit price"""
    build_mix: dict[str, float] | None = None
    """RPS only: technologies of new renewables, as shares of the MW built; normalised"""
    price: float | None = None
    """CARBON_PRICE: required. Price in `start_year`; replaces the baseline's path while in force"""
    annual_escalation: float | None = None
    """CARBON_PRICE only: the price grows by this rate after `start_year`"""


class QuotaBody(Body):
    tenant_id: str
    """Where it is given it must be the token's."""
    max_events: int
    """Events in a window."""
    window_seconds: int
    """Seconds of a window."""
    backoff_seconds: int
    """Seconds to wait once it is used up."""
    batch_limit: int
    """Events that are taken at once."""
    max_pending: int
    """Events that may wait before new ones are refused with 429."""
    overridden: list[str]
    """Which of these are the tenant's own."""
    used: int
    """Events published in the present window."""
    remaining: int
    """Events left in it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it."""
    reason: str
    """Why; it is kept beside what is done."""
    by_platform: bool
    """Whether who manages tenants set it: then only they change it."""


class QuotaEnvelope(Body):
    data: QuotaBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class QuotaList(Body):
    data: list[QuotaBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class QuotaRequest(Body):
    max_events: int | None = None
    """Events in a window."""
    window_seconds: int | None = None
    """Seconds of a window."""
    backoff_seconds: int | None = None
    """Seconds to wait once it is used up."""
    batch_limit: int | None = None
    """Events that are taken at once."""
    max_pending: int | None = None
    """Events that may wait before new ones are refused with 429."""
    reason: str
    """Why; it is kept beside what is done."""


class RateLimitBody(Body):
    rule: str
    """The words of the paths that fall under it, with dots: `scenarios.run`; `all` are all, `waits` are waiting requests."""
    limit: int
    """Requests in a window."""
    window_seconds: int
    """Seconds of a window."""
    used: int
    """Requests in the present window."""
    daily_cap: int | None
    """Requests a day; null where a day is not limited."""
    used_today: int
    """Requests today (UTC)."""


class ReasonDocument(Body):
    reason: str
    """Why; it is kept beside what is done."""


class ReceiptBody(Body):
    """What became of such a request."""

    receipt_id: UUID
    """The receipt's id."""
    scenario_id: UUID
    """The scenario's id."""
    state: Literal["CARRIED_OUT", "REFUSED"] | str
    """Whether it has its run, or was refused."""
    run_id: UUID | None
    """The run; null where it was refused."""
    error: dict[str, Any] | None
    """`code`, `title` and `detail` of what the request was refused for."""
    accepted_at: AwareDatetime
    """When the request was accepted."""
    settled_at: AwareDatetime
    """When it was carried out or refused."""


class ReceiptEnvelope(Body):
    data: ReceiptBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ReplayBody(Body):
    replay_id: UUID | None
    """In the header `replay-id` of each; null of a preview."""
    events: int
    """How many."""
    preview: bool
    """Whether nothing was ordered."""


class ReplayEnvelope(Body):
    data: ReplayBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ReplayRequest(Body):
    """Which events to send again: all that satisfy every field given."""

    ids: list[UUID] | None = None
    """These events."""
    status: Literal["PENDING", "DELAYED", "FAILED", "SENT"] | str | None = None
    """Those that stand so."""
    topic: str | None = None
    """Those that go there."""
    created_after: AwareDatetime | None = None
    """Stored at this moment or later."""
    created_before: AwareDatetime | None = None
    """Stored before this moment."""
    reason: str
    """Why; it is kept beside what is done."""
    preview: bool = False
    """Only say how many they are."""


class ReplayedSelectionBody(Body):
    matching: int
    """How many runs the filter fits."""
    preview: bool
    """Whether nothing was done."""
    changed: int
    """How many runs were changed."""
    skipped: int
    """How many of `run_ids` were not: they had gone on meanwhile, or an equal run was there."""
    run_ids: list[UUID]
    """The oldest `limit` of the runs that the filter fits, in a preview and in the act."""
    new_run_ids: list[UUID]
    """The runs that take the place of those."""


class ReplayedSelectionEnvelope(Body):
    data: ReplayedSelectionBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ReportBody(Body):
    id: UUID
    """Its id."""
    title: str
    """What it is called."""
    notes: str
    """What its author says of it."""
    baseline_run_id: UUID
    """The run that the others are compared with."""
    run_ids: list[UUID]
    """The others, in their order."""
    snapshot_id: str
    """The state of the table that was read."""
    size: int
    """Bytes of the document."""
    sha256: str
    """Of the document, hexadecimal."""
    created_at: AwareDatetime
    """When it was frozen."""
    created_by: str
    """Who froze it."""


class ReportEnvelope(Body):
    data: ReportBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ReportLinkBody(Body):
    id: UUID
    """Its id."""
    expires_at: AwareDatetime
    """Until when."""
    created_at: AwareDatetime
    """When it was made."""
    created_by: str
    """Who made it."""
    revoked_at: AwareDatetime | None
    """When it was revoked."""
    revoked_by: str | None
    """Who revoked it."""


class ReportList(Body):
    data: list[ReportBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class ReportRequest(Body):
    """What to freeze: the comparison that `GET /v1/compare` gives for the same words."""

    title: str
    """What it is called."""
    notes: str = ""
    """What you have to say of it; frozen with it."""
    baseline: UUID
    """The run that the others are compared with."""
    runs: list[UUID]
    """The others, in the order in which they are to stand."""
    metrics: list[str] | None = None
    """Only these; empty: all."""
    years: str | None = None
    """A year, or the first and the last: 2030, or 2026-2035."""
    snapshot_id: str | None = None
    """Read this snapshot, which somebody saw, instead of the newest."""


class ResendRequest(Body):
    """Which deliveries to send again: what failed or was cancelled of what happened since a moment."""

    since: AwareDatetime
    """Of what happened at this moment or later."""
    preview: bool = False
    """Only say which they are."""


class ResentBody(Body):
    matching: int
    """How many deliveries fit."""
    delivery_ids: list[UUID]
    """The oldest of them."""
    preview: bool
    """Whether nothing was done."""


class ResentEnvelope(Body):
    data: ResentBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ResetRequest(Body):
    reason: str
    """Why; it is kept beside what is done."""


class Restoration(Body):
    """How a deleted scenario comes back: under its name, or under another where that one is taken."""

    name: str | None = None
    """The name it comes back under; its own where it is left out."""


class ResultBaselineBody(Body):
    """The system that was computed."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    name: str
    """Its name."""
    version: str | None = None
    """Its version."""
    digest: str | None = None
    """SHA-256 of its tables: equal digests are equal systems."""
    illustrative: bool | None = None
    """Whether its numbers are made up to show the model, as the built-in baseline's are."""


class RunErrorBody(Body):
    """Why a run, or an attempt at it, did not succeed."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    code: str
    """What went wrong, to branch on: `model_input`, `run_timeout`, `worker_lost`, `part_failed`, `set_by_hand` …"""
    message: str
    """The same in words."""
    poison: bool = False
    """Whether trying again would fail again."""


class RunLimitsBody(Body):
    max_running: int
    """How many runs may be in work at once."""
    in_work: int
    """How many are."""
    queued: int
    """How many wait."""


class RunSeriesBody(Body):
    v: list[float | None]
    """The baseline run's values; null where it has none."""
    lo: list[float | None] | None = None
    """P5; left out where nothing is random."""
    hi: list[float | None] | None = None
    """P95."""
    run_id: str
    """The run."""
    delta: list[float | None]
    """`v` less the baseline's, in the unit of the series."""
    relative: list[float | None]
    """`delta` over the size of the baseline's: 0.1 is a tenth more."""
    lo_delta: list[float | None] | None = None
    """The run's P5 less the baseline's; where both have bands."""
    hi_delta: list[float | None] | None = None
    """The run's P95 less the baseline's; where both have bands."""
    null_because: (
        list[Literal["not_in_run", "not_in_baseline", "undefined", "baseline_is_zero"] | str | None] | None
    ) = None
    """Of each date why `delta` or `relative` is null; left out where none is."""


class ScenarioEventBody(Body):
    id: UUID
    """Its id."""
    scenario_id: UUID
    """The scenario's id."""
    run_id: UUID | None
    """The run's id."""
    event_type: str
    """What happened: `SCENARIO_CREATED`, `RUN_REQUESTED`, `RUN_SUCCEEDED` …"""
    actor: str
    """Who did it."""
    correlation_id: str
    """Of the request that it goes back to."""
    data: dict[str, Any]
    """What belongs to it, by the type."""
    occurred_at: AwareDatetime
    """When it happened."""


class ScenarioEventList(Body):
    data: list[ScenarioEventBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class Seasonal(Body):
    """A wave over the year, or twelve deviations."""

    amplitude: float | None = None
    """`amplitude·cos(2π(month − peak_month)/12)`; needs `peak_month`"""
    peak_month: int | None = None
    """month of the highest value"""
    monthly: list[float] | None = None
    """the deviations themselves, January first; instead of a wave"""


class SelectionEnvelope(Body):
    data: CancelledSelectionBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class SeriesBody(Body):
    """All values of a metric, run, tags and unit. The lists are of one length, in the order of the dates."""

    metric: str
    """What is measured."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of all the values."""
    run_id: str
    """The run that computed them."""
    t: list[str]
    """The first day of each period."""
    v: list[float | None]
    """The values, in `unit`; null where one is not a finite number."""
    lo: list[float | None] | None = None
    """P5; left out where nothing is random."""
    hi: list[float | None] | None = None
    """P95."""
    h: list[int] | None = None
    """Which of the year's hours each value is of, from 1; only of hourly results."""


class ShareBody(Body):
    """What one assumption adds to the change in NPV."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    label: str
    """The path of the assumption, or what else adds to the change."""
    driver_type: str
    """Its kind."""
    eur: float
    """In whole cents of the result's currency."""


class SnapshotMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    snapshot_id: str | None = None
    """The state of the table that was read: as a parameter it gives the same again."""


class StateChangeBody(Body):
    kind: str
    """`run`, `incident` or `export`; there may be others in time."""
    id: UUID
    """Of the run, the incident or the export."""
    scenario_id: UUID | None
    """Of a run or an export its scenario."""
    state: str
    """The state that it came into. It may have left it since; then that is a later item."""
    changed_at: AwareDatetime
    """When."""


class StatisticsBody(Body):
    """What the draws say of a value that stands for all years, and how sure that is."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    unit: str
    """The currency."""
    mean: float
    """Of the draws."""
    standard_error: float | None = None
    """Of the mean; null for one draw."""
    percentiles: list[PercentileBody]
    """5, 50, 95 and those that the parameter `percentiles` names, in order."""


class StochasticPayload(Body):
    """An input that is random; bands come from the run's draws."""

    start_year: int | None = None
    """first year in force"""
    end_year: int | None = None
    """last year in force (inclusive)"""
    quantity: Literal["LOAD", "FUEL_PRICE", "CARBON_PRICE", "AVAILABILITY"] | str
    """the quantity that is moved, in MW, EUR/GJ, EUR/t or as a share of the installed capacity"""
    fuel: str | None = None
    """a fuel of the baseline; only with `FUEL_PRICE`"""
    technology: str | None = None
    """a technology of the baseline; only with `AVAILABILITY`"""
    distribution: Literal["NORMAL", "LOGNORMAL", "UNIFORM", "TRIANGULAR"] | str
    """NORMAL and LOGNORMAL have `mean` and `std`, UNIFORM `low` and `high`, TRIANGULAR `low`, `high` and `mode`"""
    mean: float | None = None
    """mean of the variable itself, also for LOGNORMAL, where it is > 0"""
    std: float | None = None
    """standard deviation of the variable itself, also for LOGNORMAL"""
    low: float | None = None
    """smallest value"""
    high: float | None = None
    """largest value, not below `low`"""
    mode: float | None = None
    """likeliest value, within `low` and `high`"""
    operation: Literal["MULTIPLY", "ADD"] | str = "MULTIPLY"
    """the draw is a factor, or an amount in the quantity's unit"""
    variation: Literal["PER_RUN", "PER_YEAR", "AUTOREGRESSIVE"] | str = "PER_RUN"
    """one draw for all years; independent years; years linked by `persistence`"""
    persistence: float | None = None
    """AUTOREGRESSIVE only: correlation of one year with the next"""
    minimum: float | None = None
    """draws are not below it"""
    maximum: float | None = None
    """draws are not above it; not below `minimum`"""
    name: str | None = None
    """what other drivers correlate with; unique in the scenario"""
    correlations: Annotated[list[Correlation], Field(validate_default=True)] = []
    """rank-normal (Gaussian copula) correlation with other stochastic drivers in every year; the matrix must be positive semi-definite, and within what different persistences allow"""


class StorageFields(Body):
    """What makes an added unit a storage; MW of discharge are the unit's `capacity_mw`."""

    energy_mwh: float
    """energy stored at most"""
    charge_efficiency: float
    """share of the energy taken that is stored"""
    discharge_efficiency: float
    """share of the energy stored that is given"""
    charge_mw: float | None = None
    """power of its charge; 0 for a reservoir without pump"""
    initial_level: float | None = None
    """level at the beginning of each period; with `final_level`"""
    final_level: float | None = None
    """least level at the end of each period; with `initial_level`"""
    inflow: str | None = None
    """a profile of the baseline; with `inflow_mw`"""
    inflow_mw: float | None = None
    """energy that flows in where the profile is 1; what doesn't fit is spilled"""


class TableSource(Body):
    """A table's content: CSV text, Parquet in base64, or the id of an upload."""

    csv: str | None = None
    """The table as CSV, in UTF-8."""
    parquet_base64: str | None = None
    """The table as Parquet, in base64."""
    upload_id: UUID | None = None
    """What was sent to the URL of an upload."""


class Tables(Body):
    units: TableSource
    """Generating units."""
    load: TableSource
    """Load by hour, in MW."""
    profiles: TableSource | None = None
    """Capacity factors by hour, of wind and sun."""
    prices: TableSource | None = None
    """Prices of fuels and carbon."""
    storage: TableSource | None = None
    """Storages."""


class Technology(Body):
    """What there is of a technology, and what a new unit of it is like; None where an old baseline does not tell."""

    units: int | None
    """How many units there are."""
    capacity_mw: float
    """MW of all its units, whatever the years in which they run."""
    fuel: str | None
    """Empty where it burns none."""
    renewable: bool | None
    """Whether it counts for an RPS."""
    storage: bool | None = None
    """Whether it stores energy."""


class TenantBody(Body):
    tenant_id: str
    """What the claim `tenant_id` of its tokens says."""
    name: str
    """What it is called."""
    active: bool
    """Whether its people and runs are served."""
    settings: dict[str, Any]
    """`operations` overrides the policy of operations."""
    version: int
    """Counts its changes, from 1; 0 of a tenant that works without having been registered."""
    created_at: AwareDatetime | None
    """When it was registered."""
    created_by: str | None
    """Who registered it."""
    updated_at: AwareDatetime | None
    """When it was changed last."""
    updated_by: str | None
    """Who changed it last."""


class TenantChanges(Body):
    name: str | None = None
    """What it is called."""
    active: bool | None = None
    """Whether its people and runs are served."""
    settings: dict[str, Any] | None = None
    """`operations` overrides the policy of operations."""


class TenantDocument(Body):
    tenant_id: str
    """What the claim `tenant_id` of its tokens says."""
    name: str
    """What it is called."""
    active: bool = True
    """Whether its people and runs are served."""
    settings: dict[str, Any] | None = None
    """`operations` overrides the policy of operations."""


class TenantEnvelope(Body):
    data: TenantBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class TenantList(Body):
    data: list[TenantBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class TimelineBody(Body):
    id: UUID
    """Its id."""
    kind: Literal["EVENT", "TRANSITION", "DECISION", "ACTION"] | str
    """What it is."""
    at: AwareDatetime
    """When it happened."""
    summary: str
    """In one line."""
    detail: dict[str, Any]
    """The whole, by the kind."""


class Trend(Body):
    kind: Literal["LINEAR", "EXPONENTIAL"] | str
    """with k years since `start_year`: `rate·k`, or `(1+rate)^k − 1`"""
    rate: float
    """growth"""


class UnitYears(Body):
    """A unit's technology, and the years in which it runs: from `in_year` until before `out_year`."""

    technology: str
    """Its technology."""
    in_year: int
    """The first year in which it runs."""
    out_year: int | None
    """The first year in which it does not; null where it runs on."""


class UploadBody(Body):
    upload_id: UUID
    """To name it by in a baseline."""
    url: str
    """Where to send the table, within an hour and without a token."""
    method: str
    """How: PUT."""


class UploadEnvelope(Body):
    data: UploadBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class VendorBody(Body):
    id: UUID
    """Its id."""
    name: str
    """Unique among the tenant's vendors."""
    description: str
    """What it is, in your words."""
    failure_threshold: int
    """Failures in a row after which its breaker opens."""
    reset_seconds: int
    """Seconds after which an open breaker lets one call through."""
    rate_per_minute: int | None
    """Calls a minute; null where they are not limited."""
    max_retries: int
    """How often a call that failed is tried again."""
    version: int
    """Counts its changes, from 1."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""


class VendorChanges(Body):
    name: str | None = None
    """Unique among the tenant's vendors."""
    description: str | None = None
    """What it is, in your words."""
    failure_threshold: int | None = None
    """Failures in a row after which its breaker opens."""
    reset_seconds: int | None = None
    """Seconds after which an open breaker lets one call through."""
    rate_per_minute: int | None = None
    """Calls a minute; null where they are not limited."""
    max_retries: int | None = None
    """How often a call that failed is tried again."""


class VendorDocument(Body):
    tenant_id: str | None = None
    """Where it is given it must be the token's."""
    name: str
    """Unique among the tenant's vendors."""
    description: str = ""
    """What it is, in your words."""
    failure_threshold: int = 5
    """Failures in a row after which its breaker opens."""
    reset_seconds: int = 60
    """Seconds after which an open breaker lets one call through."""
    rate_per_minute: int | None = None
    """Calls a minute; null where they are not limited."""
    max_retries: int = 3
    """How often a call that failed is tried again."""


class VendorEnvelope(Body):
    data: VendorBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class VendorList(Body):
    data: list[VendorBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class VendorStandingBody(Body):
    breaker: Literal["CLOSED", "OPEN", "HALF_OPEN"] | str
    """CLOSED lets calls through, OPEN none, HALF_OPEN one."""
    failures: int
    """Failures in a row."""
    opened_at: AwareDatetime | None
    """When it opened; null where it is closed."""
    opened_by: str
    """Who opened it, where somebody did."""
    calls_in_last_minute: int
    """Calls that count against the limit."""


class VendorStandingEnvelope(Body):
    data: VendorStandingBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class VocabularyBody(Body):
    """What a scenario on the baseline may name. Null is what a baseline does not tell that was stored before it was kept."""

    years: list[Any]
    """The first and the last."""
    fuels: list[str]
    """In alphabetical order."""
    technologies: dict[str, Technology]
    """By name."""
    units: dict[str, UnitYears] | None
    """By name."""
    profiles: list[str] | None
    """Names of hourly profiles."""
    build_mix: dict[str, float] | None
    """Technologies that an RPS builds, as shares."""
    chronological: bool | None
    """Whether its hours follow one another, a calendar or whole days, so that energy can be stored from one to the next."""
    hours: int | None
    """How many hours, or quarters of them, a year has."""
    weather_years: list[int]
    """Years of weather, of which a run takes one or all as an ensemble; none where there is but one weather."""


class WaitsForBody(Body):
    """For what a queued run waits."""

    kind: Literal["TENANT", "SWITCH", "WORKFLOW", "RETRY", "LIMIT", "TURN"] | str
    """The tenant is not active, a kill switch, a paused workflow, the time of its next attempt, the tenant's limit; or only that it is taken."""
    reason: str
    """The same in words."""
    place: int
    """Its place in the tenant's line, counted to 10,000."""
    scope: str | None = None
    """Of a kill switch: what it stops."""
    target: str | None = None
    """Of a kill switch or a workflow: which."""
    switch_id: UUID | None = None
    """The kill switch."""
    until: AwareDatetime | None = None
    """Of a retry: when it may begin."""
    max_running: int | None = None
    """Of a limit: how many runs may be in work."""
    in_work: int | None = None
    """Of a limit: how many are."""


class WarningBody(Body):
    """Something that is accepted, but may not be meant."""

    path: str
    """What it is about, such as `assumptions[0]`."""
    rule: str
    """To branch on."""
    message: str
    """In words."""


class WebhookBody(Body):
    id: UUID
    """Its id."""
    url: str
    """Where events are posted to."""
    description: str
    """What it is for, in your words."""
    event_types: list[str]
    """The types of events that it is told of; empty: all."""
    scenario_ids: list[UUID]
    """Only of runs and exports of these scenarios; empty: of everything."""
    tags: list[str]
    """Only of runs and exports of scenarios that have one of these tags; empty: of everything."""
    ordered: bool
    """Whether one event is delivered before the next is sent."""
    signing: Literal["hmac", "ed25519"] | str
    """By what requests are signed: `hmac`, with a secret that both sides have (`v1`), or `ed25519`, whose `public_key` verifies (`v1a`)."""
    public_key: str
    """With `ed25519` what signatures are verified with, `whpk_…`; empty with `hmac`."""
    state: Literal["ENABLED", "PAUSED", "DISABLED"] | str
    """PAUSED keeps what comes until it is ENABLED again; DISABLED is sent nothing, and keeps nothing."""
    state_reason: str
    """Why it was disabled, where that was not by hand."""
    version: int
    """Counts its changes, from 1."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""


class WebhookChanges(Body):
    url: str | None = None
    """Where events are posted to."""
    description: str | None = None
    """What it is for, in your words."""
    event_types: (
        list[
            Literal[
                "run.succeeded",
                "run.failed",
                "run.cancelled",
                "run.timeout",
                "incident.opened",
                "incident.escalated",
                "incident.resolved",
                "incident.reopened",
                "export.ready",
                "export.failed",
            ]
            | str
        ]
        | None
    ) = None
    """The types of events that it is told of; empty: all."""
    scenario_ids: list[UUID] | None = None
    """Only of runs and exports of these scenarios; empty: of everything."""
    tags: list[str] | None = None
    """Only of runs and exports of scenarios that have one of these tags; empty: of everything."""
    ordered: bool | None = None
    """Whether one event is delivered before the next is sent."""
    state: Literal["ENABLED", "PAUSED", "DISABLED"] | str | None = None
    """PAUSED keeps what comes until it is ENABLED again; DISABLED is sent nothing, and keeps nothing."""


class WebhookDocument(Body):
    tenant_id: str | None = None
    """Where it is given it must be the token's."""
    url: str
    """Where events are posted to."""
    description: str = ""
    """What it is for, in your words."""
    event_types: (
        list[
            Literal[
                "run.succeeded",
                "run.failed",
                "run.cancelled",
                "run.timeout",
                "incident.opened",
                "incident.escalated",
                "incident.resolved",
                "incident.reopened",
                "export.ready",
                "export.failed",
            ]
            | str
        ]
        | None
    ) = None
    """The types of events that it is told of; empty: all."""
    scenario_ids: list[UUID] | None = None
    """Only of runs and exports of these scenarios; empty: of everything."""
    tags: list[str] | None = None
    """Only of runs and exports of scenarios that have one of these tags; empty: of everything."""
    ordered: bool = False
    """Whether one event is delivered before the next is sent."""
    signing: Literal["hmac", "ed25519"] | str = "hmac"
    """By what requests are signed: `hmac`, with a secret that both sides have (`v1`), or `ed25519`, whose `public_key` verifies (`v1a`)."""
    state: Literal["ENABLED", "PAUSED"] | str = "ENABLED"
    """PAUSED keeps what comes until it is ENABLED again; DISABLED is sent nothing, and keeps nothing."""


class WebhookEnvelope(Body):
    data: WebhookBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class WebhookList(Body):
    data: list[WebhookBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class WholeBaselineBody(Body):
    """A baseline and its vocabulary; of the built-in one only these are known here, the rest is null."""

    id: UUID | None
    """Null of the built-in one."""
    version: int
    """Which version."""
    name: str
    """By which scenarios name it; the built-in one is used where they name none."""
    built_in: bool
    """Whether it is the built-in one."""
    digest: str | None
    """SHA-256 over its tables and options."""
    options: dict[str, Any] | None
    """What was said of it beside the tables."""
    summary: dict[str, Any] | None
    """What was read from the tables."""
    vocabulary: VocabularyBody
    """What a scenario on it may name."""
    created_at: AwareDatetime | None
    """When it was created."""
    created_by: str | None
    """Who created it."""


class WholeBaselineEnvelope(Body):
    data: WholeBaselineBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class WholeDeliveryBody(Body):
    id: UUID
    """Its id."""
    webhook_id: UUID
    """The webhook's id."""
    event_id: UUID
    """The `webhook-id` under which it is sent, each time the same."""
    event_type: str
    """What happened."""
    state: Literal["PENDING", "DELIVERED", "FAILED", "CANCELLED"] | str
    """FAILED was given up; CANCELLED was not sent as the endpoint was disabled or deleted."""
    attempts: int
    """How often it was sent."""
    due_at: AwareDatetime
    """When it is sent next, while it is PENDING."""
    status: int | None
    """The HTTP status of the last answer; null where there was none."""
    error: str | None
    """Why the last attempt failed; null where it did not."""
    created_at: AwareDatetime
    """When the event happened."""
    completed_at: AwareDatetime | None
    """When it was DELIVERED, FAILED or CANCELLED."""
    body: str
    """What is sent, byte for byte."""
    tries: list[DeliveryAttemptBody]
    """What was tried, the last first, at most 100."""


class WholeDeliveryEnvelope(Body):
    data: WholeDeliveryBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class WholeReportBody(Body):
    id: UUID
    """Its id."""
    title: str
    """What it is called."""
    notes: str
    """What its author says of it."""
    baseline_run_id: UUID
    """The run that the others are compared with."""
    run_ids: list[UUID]
    """The others, in their order."""
    snapshot_id: str
    """The state of the table that was read."""
    size: int
    """Bytes of the document."""
    sha256: str
    """Of the document, hexadecimal."""
    created_at: AwareDatetime
    """When it was frozen."""
    created_by: str
    """Who froze it."""
    links: list[ReportLinkBody]
    """The last 100, newest first, with those that open nothing any more."""


class WholeReportEnvelope(Body):
    data: WholeReportBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class WorkflowDocument(Body):
    tenant_id: str | None = None
    """Where it is given it must be the token's."""
    name: str
    """Unique among the tenant's workflows."""
    description: str = ""
    """What it is, in your words."""
    max_retries: int = 3
    """How often a failure of it is tried again."""
    dry_run: bool = False
    """Whether actions only say what they would do."""


class ActionBody(Body):
    id: UUID
    """Its id."""
    incident_id: UUID | None
    """The incident's id."""
    decision_id: UUID | None
    """The decision's id."""
    action_type: (
        Literal[
            "RETRY",
            "ESCALATE",
            "MANUAL",
            "BREAKER_OPEN",
            "BREAKER_CLOSE",
            "KILL_SWITCH_ON",
            "KILL_SWITCH_OFF",
            "WORKFLOW_PAUSE",
            "WORKFLOW_RESUME",
            "CANCEL_RUN",
        ]
        | str
    )
    """What is done."""
    target: str
    """The id of what it is done to."""
    parameters: dict[str, Any]
    """How, by the type."""
    state: Literal["PENDING", "IN_PROGRESS", "SUCCEEDED", "FAILED", "SKIPPED"] | str
    """Where it stands."""
    result: dict[str, Any] | None
    """What came of it; null before."""
    dry_run: bool
    """Whether it only says what it would do."""
    reverses_id: UUID | None
    """The action that this one undoes."""
    attempt: int
    """Which attempt this is; 0 before the first."""
    postponed: int
    """How often it was put off."""
    waits_for: dict[str, Any] | None
    """Why it was put off last: its vendor's breaker, or a kill switch."""
    requested_by: str
    """Who asked for it, or the decision that did."""
    correlation_id: str
    """Of the request that it goes back to."""
    due_at: AwareDatetime
    """When it is to be done."""
    created_at: AwareDatetime
    """When it was created."""
    started_at: AwareDatetime | None
    """When it began; null before."""
    completed_at: AwareDatetime | None
    """When it ended; null before."""
    completed_by: str | None
    """Who ended it, where a person did."""


class ActionDocument(Body):
    """An action asked for by a person; it is performed within moments."""

    action_type: (
        Literal[
            "RETRY",
            "ESCALATE",
            "MANUAL",
            "BREAKER_OPEN",
            "BREAKER_CLOSE",
            "KILL_SWITCH_ON",
            "KILL_SWITCH_OFF",
            "WORKFLOW_PAUSE",
            "WORKFLOW_RESUME",
            "CANCEL_RUN",
        ]
        | str
    )
    """What to do."""
    target: str = ""
    """The id of what to do it to; the incident's where it is left out."""
    incident_id: UUID | None = None
    """The incident that it is about."""
    scope: Literal["TENANT", "WORKFLOW", "VENDOR"] | str | None = None
    """Of a kill switch."""
    reason: str
    """Why; it is kept beside what is done."""
    dry_run: bool = False
    """Only say what would be done."""


class ActionEnvelope(Body):
    data: ActionBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ActionList(Body):
    data: list[ActionBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class AggregateList(Body):
    data: list[AggregateBody]
    """What was asked for."""
    meta: SnapshotMeta
    """What goes with it."""


class AttemptBody(Body):
    attempt: int
    """Which attempt, from 1."""
    worker: str
    """The worker that made it."""
    outcome: str | None
    """How it ended: SUCCEEDED, FAILED, CANCELLED, TIMEOUT, or LOST where its worker died; null while it lasts."""
    error: RunErrorBody | None
    """Why it failed; null otherwise."""
    started_at: AwareDatetime
    """When it began."""
    ended_at: AwareDatetime | None
    """When it ended; null while it lasts."""


class AttemptList(Body):
    data: list[AttemptBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class AttributionBody(Body):
    """How the change in NPV against the untouched baseline divides: the shares add up to it to the cent."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
    )
    metric: str
    """What is divided: `npv`."""
    reference: float
    """The metric of the untouched baseline."""
    result: float
    """The metric of the run."""
    change: float
    """`result` − `reference`."""
    shares: list[ShareBody]
    """One for each assumption, and for what else adds to the change."""
    method: str
    """How it was divided."""


class AuditList(Body):
    data: list[AuditBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class BaselineList(Body):
    data: list[BaselineBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class BaselineTablesEnvelope(Body):
    data: list[BaselineTableBody]
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class CancellationBody(Body):
    id: UUID
    """Its id."""
    scenario_id: UUID | None
    """The scenario that was deleted, or that the filter names; null means of every scenario."""
    states: list[Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str] | None
    """In one of these states; null means any that has not ended."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str | None
    """Of this priority; null means any."""
    created_after: AwareDatetime | None
    """Asked for at this moment or later; null means any."""
    created_before: AwareDatetime | None
    """Asked for before this moment; null means any."""
    matching: int | None
    """How many runs fitted when it was asked for; null where that was not counted."""
    cancelled: int
    """How many are cancelled by now. In the end some may be missing that ended otherwise meanwhile."""
    requested_at: AwareDatetime
    """When it was asked for. Runs asked for later are not cancelled."""
    completed_at: AwareDatetime | None
    """When the last of its runs was cancelled; null while it goes on."""
    cause: Literal["FILTER", "DELETION"] | str
    """Whether a filter asked for it, or the scenario was deleted."""
    requested_by: str
    """Who asked for it."""


class CancellationEnvelope(Body):
    data: CancellationBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class CancellationList(Body):
    data: list[CancellationBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class ChangeList(Body):
    data: list[ChangeBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class ChangesEnvelope(Body):
    data: list[StateChangeBody]
    """What was asked for."""
    meta: ChangesMeta
    """What goes with it."""


class ComparedRowBody(Body):
    metric: str
    """What is measured."""
    asof_date: str
    """The first day of the period."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of the values and differences."""
    baseline: float | None
    """The baseline run's value."""
    baseline_band_lower: float | None = None
    """P5 of the baseline run; left out where nothing is random."""
    baseline_band_upper: float | None = None
    """P95 of the baseline run."""
    runs: list[DeltaBody]
    """In the order in which the runs were named."""


class ComparedSeriesBody(Body):
    """All values of a metric, tags and unit. The lists are of one length, in the order of the dates."""

    metric: str
    """What is measured."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of the values and differences."""
    t: list[str]
    """The first day of each period."""
    baseline: BaselineSeriesBody
    """The baseline run's."""
    runs: list[RunSeriesBody]
    """In the order in which the runs were named."""


class ComparisonBody(Body):
    baseline: ComparedRunBody
    """The run that the others are compared with."""
    runs: list[OtherRunBody]
    """In the order in which they were named."""
    rows: list[ComparedRowBody]
    """One for each metric, date, tags and unit that any of the runs has, in this order; none with `shape=series`."""
    series: list[ComparedSeriesBody] | None = None
    """With `shape=series` in place of the rows; left out otherwise."""


class ComparisonEnvelope(Body):
    data: ComparisonBody
    """What was asked for."""
    meta: SnapshotMeta
    """What goes with it."""


class DataFileList(Body):
    data: list[DataFileBody]
    """What was asked for."""
    meta: DataFilesMeta
    """What goes with it."""


class DecisionEnvelope(Body):
    data: DecisionBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class DecisionList(Body):
    data: list[DecisionBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class DeliveryEnvelope(Body):
    data: DeliveryBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class DeliveryList(Body):
    data: list[DeliveryBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class DifferenceList(Body):
    data: list[DifferenceBody]
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class EntryBody(Body):
    tenant_id: str
    """Where it is given it must be the token's."""
    id: UUID
    """Its id."""
    topic: str
    """Where it goes."""
    dedupe_key: str | None
    """By which a second one of it is told; null where every one counts."""
    created_at: AwareDatetime
    """When it was created."""
    status: Literal["PENDING", "DELAYED", "FAILED", "SENT"] | str
    """Where it stands."""
    attempts: int
    """How often it was tried."""
    last_error: str | None
    """Why it was refused last."""
    retry_at: AwareDatetime | None
    """When it is tried again."""
    failed_at: AwareDatetime | None
    """When it was given up."""


class EntryList(Body):
    data: list[EntryBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class EventBody(Body):
    id: UUID
    """Its id."""
    workflow_id: UUID
    """The workflow's id."""
    vendor_id: UUID | None
    """The vendor that it is about."""
    run_id: UUID | None
    """The run that it is about."""
    incident_id: UUID | None
    """The incident that it counts into."""
    event_type: str
    """What happened."""
    severity: Literal["INFO", "WARNING", "ERROR", "CRITICAL"] | str
    """How bad it is, as the sender or the rules say."""
    source: Literal["API", "PLATFORM"] | str
    """Who sent it: somebody by the API, or the platform itself."""
    payload: dict[str, Any]
    """What the sender says of it; `error.code` and `error.message` are read."""
    idempotency_key: str | None
    """The key that it came with."""
    correlation_id: str
    """Of the request that it goes back to."""
    occurred_at: AwareDatetime
    """When it happened, by the sender."""
    received_at: AwareDatetime
    """When it was stored."""


class EventDocument(Body):
    """An event. A failure (by its severity, which rules may raise) counts into the incident of its signature."""

    event_type: str
    """What happened."""
    workflow_id: UUID
    """The workflow's id."""
    payload: dict[str, Any] | None = None
    """What the sender says of it; `error.code` and `error.message` are read."""
    occurred_at: AwareDatetime
    """When it happened, by the sender."""
    severity: Literal["INFO", "WARNING", "ERROR", "CRITICAL"] | str = "INFO"
    """How bad it is; rules may raise it."""
    vendor_id: UUID | None = None
    """The vendor that it is about."""
    run_id: UUID | None = None
    """The run that it is about."""
    fingerprint: str | None = None
    """Overrides the signature made of type, workflow and error."""
    idempotency_key: str | None = None
    """The key that it came with."""
    tenant_id: str | None = None
    """Where it is given it must be the token's."""


class EventEnvelope(Body):
    data: EventBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class EventList(Body):
    data: list[EventBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class ExportBody(Body):
    """`files` are there once it SUCCEEDED, `error` once it FAILED or was CANCELLED."""

    id: UUID
    """Its id."""
    scenario_id: UUID
    """The scenario's id."""
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] | str
    """Where it stands; SUCCEEDED, FAILED and CANCELLED are ends."""
    format: Literal["csv", "parquet", "arrow"] | str
    """Of the files."""
    snapshot_id: str
    """The state of the table that is read."""
    submitted_at: AwareDatetime
    """When it was begun."""
    scanned_bytes: int
    """Bytes that Athena read for it; 0 where the API made it itself."""
    files: list[ExportFileBody]
    """The parts of the result."""
    error: ExportErrorBody | None
    """Why there is none; null otherwise."""


class ExportEnvelope(Body):
    data: ExportBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class FiguresList(Body):
    data: list[FiguresBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class FleetChangePayload(Body):
    """A unit that is built or retired."""

    action: Literal["ADD", "RETIRE"] | str
    """RETIRE needs `unit` or `technology`, not both"""
    year: int
    """first year in which the unit runs (ADD) or no longer runs (RETIRE)"""
    technology: str | None = None
    """a technology of the baseline. ADD: required; one that is new to the baseline needs `variable_cost`, `fixed_cost`, `capex` and `life_years`. RETIRE: all units of it"""
    unit: str | None = None
    """ADD: name of the new unit, unique in the scenario (without it: made from technology and year). RETIRE: one unit of the baseline"""
    capacity_mw: float | None = None
    """ADD: required. RETIRE: MW to take, pro rata over the units that match; without it all"""
    out_year: int | None = None
    """ADD only: first year without the unit, after `year`"""
    heat_rate: float | None = None
    """ADD only"""
    variable_cost: float | None = None
    """ADD only"""
    fixed_cost: float | None = None
    """ADD only"""
    emission_factor: float | None = None
    """ADD only"""
    outage_rate: float | None = None
    """ADD only"""
    capex: float | None = None
    """ADD only: paid as an annuity from `year` for `life_years`, also after an earlier end"""
    life_years: int | None = None
    """ADD only"""
    reinvest: bool | None = None
    """ADD only: whether the capital is spent again at the end of each life; else the unit runs on without"""
    fuel: str | None = None
    """ADD only: a fuel of the baseline; with `heat_rate` and `emission_factor`"""
    profile: str | None = None
    """ADD only: a profile of the baseline, its availability by hour"""
    renewable: bool | None = None
    """ADD only: whether its energy counts for an RPS"""
    must_take: bool | None = None
    """ADD only: whether its energy is taken whatever the price"""
    storage: StorageFields | None = None
    """ADD only: makes the unit a storage; its technology may be new to the baseline"""


class FuelCurveAssumption(Body):
    driver_type: Literal["fuel_curve"] = "fuel_curve"
    """which driver"""
    payload: FuelCurvePayload
    """what it does"""


class FuelCurveComponent(Body):
    driver_type: Literal["fuel_curve"] = "fuel_curve"
    """which driver"""
    payload: FuelCurvePayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class IncidentBody(Body):
    id: UUID
    """Its id."""
    signature: str
    """Hash of what is the same of its failures."""
    algorithm: int
    """The version of how signatures are made."""
    previous_id: UUID | None
    """The incident of the same signature before it."""
    title: str
    """Its first failure, in short."""
    workflow_id: UUID
    """The workflow's id."""
    vendor_id: UUID | None
    """The vendor's id."""
    state: Literal["NEW", "ANALYZING", "ACTIONED", "RESOLVED", "IGNORED"] | str
    """Where it stands."""
    state_reason: str
    """Why it stands there."""
    severity: Literal["INFO", "WARNING", "ERROR", "CRITICAL"] | str
    """The worst of its events."""
    event_count: int
    """How many failures it has."""
    cycle: int
    """How often it was opened, from 1."""
    cycle_events: int
    """Failures since it was opened last."""
    first_seen: AwareDatetime
    """When the first failure happened."""
    last_seen: AwareDatetime
    """When the last one did."""
    opened_at: AwareDatetime
    """When it was opened last."""
    escalated_at: AwareDatetime | None
    """When its severity was raised last."""
    reopened_at: AwareDatetime | None
    """When it came back after it was closed."""
    resolved_at: AwareDatetime | None
    """When it was closed; null while it is open."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""


class IncidentEnvelope(Body):
    data: IncidentBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class IncidentList(Body):
    data: list[IncidentBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class IncidentMove(Body):
    state: Literal["NEW", "ANALYZING", "ACTIONED", "RESOLVED", "IGNORED"] | str
    """The state that it is to have."""
    reason: str
    """Why; it is kept beside what is done."""


class IngestedEnvelope(Body):
    data: IngestedBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class InvalidationEnvelope(Body):
    data: InvalidationBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class JournaledEnvelope(Body):
    data: JournaledBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class KillSwitchBody(Body):
    id: UUID
    """Its id."""
    scope: Literal["GLOBAL", "TENANT", "WORKFLOW", "VENDOR"] | str
    """What it stops."""
    target: str
    """The tenant, or the id of the workflow or vendor; empty of a global one."""
    active: bool
    """Whether it stops anything now."""
    by_platform: bool
    """Whether the platform's own people set it: then only they lift it."""
    reason: str
    """Why; it is kept beside what is done."""
    changed_at: AwareDatetime
    """When it was set or lifted last."""
    changed_by: str
    """Who did."""


class KillSwitchDocument(Body):
    """A switch to set. `target` is a tenant, or the id of a workflow or vendor; of a global switch it is left out."""

    scope: Literal["GLOBAL", "TENANT", "WORKFLOW", "VENDOR"] | str
    """What it is to stop."""
    target: str = ""
    """A tenant, or the id of a workflow or vendor; left out of a global switch."""
    reason: str
    """Why; it is kept beside what is done."""


class KillSwitchEnvelope(Body):
    data: KillSwitchBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class KillSwitchList(Body):
    data: list[KillSwitchBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class LimitsBody(Body):
    rate_limits: list[RateLimitBody]
    """A request falls under the longest rule that its path fits; none where nothing is limited."""
    runs: RunLimitsBody
    """How many runs may be in work."""
    longest_wait_seconds: int
    """The longest that a request with `wait` is held."""
    body_bytes: int
    """The largest body of a request."""


class LinkEnvelope(Body):
    data: LinkBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ListedRunBody(Body):
    id: UUID
    """Its id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_version: int
    """The version that is computed."""
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str
    """Where it stands."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str
    """How much earlier than others it is begun."""
    progress_percent: int
    """How much of the present attempt is done, 0 to 100."""
    attempt: int
    """Which attempt this is, from 1; 0 before the first."""
    version_hash: str
    """SHA-256 of all that decides the result: equal hashes are equal results."""
    parameters: dict[str, str | bool | int | float | dict[str, list[str | bool | int | float]]]
    """What it was asked for with, over the scenario's; a sweep's points are under `sweep`."""
    code_version: str
    """The version of the code that computes it."""
    environment: str
    """A mark of yours: runs of different environments never share a result."""
    seed: int
    """The seed of the draws."""
    timeout_minutes: int
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: int
    """Attempts after the first."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    started_at: AwareDatetime | None
    """When its first attempt began; null before."""
    completed_at: AwareDatetime | None
    """When it ended; null before."""
    error: RunErrorBody | None
    """Why it did not succeed, or why the last attempt did not; null without a failure."""
    output_rows: int | None
    """How many rows its result has; null before there is one."""
    output_bytes: int | None
    """Bytes of the file of its result; null before there is one."""
    gb_seconds: float
    """Computing time of all its attempts, in gigabytes of memory times seconds."""
    parts: int | None
    """Of a run that was split: into how many parts."""
    parent_run_id: UUID | None
    """Of a part: the run that it belongs to."""
    part: dict[str, Any] | None
    """Of a part: which one."""
    scenario_name: str
    """The scenario's present name."""
    model: str
    """The model that computes it."""


class ListedRunList(Body):
    data: list[ListedRunBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class LiveRunBody(Body):
    id: UUID
    """Its id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_version: int
    """The version that is computed."""
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str
    """Where it stands."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str
    """How much earlier than others it is begun."""
    progress_percent: int
    """How much of the present attempt is done, 0 to 100."""
    attempt: int
    """Which attempt this is, from 1; 0 before the first."""
    version_hash: str
    """SHA-256 of all that decides the result: equal hashes are equal results."""
    parameters: dict[str, str | bool | int | float | dict[str, list[str | bool | int | float]]]
    """What it was asked for with, over the scenario's; a sweep's points are under `sweep`."""
    code_version: str
    """The version of the code that computes it."""
    environment: str
    """A mark of yours: runs of different environments never share a result."""
    seed: int
    """The seed of the draws."""
    timeout_minutes: int
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: int
    """Attempts after the first."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    started_at: AwareDatetime | None
    """When its first attempt began; null before."""
    completed_at: AwareDatetime | None
    """When it ended; null before."""
    error: RunErrorBody | None
    """Why it did not succeed, or why the last attempt did not; null without a failure."""
    output_rows: int | None
    """How many rows its result has; null before there is one."""
    output_bytes: int | None
    """Bytes of the file of its result; null before there is one."""
    gb_seconds: float
    """Computing time of all its attempts, in gigabytes of memory times seconds."""
    parts: int | None
    """Of a run that was split: into how many parts."""
    parent_run_id: UUID | None
    """Of a part: the run that it belongs to."""
    part: dict[str, Any] | None
    """Of a part: which one."""
    waits_for: WaitsForBody | None
    """Null where the run is not queued."""


class LiveRunEnvelope(Body):
    data: LiveRunBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class LoadGrowthAssumption(Body):
    driver_type: Literal["load_growth"] = "load_growth"
    """which driver"""
    payload: LoadGrowthPayload
    """what it does"""


class LoadGrowthComponent(Body):
    driver_type: Literal["load_growth"] = "load_growth"
    """which driver"""
    payload: LoadGrowthPayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class MeBody(Body):
    subject: str
    """Who the token is of."""
    tenant_id: str
    """Whose data is seen and changed."""
    roles: list[str]
    """The roles in the token."""
    permissions: list[str]
    """What the roles allow, in alphabetical order."""
    limits: LimitsBody
    """What is limited, and what of it is used."""


class MeEnvelope(Body):
    data: MeBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class MeritOrderBody(Body):
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


class MeritOrderEnvelope(Body):
    data: MeritOrderBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class MetricList(Body):
    data: list[MetricBody]
    """What was asked for."""
    meta: MetricMeta
    """What goes with it."""


class ModelList(Body):
    data: list[ModelBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class NewBaseline(Body):
    """A baseline to be stored; of a name that exists it becomes the next version."""

    name: str
    """A name that exists gets its next version."""
    tables: Tables
    """What the system is."""
    price_year: int | None = None
    """The year of whose money the tables are."""
    value_of_lost_load: float | None = None
    """Cost of energy that is not served, in the tables' currency per MWh."""
    spill_cost: float | None = None
    """Cost of energy that is thrown away, in the tables' currency per MWh."""
    build_mix: dict[str, float] | None = None
    """Technologies of new renewables, as shares of the MW built; normalised."""
    currency: str | None = None
    """ISO 4217; the tables' money is in it, and the results say so. Without it EUR is assumed, and told."""
    resolution: Literal["hour", "as_given"] | str | None = None
    """`hour` averages quarter-hours."""
    end_year: int | None = None
    """Where the load has one year: the last of those that follow it."""
    load_growth: float | None = None
    """By how much the load of these years grows each year; only with `end_year`."""


class NewState(Body):
    tenant_id: str | None = None
    """Where given, it must be the token's."""
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str
    """The state that it is to have."""
    reason: str
    """Why; it is kept beside what is done."""


class OutboxEventBody(Body):
    event: EntryBody
    """Where it stands."""
    payload: Any
    """What it says."""
    headers: dict[str, str]
    """What goes with it."""
    published_at: list[AwareDatetime]
    """Each time it was published."""


class OutboxEventEnvelope(Body):
    data: OutboxEventBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class OutputList(Body):
    data: list[OutputBody] | list[HourlyOutputBody] | list[SeriesBody]
    """Rows; with `shape=series` one item for each metric, run, tags and unit."""
    meta: OutputMeta
    """What goes with it."""


class PolicyAssumption(Body):
    driver_type: Literal["policy"] = "policy"
    """which driver"""
    payload: PolicyPayload
    """what it does"""


class PolicyComponent(Body):
    driver_type: Literal["policy"] = "policy"
    """which driver"""
    payload: PolicyPayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class Problem(Body):
    """What went wrong (RFC 9457)."""

    type: str
    """The page that says what `code` means."""
    title: str
    """What `code` means, in words."""
    status: int
    """The HTTP status."""
    detail: str
    """What went wrong this time; may be shown."""
    instance: str
    """The path that was asked for."""
    code: (
        str
        | Literal[
            "action_not_found",
            "action_not_reversible",
            "already_exists",
            "answer_too_large",
            "bad_request",
            "baseline_changed",
            "baseline_not_found",
            "body_too_deep",
            "built_in_workflow",
            "cancellation_not_found",
            "changes_expired",
            "commit_outcome_unknown",
            "conflict",
            "constraint_violation",
            "database_access_denied",
            "database_circuit_open",
            "database_overloaded",
            "database_read_only",
            "database_unavailable",
            "decision_not_found",
            "event_not_found",
            "event_payload_too_large",
            "export_not_found",
            "export_too_large",
            "exports_unavailable",
            "feature_disabled",
            "filter_too_long",
            "forbidden",
            "history_not_kept",
            "idempotency_in_flight",
            "idempotency_key_reused",
            "illegal_state_transition",
            "illegal_transition",
            "incident_not_found",
            "internal_error",
            "invalid_baseline",
            "invalid_cursor",
            "invalid_json",
            "invalid_parameter",
            "invalid_target",
            "invalid_value",
            "journal_unavailable",
            "kill_switch_active",
            "kill_switch_held_by_platform",
            "kill_switch_not_found",
            "lake_batch_conflict",
            "lake_contention",
            "lake_unsupported",
            "lock_timeout",
            "maintenance_failed",
            "method_not_allowed",
            "model_not_found",
            "name_taken",
            "not_found",
            "outbox_backpressure",
            "output_file_corrupt",
            "output_file_missing",
            "output_file_unreadable",
            "overlap",
            "payload_too_large",
            "pool_exhausted",
            "query_timeout",
            "rate_limited",
            "reading_too_long",
            "receipt_not_found",
            "reference_violation",
            "replay_too_large",
            "report_link_not_found",
            "report_not_found",
            "report_too_large",
            "request_refused",
            "result_too_large",
            "route_not_found",
            "run_already_ended",
            "run_not_found",
            "run_publishing",
            "run_without_result",
            "scenario_already_exists",
            "scenario_archived",
            "scenario_not_deleted",
            "scenario_not_found",
            "scenario_publishing",
            "scenario_version_not_found",
            "setting_not_found",
            "shared_report_not_found",
            "snapshot_expired",
            "snapshot_not_found",
            "statement_rejected",
            "storage_error",
            "tenant_inactive",
            "tenant_isolation",
            "tenant_not_found",
            "too_many_reports",
            "too_many_requests",
            "too_many_webhooks",
            "transaction_aborted",
            "transaction_conflict",
            "unauthorized",
            "unavailable",
            "under_kill_switch",
            "unknown_reference",
            "unsupported_media_type",
            "validation_failed",
            "value_missing",
            "value_not_allowed",
            "vendor_breaker_open",
            "vendor_failed",
            "vendor_kill_switch",
            "vendor_not_found",
            "vendor_rate_limited",
            "version_conflict",
            "webhook_delivery_not_found",
            "webhook_disabled",
            "webhook_not_found",
            "workflow_not_found",
        ]
    )
    """To branch on; a later version may have more of them."""
    request_id: str
    """To report it by."""
    errors: list[FieldProblem] | None = None
    """The rules that the request breaks."""
    event_id: UUID | None = None
    """Of `idempotency_key_reused`: What the key was used for."""
    existing_id: UUID | None = None
    """Of `scenario_already_exists`: The scenario that has the name."""
    reason: str | None = None
    """Of `kill_switch_active`: Why it is stopped."""
    required_permission: str | None = None
    """Of `forbidden`, `kill_switch_held_by_platform`, `tenant_inactive`: The permission that is missing."""
    run_id: UUID | None = None
    """Of `idempotency_key_reused`: What the key was used for."""
    scope: str | None = None
    """Of `kill_switch_active`: What is stopped: GLOBAL, TENANT, WORKFLOW or VENDOR."""
    state: str | None = None
    """Of `illegal_state_transition`, `illegal_transition`, `run_already_ended`, `run_without_result`: Where it stands."""
    switch_id: UUID | None = None
    """Of `kill_switch_active`: The kill switch, where it is one."""
    target: str | None = None
    """Of `kill_switch_active`: Of a scope that is not GLOBAL: which."""
    vendor: str | None = None
    """Of `vendor_breaker_open`, `vendor_failed`, `vendor_kill_switch`, `vendor_rate_limited`: The vendor that cannot be called."""
    version: int | None = None
    """Of `version_conflict`: The version that it is at."""


class ReportDocument(Body):
    """A report as it was frozen: always the same bytes."""

    title: str
    """What it is called."""
    notes: str
    """What its author says of it."""
    frozen_at: str
    """When it was frozen."""
    snapshot_id: str
    """The state of the table that was read."""
    comparison: ComparisonBody
    """As `GET /v1/compare` answered it with `shape=series`."""


class ResultBody(Body):
    """What was computed, from what and with which limits."""

    model: str | None = None
    """Its name."""
    model_version: str | None = None
    """Its version."""
    limits: list[str] | None = None
    """What the model leaves out, one sentence each."""
    warnings: list[Any] | None = None
    """What the reader should know of the inputs, such as a driver that acts in no year of the horizon."""
    baseline: ResultBaselineBody | None = None
    """The system that was computed."""
    currency: str | None = None
    """ISO 4217; all money of the result is in it."""
    price_year: int | None = None
    """The year of whose money all money is."""
    parameters: dict[str, Any] | None = None
    """As the model completed them; those that were asked for where it does not say."""
    draws: int | None = None
    """How many draws the bands are of; 0 where nothing is random."""
    bands: BandsBody | None = None
    """Which percentiles the bands are; null where nothing is random."""
    statistics: dict[str, StatisticsBody] | None = None
    """By metric, `npv` and `system_cost_npv`; those of yearly values are outputs of the metric `<metric>.statistics`. Null where nothing is random."""
    certificate: Any | None = None
    """The proof that the result is optimal, where the model gives one."""
    run_id: UUID
    """The run's id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_name: str
    """The scenario's present name."""
    scenario_version: int
    """The version that was computed."""
    version_hash: str
    """SHA-256 of all that decides the result."""
    completed_at: AwareDatetime | None
    """When the run ended."""
    code_version: str
    """The version of the code that computed it."""
    seed: int
    """The seed of the draws."""
    output_rows: int | None
    """How many rows the outputs have."""
    attribution: AttributionBody | None
    """Null where the run asked for none."""
    metadata: dict[str, Any]
    """All that the model says, in its own words."""


class ResultEnvelope(Body):
    data: ResultBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class RunBody(Body):
    id: UUID
    """Its id."""
    scenario_id: UUID
    """The scenario's id."""
    scenario_version: int
    """The version that is computed."""
    state: Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str
    """Where it stands."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str
    """How much earlier than others it is begun."""
    progress_percent: int
    """How much of the present attempt is done, 0 to 100."""
    attempt: int
    """Which attempt this is, from 1; 0 before the first."""
    version_hash: str
    """SHA-256 of all that decides the result: equal hashes are equal results."""
    parameters: dict[str, str | bool | int | float | dict[str, list[str | bool | int | float]]]
    """What it was asked for with, over the scenario's; a sweep's points are under `sweep`."""
    code_version: str
    """The version of the code that computes it."""
    environment: str
    """A mark of yours: runs of different environments never share a result."""
    seed: int
    """The seed of the draws."""
    timeout_minutes: int
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: int
    """Attempts after the first."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    started_at: AwareDatetime | None
    """When its first attempt began; null before."""
    completed_at: AwareDatetime | None
    """When it ended; null before."""
    error: RunErrorBody | None
    """Why it did not succeed, or why the last attempt did not; null without a failure."""
    output_rows: int | None
    """How many rows its result has; null before there is one."""
    output_bytes: int | None
    """Bytes of the file of its result; null before there is one."""
    gb_seconds: float
    """Computing time of all its attempts, in gigabytes of memory times seconds."""
    parts: int | None
    """Of a run that was split: into how many parts."""
    parent_run_id: UUID | None
    """Of a part: the run that it belongs to."""
    part: dict[str, Any] | None
    """Of a part: which one."""


class RunEnvelope(Body):
    data: RunBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class RunList(Body):
    data: list[LiveRunBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class RunMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    warnings: list[WarningBody]
    """What is accepted but may not be meant; empty where there is nothing."""
    existing: bool
    """Whether an equal run, or the run of the same idempotency key, was there before."""


class RunOptions(Body):
    """How a scenario is to be run; every field has a default, and an empty body asks for just those."""

    parameters: InheritedParameters | PlugInParameters | None = None
    """Over the scenario's, by name: absent stays, null takes it away."""
    seed: int = 0
    """The seed of the draws: the same seed gives the same numbers."""
    code_version: str | None = None
    """The only one there is, to be sure of it."""
    environment: str = "default"
    """A mark of yours: runs of different environments never share a result."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str = "NORMAL"
    """How much earlier than others it is begun."""
    timeout_minutes: int = 60
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: int | None = None
    """Attempts after the first; without it, as many as the priority is worth."""
    idempotency_key: str | None = None
    """The same as the header `Idempotency-Key`."""
    tenant_id: str | None = None
    """Where it is given it must be the token's."""
    sweep: (
        dict[
            Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")],
            list[str | bool | int | float],
        ]
        | None
    ) = None
    """Parameters and the values each is to take: the run computes every combination, each on a worker of its own."""


class RunSelection(Body):
    """Which of a tenant's runs to cancel or to replay together; every field narrows."""

    scenario_id: UUID | None = None
    """Of this scenario."""
    states: list[Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"] | str] | None = (
        None
    )
    """In one of these states."""
    priority: Literal["LOW", "NORMAL", "HIGH", "CRITICAL"] | str | None = None
    """Of this priority."""
    created_after: AwareDatetime | None = None
    """Asked for at this moment or later."""
    created_before: AwareDatetime | None = None
    """Asked for before this moment."""


class Selection(Body):
    """The runs that fit `filter`, or with `all` every run of the tenant; with `preview` they are only counted."""

    tenant_id: str | None = None
    """Where given, it must be the token's."""
    filter: RunSelection | None = None
    """Which runs; every field narrows."""
    all: bool = False
    """Every run of the tenant; not together with a filter."""
    preview: bool = False
    """Only say which and how many they are."""
    limit: int | None = None
    """At most so many, the oldest first. Without it a cancellation takes all, a replay 100."""


class SettingBody(Body):
    kind: Literal["flag", "rate-limit", "concurrency", "config"] | str
    """Of which kind."""
    name: str
    """Which one."""
    value: dict[str, Any]
    """Its members are those of its kind."""
    updated_at: AwareDatetime
    """When it was set."""
    updated_by: str
    """Who set it."""
    reason: str
    """Why."""
    by_platform: bool
    """Whether who manages tenants set it: then only they change it."""
    own: bool
    """Whether it was set for this tenant; otherwise it is the platform's."""


class SettingChangeBody(Body):
    id: UUID
    """Its id."""
    kind: Literal["flag", "rate-limit", "concurrency", "config"] | str
    """Of which kind."""
    name: str
    """Which one."""
    before: dict[str, Any] | None
    """What held; null where nothing was set."""
    after: dict[str, Any] | None
    """What holds; null where it was removed."""
    actor: str
    """Who did it."""
    reason: str
    """Why; it is kept beside what is done."""
    occurred_at: AwareDatetime
    """When it happened."""


class SettingChangeList(Body):
    data: list[SettingChangeBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class SettingEnvelope(Body):
    data: SettingBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class SettingList(Body):
    data: list[SettingBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class StochasticAssumption(Body):
    driver_type: Literal["stochastic"] = "stochastic"
    """which driver"""
    payload: StochasticPayload
    """what it does"""


class StochasticComponent(Body):
    driver_type: Literal["stochastic"] = "stochastic"
    """which driver"""
    payload: StochasticPayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class SwitchChangeBody(Body):
    id: UUID
    """Its id."""
    scope: Literal["GLOBAL", "TENANT", "WORKFLOW", "VENDOR"] | str
    """What it stops."""
    target: str
    """Of whom or what."""
    active: bool
    """Whether it was set; otherwise it was lifted."""
    reason: str
    """Why; it is kept beside what is done."""
    actor: str
    """Who did it."""
    correlation_id: str
    """Of the request that it goes back to."""
    occurred_at: AwareDatetime
    """When it happened."""


class SwitchChangeList(Body):
    data: list[SwitchChangeBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class TimeSeriesPayload(Body):
    """A course over time: trend, seasons, cycles and noise."""

    start_year: int | None = None
    """first year in force"""
    end_year: int | None = None
    """last year in force (inclusive)"""
    quantity: Literal["LOAD", "FUEL_PRICE", "CARBON_PRICE", "AVAILABILITY"] | str
    """the quantity that is moved, in MW, EUR/GJ, EUR/t or as a share of the installed capacity"""
    fuel: str | None = None
    """a fuel of the baseline; only with `FUEL_PRICE`"""
    technology: str | None = None
    """a technology of the baseline; only with `AVAILABILITY`"""
    combination: Literal["MULTIPLICATIVE", "ADDITIVE"] | str = "MULTIPLICATIVE"
    """factor `Π (1+componentᵢ)` or `1 + Σ componentᵢ`; the quantity is multiplied by it"""
    trend: Trend | None = None
    """growth from year to year"""
    seasonal: Seasonal | None = None
    """the course over a year; only with `LOAD`, `FUEL_PRICE` and `CARBON_PRICE`"""
    cyclical: Cyclical | None = None
    """a wave over several years"""
    irregular: Irregular | None = None
    """noise from year to year; counts as stochastic: bands come from `draws`"""


class Timeline(Body):
    data: list[TimelineBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class WarnedMeta(Body):
    request_id: str
    """To report it by; the header `X-Request-ID` too."""
    warnings: list[WarningBody]
    """What is accepted but may not be meant; empty where there is nothing."""


class WorkflowBody(Body):
    id: UUID
    """Its id."""
    name: str
    """Unique among the tenant's workflows."""
    description: str
    """What it is, in your words."""
    state: Literal["ACTIVE", "PAUSED"] | str
    """Whether its runs start."""
    max_retries: int
    """How often a failure of it is tried again."""
    dry_run: bool
    """Whether actions only say what they would do."""
    version: int
    """Counts its changes, from 1."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""


class WorkflowChanges(Body):
    name: str | None = None
    """Unique among the tenant's workflows."""
    description: str | None = None
    """What it is, in your words."""
    state: Literal["ACTIVE", "PAUSED"] | str | None = None
    """Whether its runs start."""
    max_retries: int | None = None
    """How often a failure of it is tried again."""
    dry_run: bool | None = None
    """Whether actions only say what they would do."""


class WorkflowEnvelope(Body):
    data: WorkflowBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class WorkflowList(Body):
    data: list[WorkflowBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class BaselineEnvelope(Body):
    data: BaselineBody
    """What was asked for."""
    meta: WarnedMeta
    """`warnings`: what was assumed of the tables, as each result will say too."""


class BulkItemBody(Body):
    index: int
    """Which item of the request, from 0."""
    outcome: Literal["CREATED", "EXISTING", "REPLAYED", "DUPLICATE"] | str
    """DUPLICATE: equal to an item before it in the same request, whose run this is."""
    run: RunBody
    """The run."""


class CheckedBaselineEnvelope(Body):
    data: CheckedBaselineBody
    """What was asked for."""
    meta: WarnedMeta
    """`warnings`: what was assumed of the tables, as each result would say too."""


class ComparedList(Body):
    data: list[ComparedRowBody] | list[ComparedSeriesBody]
    """Rows; with `shape=series` one item for each metric, tags and unit."""
    meta: SnapshotMeta
    """What goes with it."""


class FleetChangeAssumption(Body):
    driver_type: Literal["fleet_change"] = "fleet_change"
    """which driver"""
    payload: FleetChangePayload
    """what it does"""


class FleetChangeComponent(Body):
    driver_type: Literal["fleet_change"] = "fleet_change"
    """which driver"""
    payload: FleetChangePayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class NewRuns(Body):
    """Several runs of one scenario: all are stored, or none."""

    tenant_id: str | None = None
    """Where given, it must be the token's."""
    items: list[RunOptions]
    """How each is to be run."""


class RequestedRunEnvelope(Body):
    data: RunBody
    """What was asked for."""
    meta: RunMeta
    """What goes with it."""


class TimeSeriesAssumption(Body):
    driver_type: Literal["time_series"] = "time_series"
    """which driver"""
    payload: TimeSeriesPayload
    """what it does"""


class TimeSeriesComponent(Body):
    driver_type: Literal["time_series"] = "time_series"
    """which driver"""
    payload: TimeSeriesPayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class BulkEnvelope(Body):
    data: list[BulkItemBody]
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ChangedScenario(Body):
    """What is to be different; `tenant_id`, where given, must be the token's."""

    name: str | None = None
    """Unique among the tenant's scenarios, whatever its case."""
    description: str | None = None
    """What it is for, in your words."""
    assumptions: (
        list[
            PolicyAssumption
            | LoadGrowthAssumption
            | FuelCurveAssumption
            | FleetChangeAssumption
            | CompositeAssumption
            | StochasticAssumption
            | ConditionalAssumption
            | TimeSeriesAssumption
        ]
        | None
    ) = None
    """Drivers that change the baseline, in the order in which they act."""
    parameters: InheritedParameters | PlugInParameters | None = None
    """Merged by name: absent stays, null takes it away."""
    tags: list[str] | None = None
    """To find it by, at most 20."""
    status: Literal["ACTIVE", "ARCHIVED"] | str | None = None
    """Whether it is in use."""
    tenant_id: str | None = None
    """Where it is given it must be the token's."""


class CompositeAssumption(Body):
    driver_type: Literal["composite"] = "composite"
    """which driver"""
    payload: CompositePayload
    """what it does"""


class CompositeComponent(Body):
    driver_type: Literal["composite"] = "composite"
    """which driver"""
    payload: CompositePayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class CompositePayload(Body):
    """Several drivers put together with weights."""

    mode: Literal["ADDITIVE", "MULTIPLICATIVE", "CONDITIONAL"] | str
    """how the components are put together"""
    components: list[
        PolicyComponent
        | LoadGrowthComponent
        | FuelCurveComponent
        | FleetChangeComponent
        | CompositeComponent
        | StochasticComponent
        | ConditionalComponent
        | TimeSeriesComponent
    ]
    """drivers, each with its `weight`"""


class ConditionalAssumption(Body):
    driver_type: Literal["conditional"] = "conditional"
    """which driver"""
    payload: ConditionalPayload
    """what it does"""


class ConditionalComponent(Body):
    driver_type: Literal["conditional"] = "conditional"
    """which driver"""
    payload: ConditionalPayload
    """what it does"""
    weight: float = 1.0
    """wᵢ below"""
    when: ConditionBlock | None = None
    """CONDITIONAL: required; otherwise forbidden"""


class ConditionalPayload(Body):
    """Drivers that act in the years in which a condition holds."""

    logic: Literal["ALL", "ANY"] | str
    """whether all conditions must hold, or any of them"""
    conditions: list[Condition]
    """judged year by year, and draw by draw"""
    then: list[
        PolicyAssumption
        | LoadGrowthAssumption
        | FuelCurveAssumption
        | FleetChangeAssumption
        | CompositeAssumption
        | StochasticAssumption
        | ConditionalAssumption
        | TimeSeriesAssumption
    ]
    """drivers applied in the years in which the condition holds"""
    otherwise: Annotated[
        list[
            PolicyAssumption
            | LoadGrowthAssumption
            | FuelCurveAssumption
            | FleetChangeAssumption
            | CompositeAssumption
            | StochasticAssumption
            | ConditionalAssumption
            | TimeSeriesAssumption
        ],
        Field(validate_default=True),
    ] = []
    """drivers applied in the other years"""


class Fork(Body):
    """What the copy has different, its name above all; `version` says which version is copied."""

    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str | None = None
    """What it is for, in your words."""
    assumptions: (
        list[
            PolicyAssumption
            | LoadGrowthAssumption
            | FuelCurveAssumption
            | FleetChangeAssumption
            | CompositeAssumption
            | StochasticAssumption
            | ConditionalAssumption
            | TimeSeriesAssumption
        ]
        | None
    ) = None
    """Drivers that change the baseline, in the order in which they act."""
    parameters: InheritedParameters | PlugInParameters | None = None
    """Merged by name: absent stays, null takes it away."""
    tags: list[str] | None = None
    """To find it by, at most 20."""
    status: Literal["ACTIVE", "ARCHIVED"] | str | None = None
    """Whether it is in use."""
    tenant_id: str | None = None
    """Where it is given it must be the token's."""
    version: int | None = None
    """Which version is copied; the present one where it is left out."""


class NewScenario(Body):
    """A scenario to be stored; `tenant_id`, where given, must be the token's."""

    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str = ""
    """What it is for, in your words."""
    assumptions: Annotated[
        list[
            PolicyAssumption
            | LoadGrowthAssumption
            | FuelCurveAssumption
            | FleetChangeAssumption
            | CompositeAssumption
            | StochasticAssumption
            | ConditionalAssumption
            | TimeSeriesAssumption
        ],
        Field(validate_default=True),
    ] = []
    """Drivers that change the baseline, in the order in which they act."""
    parameters: BuiltInParameters | PlugInParameters | None = None
    """By name; what a run says goes before them."""
    tags: list[str] = []
    """To find it by, at most 20."""
    status: Literal["ACTIVE", "ARCHIVED"] | str = "ACTIVE"
    """Whether it is in use."""
    tenant_id: str | None = None
    """Where it is given it must be the token's."""


class ScenarioBody(Body):
    id: UUID
    """Its id."""
    version: int
    """Counts its changes, from 1."""
    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str
    """What it is for, in your words."""
    status: Literal["ACTIVE", "ARCHIVED"] | str
    """Whether it is in use."""
    assumptions: list[
        PolicyAssumption
        | LoadGrowthAssumption
        | FuelCurveAssumption
        | FleetChangeAssumption
        | CompositeAssumption
        | StochasticAssumption
        | ConditionalAssumption
        | TimeSeriesAssumption
    ]
    """Drivers that change the baseline, in the order in which they act."""
    parameters: BuiltInParameters | PlugInParameters
    """By name; what a run says goes before them."""
    tags: list[str]
    """To find it by, at most 20."""
    created_at: AwareDatetime
    """When it was created."""
    created_by: str
    """Who created it."""
    updated_at: AwareDatetime
    """When it was changed last."""
    updated_by: str
    """Who changed it last."""


class ScenarioDraft(Body):
    """A scenario as it would be stored."""

    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str
    """What it is for, in your words."""
    status: Literal["ACTIVE", "ARCHIVED"] | str
    """Whether it is in use."""
    assumptions: list[
        PolicyAssumption
        | LoadGrowthAssumption
        | FuelCurveAssumption
        | FleetChangeAssumption
        | CompositeAssumption
        | StochasticAssumption
        | ConditionalAssumption
        | TimeSeriesAssumption
    ]
    """Drivers that change the baseline, in the order in which they act."""
    parameters: BuiltInParameters | PlugInParameters
    """By name; what a run says goes before them."""
    tags: list[str]
    """To find it by, at most 20."""
    name_taken_by: UUID | None
    """The scenario that has this name already: storing would be refused."""
    work_seconds: float | None
    """About how long one worker would take for a run of it; null where the baseline does not say, or a plug-in computes."""


class ScenarioEnvelope(Body):
    data: ScenarioBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class ScenarioList(Body):
    data: list[ScenarioBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class ScenarioPreview(Body):
    data: ScenarioDraft
    """What was asked for."""
    meta: WarnedMeta
    """What goes with it."""


class VersionBody(Body):
    id: UUID
    """Its id."""
    version: int
    """Counts its changes, from 1."""
    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str
    """What it is for, in your words."""
    status: Literal["ACTIVE", "ARCHIVED"] | str
    """Whether it is in use."""
    assumptions: list[
        PolicyAssumption
        | LoadGrowthAssumption
        | FuelCurveAssumption
        | FleetChangeAssumption
        | CompositeAssumption
        | StochasticAssumption
        | ConditionalAssumption
        | TimeSeriesAssumption
    ]
    """Drivers that change the baseline, in the order in which they act."""
    parameters: BuiltInParameters | PlugInParameters
    """By name; what a run says goes before them."""
    tags: list[str]
    """To find it by, at most 20."""
    deleted_at: AwareDatetime | None
    """When it was deleted; null where it stands."""
    changed_by: str
    """Who made this version."""
    valid_from: AwareDatetime
    """When it began to hold."""
    valid_to: AwareDatetime | None
    """When the next one did; null where it holds."""


class VersionEnvelope(Body):
    data: VersionBody
    """What was asked for."""
    meta: Meta
    """What goes with it."""


class VersionList(Body):
    data: list[VersionBody]
    """The items of this page."""
    meta: PageMeta
    """The cursors of the pages beside it."""


class WrittenEnvelope(Body):
    data: ScenarioBody
    """What was asked for."""
    meta: WarnedMeta
    """What goes with it."""


ChangedScenario.model_rebuild()
CompositeAssumption.model_rebuild()
CompositeComponent.model_rebuild()
CompositePayload.model_rebuild()
ConditionalAssumption.model_rebuild()
ConditionalComponent.model_rebuild()
