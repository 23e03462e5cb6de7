"""A system in a child process of its own, and what a client of it needs: for the demo, tests, chaos and bench."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import processes, tokens
from local.aws import Names, client_for
from local.invocations import EnvironmentState
from local.runtime_api import ROOT
from local.state import Endpoints, forget

_START_WITHIN = 120.0
_STOP_WITHIN = 45.0


@dataclass(frozen=True)
class RunningSystem:
    """A started system: where it is, and clients for it."""

    home: Path
    process: subprocess.Popen[bytes]
    endpoints: Endpoints

    @property
    def url(self) -> str:
        return self.endpoints.url

    @property
    def names(self) -> Names:
        """What its queues, bucket and table are called."""
        return Names()

    def token(self, tenant: str = "demo", *roles: str, subject: str = "", lifetime: int = 3600) -> str:
        """A bearer token; an analyst's when no role is named."""
        return tokens.issue(
            self.home, tenant=tenant, roles=list(roles) or ["analyst"], subject=subject, lifetime=lifetime
        )

    def client(self, tenant: str = "demo", *roles: str, timeout: float = 35.0) -> httpx.Client:
        """An HTTP client for the API, signed in to `tenant`; close it, or use it as a context manager."""
        headers = {"Authorization": f"Bearer {self.token(tenant, *roles)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout, trust_env=False)

    def aws_client(self, service: str) -> Any:
        """A boto3 client for its local AWS."""
        return client_for(service, self.endpoints.aws)

    def queue_url(self, name: str) -> str:
        """The URL of a declared queue, or with `-dlq` behind its name of its dead-letter queue."""
        url: str = self.aws_client("sqs").get_queue_url(QueueName=self.names.queue(name))["QueueUrl"]
        return url

    def environments(self, function: str | None = None) -> list[EnvironmentState]:
        """The live processes of the functions, for a test that kills one."""
        answer = httpx.get(f"{self.endpoints.functions}/local/environments", timeout=10, trust_env=False)
        found = [EnvironmentState(**each) for each in answer.json()["environments"]]
        return [each for each in found if function in (None, each.function)]

    def invoke(self, function: str, event: bytes = b"{}") -> bytes:
        """Runs a function and returns its answer; raises RuntimeError when it fails."""
        client = client_for("lambda", self.endpoints.functions)
        answer = client.invoke(FunctionName=function, Payload=event)
        payload: bytes = answer["Payload"].read()
        if "FunctionError" in answer:
            raise RuntimeError(payload.decode(errors="replace"))
        return payload

    def stop(self) -> int:
        """An orderly stop, as by Ctrl-C; returns the exit status."""
        processes.stop(self.process, by=signal.SIGINT, within=_STOP_WITHIN)
        return int(self.process.returncode)

    def kill(self) -> None:
        """Ends the system and, through the kernel, its children, without any chance to tidy up."""
        self.process.kill()
        self.process.wait()


class StartFailedError(RuntimeError):
    """The system ended, or did not answer in time, while starting."""


def start(
    home: Path,
    *,
    port: int = 0,
    throwaway: bool = True,
    environment: Mapping[str, str] | None = None,
    inherit: Mapping[str, str] | None = None,
    module: str = "local",
) -> RunningSystem:
    """Starts a system with its state in `home` and returns when it serves.

    Call it from a thread that lives as long as the system should. `environment` adds to the variables of
    this process, or of `inherit` where that is given. `module` takes the command line of `local` and may stand something
    before it. Its terminal output is in `home/logs/up.log`.
    """
    import os

    (home / "logs").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", module, "--home", str(home), "up", "--port", str(port)]
    output = home / "logs" / "up.log"
    with output.open("ab") as log:
        process = processes.start(
            [*command, *(["--throwaway"] if throwaway else [])],
            log=log,
            environment={**(os.environ if inherit is None else inherit), **(environment or {})},
            directory=ROOT,
        )
    deadline = time.monotonic() + _START_WITHIN
    while True:
        endpoints = Endpoints.read(home)
        if endpoints is not None and endpoints.pid == process.pid:
            return RunningSystem(home, process, endpoints)
        if process.poll() is not None:
            tail = "\n".join(output.read_text(errors="replace").splitlines()[-15:])
            raise StartFailedError(f"the system ended while starting:\n{tail}")
        if time.monotonic() > deadline:
            processes.stop(process)
            raise StartFailedError(f"the system did not start within {_START_WITHIN:.0f} s; see {output}")
        time.sleep(0.05)


@contextmanager
def running(home: Path, **options: Any) -> Iterator[RunningSystem]:
    """A system for the length of a `with` block."""
    started = start(home, **options)
    try:
        yield started
    finally:
        started.stop()


@contextmanager
def throwaway(environment: Mapping[str, str] | None = None) -> Iterator[RunningSystem]:
    """A system whose state goes with the `with` block."""
    with tempfile.TemporaryDirectory(prefix="sextant-") as directory:
        home = Path(directory)
        try:
            with running(home, environment=environment) as started:
                yield started
        finally:
            forget(home)
