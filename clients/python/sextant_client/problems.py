"""What goes wrong, as exceptions: the API's problems with their own words, and what comes before or after an answer.

SextantError
├── ProblemError            an answer of the API: `code`, `status`, `detail`, `errors`, `request_id`
│   ├── SignInError         401    no valid token
│   ├── ForbiddenError      403    `required_permission` is missing
│   ├── NotFoundError       404, 410
│   ├── ConflictError       409
│   │   └── ChangedError    412    it was changed since it was read
│   ├── RefusedError        400, 413, 415, 422    `errors` names fields and rules
│   ├── RateLimitError      429
│   └── ServerError         5xx
├── UnreachableError        no answer, however often it was tried
├── RunFailedError          a run ended FAILED or CANCELLED
│   └── RunTimeoutError     a run ended by its own time limit
├── StillRunningError       a wait ended before the run did
└── ConfigurationError      what to connect to, or as whom, is not known
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SextantError(Exception):
    """Anything that this package raises by itself."""


class ConfigurationError(SextantError):
    """What to connect to, or as whom, is missing or contradictory; the message says what to set."""


class UnreachableError(SextantError):
    """No answer came, however often it was tried; the cause is the last failure of the connection."""


class NotModifiedError(SextantError):
    """What `if_none_match` names is still what there is (304); `retry_after` is how many seconds to stay away."""

    def __init__(self, what: str, retry_after: float = 0.0) -> None:
        self.retry_after = retry_after
        super().__init__(f"{what} is as it was")


class ProblemError(SextantError):
    """A problem that the API answered with (RFC 9457).

    status       the HTTP status
    code         to branch on, such as `scenario_not_found`
    detail       what went wrong this time
    errors       the rules that the request breaks: `path`, `rule`, `message` of each
    request_id   to report it by; empty where the gateway answered before the API
    body         the whole problem
    retry_after  seconds after which the same request may get another answer, where the API says so
    attempts     how often the request was sent
    """

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any],
        *,
        retry_after: float | None = None,
        attempts: int = 1,
    ) -> None:
        self.status = status
        self.body = dict(body)
        self.code: str = str(body.get("code") or f"http_{status}")
        self.title: str = str(body.get("title") or "")
        self.detail: str = str(body.get("detail") or body.get("message") or "")
        self.errors: Sequence[Mapping[str, str]] = body.get("errors") or ()
        self.request_id: str = str(body.get("request_id") or "")
        self.retry_after = retry_after
        self.attempts = attempts
        super().__init__(self._text())

    @property
    def required_permission(self) -> str | None:
        """The permission that is missing, where that is the problem."""
        return self.body.get("required_permission")

    def _text(self) -> str:
        lines = [f"{self.code}: {self.detail or self.title or f'HTTP {self.status}'}"]
        lines += [
            f"  {error.get('path') or '(body)'}: {error.get('message') or error.get('rule')}"
            for error in self.errors
            # A single one is told by the detail as it is.
            if str(error.get("message")) not in self.detail
        ]
        if self.request_id:
            lines[-1] += f" (request {self.request_id})"
        return "\n".join(lines)


class SignInError(ProblemError):
    """There is no valid token (401)."""


class ForbiddenError(ProblemError):
    """The token's roles do not allow it (403)."""


class NotFoundError(ProblemError):
    """There is no such thing for this tenant (404), or no more (410)."""


class ConflictError(ProblemError):
    """It does not go together with the present state (409)."""


class ChangedError(ConflictError):
    """It was changed since it was read (412): read again, decide again."""


class RefusedError(ProblemError):
    """The request breaks a rule, and nothing was changed (400, 413, 415, 422)."""


class RateLimitError(ProblemError):
    """Too many requests (429), for longer than the client waits by itself."""


class ServerError(ProblemError):
    """The service could not answer (5xx), however often it was tried."""


class RunFailedError(SextantError):
    """A run ended without a result; `run` is the run, whose `error` says why."""

    def __init__(self, run: Any) -> None:
        self.run = run
        error = run.error
        why = f"{error.code}: {error.message}" if error else "no reason was given"
        super().__init__(f"run {run.id} is {run.state}: {why}")


class RunTimeoutError(RunFailedError):
    """A run was ended by its own time limit, `timeout_minutes`."""


class StillRunningError(SextantError):
    """A wait ended before the run did; `run` is the run as it was then."""

    def __init__(self, run: Any, seconds: float) -> None:
        self.run = run
        super().__init__(f"run {run.id} is still {run.state} after {seconds:g} s")


_BY_STATUS: dict[int, type[ProblemError]] = {
    400: RefusedError,
    401: SignInError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: NotFoundError,
    412: ChangedError,
    413: RefusedError,
    415: RefusedError,
    422: RefusedError,
    429: RateLimitError,
}


def problem(status: int, content: bytes, *, retry_after: float | None, attempts: int) -> ProblemError:
    """The exception for an answer of this status and content."""
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"detail": content[:200].decode(errors="replace")}
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else ProblemError)
    return kind(status, body, retry_after=retry_after, attempts=attempts)
