"""The state directory of a local system: who holds it, where its system is reached, and how it is deleted."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from local.database import DatabaseUrls
from local.postgres import Postgres
from local.runtime_api import ROOT

DEFAULT_PORT = 8095
"""Where the API is served unless a port is named."""

# Whatever of these a state directory holds is ours to delete.
_STATE = (
    *("postgres", "postgres.port", "postgres.password", "aws", "aws.port", "kafka"),
    *("logs", "signing-key.pem", "jwks.json", "system.json", "lock"),
    "tmp",
)


class AlreadyRunningError(RuntimeError):
    """Another process runs a system in this state directory."""


@dataclass(frozen=True)
class Endpoints:
    """Where a running system is reached; kept in the state directory while it runs."""

    pid: int
    url: str
    aws: str
    functions: str
    database: DatabaseUrls
    logs: str
    auth_disabled: bool
    kafka: str = ""
    """The brokers; empty where the bus is SQS."""

    @classmethod
    def read(cls, home: Path) -> Endpoints | None:
        """The endpoints of the system running in `home`, if one does."""
        if not is_running(home):
            return None
        try:
            fields = json.loads((home / "system.json").read_text())
        except (OSError, ValueError):
            return None
        return cls(**{**fields, "database": DatabaseUrls(**fields["database"])})

    def write(self, home: Path) -> None:
        """The file holds passwords: it is for its owner only."""
        half_written = home / "system.json.new"
        half_written.touch(mode=0o600)
        half_written.write_text(json.dumps(asdict(self)))
        half_written.rename(home / "system.json")


def default_home() -> Path:
    return Path(os.environ.get("SEXTANT_HOME") or ROOT / ".local").resolve()


def is_running(home: Path) -> bool:
    """Whether some process holds the state directory."""
    try:
        with (home / "lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def take(home: Path) -> IO[str]:
    """The lock of the state directory, for as long as the file is open."""
    lock = (home / "lock").open("w")
    deadline = time.monotonic() + 1.0
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Whoever asks `is_running` holds it for a moment.
            if time.monotonic() > deadline:
                lock.close()
                raise AlreadyRunningError(f"a system already runs with its state in {home}") from None
            time.sleep(0.05)
        else:
            return lock


def forget(home: Path, *, keep_logs: bool = False) -> None:
    """Deletes the state of a stopped system, and nothing else that may lie in `home`."""
    Postgres(home).forget()
    for name in _STATE:
        if keep_logs and name == "logs":
            continue
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        home.rmdir()
