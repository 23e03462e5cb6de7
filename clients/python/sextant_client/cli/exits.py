"""Exit statuses, for scripts to branch on. docs/command-line.md lists them."""

from __future__ import annotations

from sextant_client.problems import (
    ConfigurationError,
    ForbiddenError,
    NotFoundError,
    ProblemError,
    RunFailedError,
    RunTimeoutError,
    ServerError,
    SignInError,
    StillRunningError,
    UnreachableError,
)

OK = 0
OTHER = 1
USAGE = 2
NOT_FOUND = 3
REFUSED = 4
RUN_FAILED = 5
TIMED_OUT = 6
NOT_SIGNED_IN = 7
FORBIDDEN = 8
UNREACHABLE = 9
DIFFERENT = 10

MEANINGS = {
    OK: "done",
    OTHER: "anything else",
    USAGE: "the command line itself is wrong",
    NOT_FOUND: "there is no such thing",
    REFUSED: "the API refused it: it breaks a rule, or does not go with the present state; nothing was changed",
    RUN_FAILED: "a run ended without a result",
    TIMED_OUT: "a run ended by its own time limit, or `--timeout` ended the wait",
    NOT_SIGNED_IN: "nobody is signed in, or the token holds no more",
    FORBIDDEN: "the roles do not allow it",
    UNREACHABLE: "no answer, or none that helps, however often it was tried",
    DIFFERENT: "`plan --check`: what is stored differs from the files",
}

# The first that fits.
_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (SignInError, NOT_SIGNED_IN),
    (ForbiddenError, FORBIDDEN),
    (NotFoundError, NOT_FOUND),
    (ServerError, UNREACHABLE),
    (ProblemError, REFUSED),
    (RunTimeoutError, TIMED_OUT),
    (RunFailedError, RUN_FAILED),
    (StillRunningError, TIMED_OUT),
    (UnreachableError, UNREACHABLE),
)


def status_of(error: Exception) -> int:
    """The exit status for what went wrong."""
    if isinstance(error, ConfigurationError) and "signed in" in str(error):
        return NOT_SIGNED_IN
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), OTHER)
