"""The tables of a baseline, as they were stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.baselines import id_of
from functions.api.http.envelopes import AnswerBody, Envelope, answers, reply
from functions.api.http.routing import Router, needs
from functions.api.warehouse import warehouse
from sextant.baselines import service
from sextant.lake.errors import LinkUnavailableError

_LINK_LIFETIME: Final = timedelta(hours=1)
_PARQUET: Final = b"PAR1"


class BaselineTableBody(AnswerBody):
    table: str
    """Its name: `units`, `load`, `profiles`, `prices` or `storage`."""
    format: Literal["csv", "parquet"]
    """As it was sent."""
    url: str
    """Whoever has it may read the table until it expires."""
    bytes: int
    """The table's size."""
    expires_at: datetime
    """When the link ends."""


class BaselineTablesEnvelope(Envelope[list[BaselineTableBody]]): ...


router = Router("Baselines")


@router.get(
    "/v1/baselines/<baseline_id>/tables",
    summary="Get the tables of a baseline back",
    responses={200: answers("Links to the tables", BaselineTablesEnvelope)},
)
@needs("scenarios:read")
def get_baseline_tables(
    baseline_id: str,
    version: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="The newest where none is given")
    ] = None,
) -> Response[Any]:
    """Links to the tables of one version, byte for byte as they were sent. They hold for an hour."""
    with router.session() as session:
        baseline, _ = service.get(session, id_of(baseline_id), version)
    lake = warehouse()
    if lake.links is None:
        raise LinkUnavailableError
    until = datetime.now(UTC) + _LINK_LIFETIME
    tables = []
    for table in baseline.options["tables"]:
        place = f"{baseline.location}/{table}"
        stored = lake.objects.head(place)
        if stored is None:
            raise FileNotFoundError(place)
        form: Literal["csv", "parquet"] = (
            "parquet" if lake.objects.get_range(place, 0, len(_PARQUET)) == _PARQUET else "csv"
        )
        name = f"{baseline.name}-{baseline.version}-{table}.{form}"
        url = lake.links.presigned_url(place, expires_in=_LINK_LIFETIME, filename=name)
        tables.append(
            BaselineTableBody.model_construct(
                table=table, format=form, url=url, bytes=stored.size, expires_at=until
            )
        )
    return reply(BaselineTablesEnvelope.around(tables, router.caller))
