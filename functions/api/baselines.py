"""A tenant's own baselines: uploaded, checked, versioned, listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from functions.api.baseline_sources import Tables, contents_of, place_of
from functions.api.http.envelopes import (
    AnswerBody,
    Envelope,
    ListEnvelope,
    RequestBody,
    WarnedMeta,
    answers,
    reply,
    warned_meta,
)
from functions.api.http.headers import LOCATION
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs
from functions.api.warehouse import warehouse
from sextant.baselines import service
from sextant.baselines.model import Baseline
from sextant.drivers.fields import Number
from sextant.drivers.vocabulary import REFERENCE, Vocabulary, reference_vocabulary
from sextant.identity import Caller
from sextant.ids import new_id
from sextant.lake.errors import LinkUnavailableError
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT, Key

if TYPE_CHECKING:
    from sextant.baselines.uploads import Upload

UPLOAD_LIFETIME_MINUTES = 60


class NewBaseline(RequestBody):
    """A baseline to be stored; of a name that exists it becomes the next version."""

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$")]
    """A name that exists gets its next version."""
    tables: Tables
    """What the system is."""
    price_year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None
    """The year of whose money the tables are."""
    value_of_lost_load: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    """Cost of energy that is not served, in the tables' currency per MWh."""
    spill_cost: Annotated[Number, Field(ge=0, le=1e6)] | None = None
    """Cost of energy that is thrown away, in the tables' currency per MWh."""
    build_mix: dict[str, Annotated[Number, Field(gt=0)]] | None = None
    """Technologies of new renewables, as shares of the MW built; normalised."""
    currency: Annotated[str, StringConstraints(strict=True, pattern="^[A-Z]{3}$")] | None = None
    """ISO 4217; the tables' money is in it, and the results say so. Without it EUR is assumed, and told."""
    resolution: Literal["hour", "as_given"] | None = None
    """`hour` averages quarter-hours."""
    end_year: Annotated[int, Field(strict=True, ge=1900, le=2200)] | None = None
    """Where the load has one year: the last of those that follow it."""
    load_growth: Annotated[Number, Field(ge=-0.5, le=0.5)] | None = None
    """By how much the load of these years grows each year; only with `end_year`."""

    @model_validator(mode="after")
    def _growth_has_years(self) -> Self:
        if self.load_growth is not None and self.end_year is None:
            raise PydanticCustomError(
                "required", "load_growth goes only with end_year", {"field": "load_growth"}
            )
        return self

    def options(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, exclude={"name", "tables"})


class BaselineBody(AnswerBody, shows=Baseline, hides=("tenant_id", "location")): ...


class VocabularyBody(AnswerBody, shows=Vocabulary, hides=("name", "version")):
    """What a scenario on the baseline may name. Null is what a baseline does not tell that was stored before it was kept."""


class WholeBaselineBody(AnswerBody):
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
    created_at: datetime | None
    created_by: str | None


class WholeBaselineEnvelope(Envelope[WholeBaselineBody]): ...


class CheckedBaselineBody(AnswerBody):
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


class CheckedBaselineEnvelope(Envelope[CheckedBaselineBody]):
    meta: WarnedMeta
    """`warnings`: what was assumed of the tables, as each result would say too."""


class BaselineEnvelope(Envelope[BaselineBody]):
    meta: WarnedMeta
    """`warnings`: what was assumed of the tables, as each result will say too."""


class BaselineList(ListEnvelope[BaselineBody]): ...


class UploadBody(AnswerBody):
    upload_id: UUID
    """To name it by in a baseline."""
    url: str
    """Where to send the table, within an hour and without a token."""
    method: str
    """How: PUT."""


class UploadEnvelope(Envelope[UploadBody]): ...


router = Router("Baselines")


@router.post(
    "/v1/baselines",
    summary="Store a baseline, or its next version",
    responses={
        201: answers("The baseline", BaselineEnvelope, LOCATION),
        200: answers(
            "The newest version, which has these tables and options already", BaselineEnvelope, LOCATION
        ),
    },
)
@needs("scenarios:write")
def create_baseline(document: Annotated[NewBaseline, Body()]) -> Response[Any]:
    """A body has at most 1 MiB. What is larger goes to the URL of `POST /v1/baselines/uploads` first, a table each of at most 64 MiB,
    and is named here by its `upload_id`. `meta.warnings` says what was assumed where the tables say nothing.
    """
    caller = router.caller
    # Listing and getting baselines needs no engine: their first answer would wait for it.
    from sextant.baselines import uploads

    upload = _read(document, caller)
    with router.session() as session:
        stored = uploads.unchanged(session, upload)
    status = 200 if stored else 201
    if stored is None:
        uploads.put(warehouse().objects, upload)
        stored = router.transaction(lambda session: uploads.store(session, upload, caller))
    return reply(
        BaselineEnvelope.model_construct(
            data=BaselineBody.of(stored), meta=warned_meta(caller, _warnings(stored.summary))
        ),
        status,
        {"Location": f"/v1/baselines/{stored.id}"},
    )


@router.post(
    "/v1/baselines/validate",
    summary="Check a baseline without storing it",
    responses={200: answers("What storing it would come to", CheckedBaselineEnvelope)},
)
@needs("scenarios:write")
def validate_baseline(document: Annotated[NewBaseline, Body()]) -> Response[Any]:
    """Reads and checks the tables as storing them would, and says the same of them. Nothing is stored."""
    caller = router.caller
    from sextant.baselines import uploads

    upload = _read(document, caller)
    with router.session() as session:
        version, unchanged = uploads.becomes(session, upload)
    summary = uploads.summary_of(upload.system)
    body = CheckedBaselineBody.model_construct(
        name=upload.name, version=version, unchanged=unchanged, digest=upload.digest, summary=summary
    )
    return reply(
        CheckedBaselineEnvelope.model_construct(data=body, meta=warned_meta(caller, _warnings(summary)))
    )


@router.post(
    "/v1/baselines/uploads",
    summary="Get a URL to upload a large table to",
    responses={201: answers("Where to PUT the table", UploadEnvelope)},
)
@needs("scenarios:write")
def create_upload() -> Response[Any]:
    """Tables too large for a body are sent there by PUT, each to a URL of its own, and named in a baseline by `upload_id`."""
    caller, store = router.caller, warehouse().links
    if store is None:
        raise LinkUnavailableError
    upload = new_id()
    url = store.presigned_upload(place_of(caller, upload), minutes=UPLOAD_LIFETIME_MINUTES)
    body = UploadBody.model_construct(upload_id=upload, url=url, method="PUT")
    return reply(UploadEnvelope.around(body, caller), 201)


@router.get(
    "/v1/baselines",
    summary="List baselines in their newest version",
    responses={200: answers("Baselines, newest first", BaselineList)},
)
@needs("scenarios:read")
def list_baselines(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response[Any]:
    """The tenant's baselines in their newest version, newest first. The built-in one is `reference`."""
    return listing(router, BaselineList, "baselines", limit, cursor, service.list_baselines)


@router.get(
    "/v1/baselines/<baseline_id>",
    summary="Get a baseline with all that a scenario on it may name",
    responses={200: answers("The baseline; `reference` is the built-in one", WholeBaselineEnvelope)},
)
@needs("scenarios:read")
def get_baseline(
    baseline_id: str,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The newest where none is given")
    ] = None,
) -> Response[Any]:
    """One version, the newest unless another is named, with its vocabulary: fuels, technologies, units, years."""
    if baseline_id == REFERENCE and version in (None, 1):
        return reply(WholeBaselineEnvelope.around(_reference(), router.caller))
    with router.session() as session:
        baseline, vocabulary = service.get(session, id_of(baseline_id), version)
    body = WholeBaselineBody.of(baseline, built_in=False, vocabulary=VocabularyBody.of(vocabulary))
    return reply(WholeBaselineEnvelope.around(body, router.caller))


@router.get(
    "/v1/baselines/<baseline_id>/versions",
    summary="List the versions of a baseline",
    responses={200: answers("Its versions, newest first", BaselineList)},
)
@needs("scenarios:read")
def list_baseline_versions(
    baseline_id: str, limit: Limit = MAX_LIMIT, cursor: Cursor = None
) -> Response[Any]:
    """Newest first. The built-in one has none but that of the code: `GET /v1/baselines/reference`."""
    baseline = id_of(baseline_id)
    scope = f"versions of baseline {baseline}"
    read = service.versions
    return listing(router, BaselineList, scope, limit, cursor, read, baseline, key_of=_version_key)


@router.delete(
    "/v1/baselines/<baseline_id>",
    summary="Delete a baseline",
    responses={204: {"description": "Deleted"}},
)
@needs("scenarios:delete")
def delete_baseline(baseline_id: str) -> Response[Any]:
    """All its versions: none is listed or can be named by a scenario or a new run any more.

    Runs that were asked for before compute on, and results stay. A baseline that is stored under the name later is its next
    version, and the deleted ones stay deleted.
    """
    actor = router.caller.subject
    router.transaction(lambda session: service.delete(session, id_of(baseline_id), actor))
    return Response(status_code=204, body="")


def _version_key(value: Any) -> Key:
    """The key of a listing of versions; raises ValueError or TypeError for what is none."""
    (version,) = value
    if type(version) is not int or not 0 < version < 2**31:
        raise ValueError("no version")
    return (version,)


def id_of(text: str) -> UUID:
    """Raises `BaselineNotFoundError` for what is no id, as for one that no baseline has."""
    try:
        return UUID(text)
    except ValueError as error:
        raise service.BaselineNotFoundError from error


def _reference() -> WholeBaselineBody:
    vocabulary = reference_vocabulary()
    nobody: dict[str, Any] = dict.fromkeys(("id", "digest", "options", "summary", "created_at", "created_by"))
    return WholeBaselineBody.model_construct(
        **nobody,
        name=vocabulary.name,
        version=int(vocabulary.version),
        built_in=True,
        vocabulary=VocabularyBody.of(vocabulary),
    )


def _warnings(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [(note["path"], note["rule"], note["message"]) for note in summary.get("warnings", ())]


def _read(document: NewBaseline, caller: Caller) -> Upload:
    """Raises `InvalidBaselineError`."""
    from sextant.baselines import uploads

    return uploads.read(
        warehouse().settings.warehouse,
        caller.tenant,
        name=document.name,
        tables=contents_of(document.tables, caller),
        options=document.options(),
    )
