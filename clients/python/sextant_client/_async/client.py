"""The client: a connection to one deployment, as one user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID

from sextant_client._async.api import AsyncApi
from sextant_client._async.baselines import AsyncBaselines
from sextant_client._async.credentials import AsyncCredentials, AsyncSignedIn, AsyncToken
from sextant_client._async.runs import AsyncRun, AsyncRuns
from sextant_client._async.scenarios import AsyncScenarios
from sextant_client._async.transport import AsyncTransport
from sextant_client.comparison import Comparison
from sextant_client.settings import Settings
from sextant_client.waiting import Retries

if TYPE_CHECKING:
    import httpx2

    from sextant_client._generated import models


class AsyncSextant:
    """A connection to a deployment of Sextant. Close it, or use it in a `with` block.

    scenarios, runs, baselines   what one works with
    api                          every operation of the API under its id
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        credentials: AsyncCredentials | None = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Connect to `url` with a bearer `token`, or with `credentials` that know one.

        retries: how often and how late a request is repeated
        headers: sent with every request
        http: an `httpx2` transport of your own
        """
        if token is not None:
            credentials = AsyncToken(token)
        self._transport = AsyncTransport(url, credentials, retries=retries, headers=headers, http=http)
        self.api = AsyncApi(self._transport)
        self.scenarios = AsyncScenarios(self)
        self.runs = AsyncRuns(self)
        self.baselines = AsyncBaselines(self)

    @classmethod
    def from_env(cls, profile: str | None = None, *, retries: Retries | None = None) -> AsyncSextant:
        """The client that the environment, the file of profiles or the local system tells of, in this order.

        profile: the section of the file to read, instead of `SEXTANT_PROFILE` or `default`

        Without any of them it is the local system of `make up`, as an analyst of the tenant `demo`.
        Raises `ConfigurationError` for a profile that is not there.

        >>> import os
        >>> os.environ["SEXTANT_URL"] = sextant.url
        >>> async with AsyncSextant.from_env() as client:
        ...     (await client.me()).tenant_id
        'demo'
        """
        return cls.of(Settings.load(profile), retries=retries)

    @classmethod
    def of(cls, settings: Settings, *, retries: Retries | None = None) -> AsyncSextant:
        """The client that these settings tell of.

        >>> from sextant_client import Settings
        >>> async with AsyncSextant.of(Settings(url=sextant.url, tenant="acme", role="viewer")) as client:
        ...     (await client.me()).roles
        ['viewer']
        """
        credentials = AsyncToken(settings.token) if settings.token else AsyncSignedIn(settings)
        return cls(settings.url, credentials=credentials, retries=retries)

    @property
    def url(self) -> str:
        """Where the deployment is.

        >>> sextant.url
        'http://127.0.0.1:...'
        """
        return self._transport.url

    @property
    def transport(self) -> AsyncTransport:
        """What sends the requests, for an address that no operation stands for.

        >>> (await sextant.transport.request("GET", "/v1/health")).status_code
        200
        """
        return self._transport

    async def me(self) -> models.MeBody:
        """Who the token is of: subject, tenant, roles, permissions and limits.

        >>> (await sextant.me()).roles
        ['analyst', 'operator']
        """
        return (await self.api.get_me()).data

    async def compare(
        self,
        *runs: AsyncRun | UUID | str,
        baseline: AsyncRun | UUID | str,
        metric: str | Iterable[str] | None = None,
        technology: str | None = None,
        years: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Comparison:
        """Put up to 20 runs, of any scenarios, beside a `baseline` run: values, differences, relative differences.

        metric: one or several, such as `npv` or `["npv", "price"]`; all where it is left out
        technology: one, or several with commas
        years: such as `2030-2032`
        tags: what a value must be of

        >>> comparison = await sextant.compare(run, baseline=other, metric=["npv", "price"])
        >>> [row.metric for row in comparison.rows]
        ['npv', 'price', 'price']
        """
        metrics = metric if metric is None or isinstance(metric, str) else ",".join(metric)
        answer = await self.api.compare_runs(
            runs=",".join(_id(run) for run in runs),
            baseline=_id(baseline),
            metric=metrics,
            technology=technology,
            years=years,
            tags=",".join(f"{name}:{value}" for name, value in (tags or {}).items()) or None,
        )
        return Comparison(answer.data)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> AsyncSextant:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _id(run: AsyncRun | UUID | str) -> str:
    return str(run.id if isinstance(run, AsyncRun) else run)
