"""`python -m sextant.outbox`: a relay as a process that runs until SIGTERM or Ctrl-C.

`DATABASE_URL` reaches the database as the platform role; the bus's settings are those of the function. All else of the outbox is
`sextant outbox`, over HTTP.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from sextant.bus.factory import publisher_from_env
from sextant.config import environment
from sextant.errors import SextantError
from sextant.outbox.relay import Relay, RelaySettings
from sextant.outbox.watch import Watch
from sextant.storage import PlatformDatabase
from sextant.storage.settings import platform_settings

TURN = 60.0
"""Seconds it drains at a time, as a Lambda would."""


def main(arguments: list[str] | None = None) -> int:
    """Relays until it is stopped; its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m sextant.outbox", description="Run a relay until SIGTERM or Ctrl-C."
    )
    parser.add_argument(
        "--every", type=float, default=0.2, help="seconds between two looks at an empty outbox"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    database = PlatformDatabase.connect(platform_settings(environment()))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    publisher = publisher_from_env(environment())
    settings = RelaySettings.from_env(environment())
    relay = Relay(database, publisher, settings)
    try:
        while not stop.is_set():
            try:
                # What keeps no watch publishes too, and comes back.
                watch = Watch(database, settings.watch)
                relay.drain(TURN, stop.is_set, watch if watch.take() is None else None)
            except SextantError as error:
                logging.getLogger("sextant.outbox").warning("relay interrupted: %s", error.detail)
            stop.wait(options.every)
    finally:
        publisher.close()
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
