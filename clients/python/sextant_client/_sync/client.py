# Made from ../_async/client.py by `python -m tools.docs client`: do not edit.
"""The client: a connection to one deployment, as one user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import UUID

from sextant_client._sync.api import Api
from sextant_client._sync.baselines import Baselines
from sextant_client._sync.credentials import Credentials, SignedIn, Token
from sextant_client._sync.runs import Run, Runs
from sextant_client._sync.scenarios import Scenarios
from sextant_client._sync.transport import Transport
from sextant_client.comparison import Comparison
from sextant_client.settings import Settings
from sextant_client.waiting import Retries

if TYPE_CHECKING:
    import httpx2

    from sextant_client._generated import models


class Sextant:
    """A connection to a deployment of Sextant. Close it, or use it in a `with` block.

    scenarios, runs, baselines   what one works with
    api                          every operation of the API under its id
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        credentials: Credentials | None = None,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        http: httpx2.BaseTransport | None = None,
    ) -> None:
        """Connect to `url` with a bearer `token`, or with `credentials` that know one.

        retries: how often and how late a request is repeated
        headers: sent with every request
        http: an `httpx2` transport of your own
        """
        if token is not None:
            credentials = Token(token)
        self._transport = Transport(url, credentials, retries=retries, headers=headers, http=http)
        self.api = Api(self._transport)
        self.scenarios = Scenarios(self)
        self.runs = Runs(self)
        self.baselines = Baselines(self)

    @classmethod
    def from_env(cls, profile: str | None = None, *, retries: Retries | None = None) -> Sextant:
        """The client that the environment, the file of profiles or the local system tells of, in this order.

        profile: the section of the file to read, instead of `SEXTANT_PROFILE` or `default`

        Without any of them it is the local system of `make up`, as an analyst of the tenant `demo`.
        Raises `ConfigurationError` for a profile that is not there.

        >>> import os
        >>> os.environ["SEXTANT_URL"] = sextant.url
        >>> with Sextant.from_env() as client:
        ...     (client.me()).tenant_id
        'demo'
        """
        return cls.of(Settings.load(profile), retries=retries)

    @classmethod
    def of(cls, settings: Settings, *, retries: Retries | None = None) -> Sextant:
        """The client that these settings tell of.

        >>> from sextant_client import Settings
        >>> with Sextant.of(Settings(url=sextant.url, tenant="acme", role="viewer")) as client:
        ...     (client.me()).roles
        ['viewer']
        """
        credentials = Token(settings.token) if settings.token else SignedIn(settings)
        return cls(settings.url, credentials=credentials, retries=retries)

    @property
    def url(self) -> str:
        """Where the deployment is.

        >>> sextant.url
        'http://127.0.0.1:...'
        """
        return self._transport.url

    @property
    def transport(self) -> Transport:
        """What sends the requests, for an address that no operation stands for.

        >>> (sextant.transport.request("GET", "/v1/health")).status_code
        200
        """
        return self._transport

    def me(self) -> models.MeBody:
        """Who the token is of: subject, tenant, roles, permissions and limits.

        >>> (sextant.me()).roles
        ['analyst', 'operator']
        """
        return (self.api.get_me()).data

    def compare(
        self,
        *runs: Run | UUID | str,
        baseline: Run | UUID | str,
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

        >>> comparison = sextant.compare(run, baseline=other, metric=["npv", "price"])
        >>> [row.metric for row in comparison.rows]
        ['npv', 'price', 'price']
        """
        metrics = metric if metric is None or isinstance(metric, str) else ",".join(metric)
        answer = self.api.compare_runs(
            runs=",".join(_id(run) for run in runs),
            baseline=_id(baseline),
            metric=metrics,
            technology=technology,
            years=years,
            tags=",".join(f"{name}:{value}" for name, value in (tags or {}).items()) or None,
        )
        return Comparison(answer.data)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Sextant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _id(run: Run | UUID | str) -> str:
    return str(run.id if isinstance(run, Run) else run)
