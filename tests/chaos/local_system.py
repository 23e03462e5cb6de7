"""A whole local system in a process of its own, for campaigns and benchmarks to use and to hurt."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import psutil

from local import tokens
from local.aws import REGION
from local.system import Endpoints
from sextant.lake.catalog import LakeSettings

ROOT = Path(__file__).parents[2]
_START_WITHIN = 90.0
# Whoever reads the lake from outside needs some credentials; the local AWS takes any.
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class LocalSystem:
    """A running system: where it is reached, and its processes."""

    home: Path
    endpoints: Endpoints

    def client(self, tenant: str, role: str = "admin") -> httpx.Client:
        token = tokens.issue(self.home, tenant=tenant, roles=[role], subject="tester")
        return httpx.Client(
            base_url=self.endpoints.url, headers={"authorization": f"Bearer {token}"}, timeout=30
        )

    def aws(self, service: str, endpoint: str | None = None) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=endpoint or self.endpoints.aws,
            region_name=REGION,
        )

    def invoke(self, function: str) -> None:
        """Invoke a function asynchronously, as its schedule does once a minute."""
        self.aws("lambda", self.endpoints.functions).invoke(FunctionName=function, InvocationType="Event")

    def processes_of(self, handler: str) -> list[psutil.Process]:
        """The function's processes that are alive now."""
        found = []
        for process in psutil.Process(self.endpoints.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if handler in process.cmdline():
                    found.append(process)
        return found

    @property
    def lake(self) -> LakeSettings:
        return LakeSettings(
            warehouse="s3://sextant-warehouse/warehouse",
            catalog="sql",
            catalog_url=self.endpoints.database.catalog,
            region=REGION,
            endpoint_url=self.endpoints.aws,
        )


@contextlib.contextmanager
def running(environment: Mapping[str, str]) -> Iterator[LocalSystem]:
    """A system with its state in a directory of its own, forgotten afterwards."""
    os.environ.update(_CREDENTIALS)
    with tempfile.TemporaryDirectory(prefix="sextant-system-") as directory:
        home = Path(directory)
        log = (home / "up.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "local", "--home", directory, "up", "--port", "0", "--throwaway"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield LocalSystem(home, _wait(process, home))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            log.close()
            subprocess.run(
                [sys.executable, "-m", "local", "--home", directory, "clean"],
                cwd=ROOT,
                check=False,
                stdout=subprocess.DEVNULL,
            )


def _wait(process: subprocess.Popen[bytes], home: Path) -> Endpoints:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the system did not start: {(home / 'up.log').read_text()[-2000:]}")
        if found := Endpoints.read(home):
            return found
        time.sleep(0.1)
    raise RuntimeError("the system did not start in time")
