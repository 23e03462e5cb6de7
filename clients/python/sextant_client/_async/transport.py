"""Sends requests, and repeats what is safe to repeat while the service says that later is better."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sextant_client.files import File
from sextant_client.operation import Operation, in_body, in_query
from sextant_client.problems import NotModifiedError, ProblemError, UnreachableError, problem
from sextant_client.signing_in import is_this_machine
from sextant_client.waiting import Retries, seconds, sleep_async

if TYPE_CHECKING:
    import httpx2

    from sextant_client._async.credentials import AsyncCredentials

_CONNECT_SECONDS = 10.0
# The API answers within 30 s, or the gateway does for it.
_READ_SECONDS = 40.0
_MORE_ATTEMPTS = 600


class AsyncTransport:
    """A connection to one deployment, as one user.

    url          where the deployment is, such as `https://sextant.example.com`
    credentials  where tokens come from; None sends none
    retries      how often and how late a request is repeated
    headers      sent with every request
    http         an `httpx2` transport of your own, to go through a proxy or to watch requests
    """

    def __init__(
        self,
        url: str,
        credentials: AsyncCredentials | None = None,
        *,
        retries: Retries | None = None,
        headers: Mapping[str, str] | None = None,
        http: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        import httpx2

        self.url = url.rstrip("/")
        self._credentials = credentials
        self._retries = retries or Retries()
        self._client = httpx2.AsyncClient(
            base_url=self.url,
            timeout=httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS),
            headers={"User-Agent": "sextant-client", **(headers or {})},
            transport=http,
            # A proxy of this machine's environment is none of the loopback interface's business.
            trust_env=not is_this_machine(url),
        )

    async def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Any:
        """The answer to an operation as its model. Raises `ProblemError`, `UnreachableError` or `NotModifiedError`."""
        answer = await self.send(operation, path=path, query=query, header=header, body=body)
        if answer.status_code == 304:
            raise NotModifiedError(
                operation.url(path or {}), seconds(answer.headers.get("Retry-After")) or 0.0
            )
        return operation.parse(answer.content, answer.headers)

    async def file(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        body: Any = None,
        as_it_is: bool = False,
    ) -> File:
        """The file that an operation answers with, from wherever the API says that it is."""
        answer = await self.send(operation, path=path, query=query, header=header, body=body)
        if not as_it_is and answer.status_code == 202:
            return await self._exported(answer)
        if answer.status_code == 303:
            return await self.fetch(answer.headers["Location"])
        return _file(answer)

    async def send(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> httpx2.Response:
        """The answer to an operation, whole; redirects are not followed."""
        headers = in_query(header or {})
        if operation.has_idempotency_key:
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        request = {
            "params": in_query(query or {}),
            "headers": headers,
            **({} if body is None else {"json": in_body(body)}),
        }
        return await self.request(
            operation.method, operation.url(path or {}), repeatable=operation.may_be_repeated, **request
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool = True,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> httpx2.Response:
        """The answer to a request, repeated where that is safe. Raises `ProblemError` or `UnreachableError`.

        repeatable: whether it may be sent again where it may have been carried out
        """
        import httpx2

        failure: Exception | None = None
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            pause = self._retries.pause(attempt)
            try:
                answer = await self._client.request(
                    method, path, headers={**(headers or {}), **await self._authorization()}, **request
                )
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                safe = repeatable or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
                if not safe or attempt >= self._retries.attempts:
                    raise UnreachableError(f"{method} {self.url}{path}: {_words(error)}") from error
                failure = error
            else:
                if not answer.is_error:
                    return answer
                failed = _problem(answer, attempt)
                if method == "DELETE" and answer.status_code == 404 and failure is not None:
                    # The first request did it, and its answer was lost.
                    return httpx2.Response(204, request=answer.request)
                if answer.status_code == 401 and not renewed and await self._renewed():
                    renewed = True
                    continue
                if not self._may_pass(failed, repeatable=repeatable) or attempt >= self._retries.attempts:
                    raise failed
                failure = failed
                pause = pause if failed.retry_after is None else failed.retry_after
            await sleep_async(pause)

    async def fetch(self, url: str) -> File:
        """What is at a URL that needs no token, such as a presigned one: none is sent."""
        return _file(await self._elsewhere("GET", url, follow_redirects=True))

    async def put(self, url: str, content: bytes) -> None:
        """Send a file to a URL that needs no token."""
        await self._elsewhere("PUT", url, content=content)

    async def _elsewhere(self, method: str, url: str, **request: Any) -> httpx2.Response:
        """The answer to a request that may be repeated, without a token."""
        import httpx2

        attempt = 0
        while True:
            attempt += 1
            try:
                async with httpx2.AsyncClient(
                    timeout=_READ_SECONDS, trust_env=not is_this_machine(url)
                ) as client:
                    answer = await client.request(method, url, **request)
            except (httpx2.TransportError, httpx2.DecodingError) as error:
                if attempt >= self._retries.attempts:
                    raise UnreachableError(f"{method} {_without_query(url)}: {_words(error)}") from error
            else:
                if not answer.is_error:
                    return answer
                if answer.status_code < 500 or attempt >= self._retries.attempts:
                    raise _problem(answer, attempt)
            await sleep_async(self._retries.pause(attempt))

    async def _exported(self, answer: httpx2.Response) -> File:
        """The file of an export that is being made, once it is there."""
        for _ in range(_MORE_ATTEMPTS):
            export = answer.json()["data"]
            if export["state"] == "SUCCEEDED":
                first, *others = [await self.fetch(each["url"]) for each in export["files"]]
                return replace(first, others=tuple(others))
            if export["state"] in ("FAILED", "CANCELLED"):
                why = export.get("error") or {}
                raise ProblemError(
                    422, {"code": "export_failed", "detail": why.get("message") or export["state"]}
                )
            await sleep_async(seconds(answer.headers.get("Retry-After")) or 2.0)
            answer = await self.request(
                "GET", f"/v1/scenarios/{export['scenario_id']}/exports/{export['id']}"
            )
        raise UnreachableError("the export was not made in time")

    async def _authorization(self) -> dict[str, str]:
        if self._credentials is None:
            return {}
        return await self._credentials.headers()

    async def _renewed(self) -> bool:
        return self._credentials is not None and await self._credentials.renew()

    def _may_pass(self, failed: ProblemError, *, repeatable: bool) -> bool:
        if failed.retry_after is not None:
            return failed.retry_after <= self._retries.longest_wait
        return failed.status >= 500 and repeatable

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> AsyncTransport:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _problem(answer: httpx2.Response, attempts: int) -> ProblemError:
    retry_after = seconds(answer.headers.get("Retry-After"))
    return problem(answer.status_code, answer.content, retry_after=retry_after, attempts=attempts)


def _file(answer: httpx2.Response) -> File:
    disposition = answer.headers.get("Content-Disposition", "")
    name = disposition.partition('filename="')[2].partition('"')[0]
    return File(answer.content, answer.headers.get("Content-Type", "").partition(";")[0], name)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _without_query(url: str) -> str:
    """A presigned URL is a secret while it holds."""
    return url.partition("?")[0]
