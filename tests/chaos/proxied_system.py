"""`python -m local`, whose functions reach AWS and Postgres through proxies, and some of which have a clock that can be set.

    PROXY_AWS=<port> PROXY_POSTGRES=<port> CLOCKS=<folder> FAKETIME=<library> python -m tests.chaos.proxied_system up …

The system's own parts (its event sources, its migrations' server) stand where AWS's stand, beyond the proxies.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from functions.declaration import COMMITTER, OUTBOX_RELAY, RUN_RECOVERY, RUN_WORKER, Function
from local import __main__ as command
from local import place
from local.aws import LocalAws
from local.database import DatabaseUrls

CLOCKS = tuple(one.name for one in (COMMITTER, OUTBOX_RELAY, RUN_RECOVERY, RUN_WORKER))
"""The functions whose clock can be set, each by a file of its name."""


def _proxied(urls: DatabaseUrls) -> DatabaseUrls:
    def through(url: str) -> str:
        parts = urlsplit(url)
        address = f"{parts.hostname}:{os.environ['PROXY_POSTGRES']}"
        return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{address}"))

    return dataclasses.replace(
        urls,
        **{name: through(getattr(urls, name)) for name in ("admin", "app", "platform", "catalog")},
    )


def _clock(function: Function) -> Mapping[str, str]:
    if function.name not in CLOCKS:
        return {}
    return {
        "LD_PRELOAD": os.environ["FAKETIME"],
        "FAKETIME_TIMESTAMP_FILE": str(Path(os.environ["CLOCKS"]) / function.name),
        "FAKETIME_CACHE_DURATION": "1",
        # A span that is measured stays one: a machine's clock is set, and its quartz is not.
        "DONT_FAKE_MONOTONIC": "1",
    }


def serve(arguments: list[str]) -> int:
    local_place, of_this_machine = place.local_place, place.of_this_machine

    def proxied_place(bus: str, resources: Any, urls: DatabaseUrls, kafka: str | None) -> Any:
        return local_place(bus, resources, _proxied(urls), kafka)

    def proxied_machine(
        function: Function, aws: LocalAws, urls: DatabaseUrls, lambda_endpoint: str
    ) -> Mapping[str, str]:
        return {
            **of_this_machine(function, aws, _proxied(urls), lambda_endpoint),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['PROXY_AWS']}",
            **_clock(function),
        }

    place.local_place, place.of_this_machine = proxied_place, proxied_machine  # type: ignore[assignment]
    return command.main(arguments)


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
