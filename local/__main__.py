"""The command line of the local system: `python -m local up|down|status|token|demo|clean`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

from local import model_layers, processes, tokens
from local.logs import Journal
from local.state import DEFAULT_PORT, AlreadyRunningError, Endpoints, default_home, forget, is_running
from local.system import StartError, System

_STOP_WITHIN = 40.0
_WATCH_EVERY = 1.0


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    home = Path(options.home).resolve() if options.home else default_home()
    match options.command:
        case "up":
            return up(home, port=options.port, durable=not options.throwaway)
        case "down":
            return down(home)
        case "status":
            return status(home)
        case "token":
            print(
                tokens.issue(
                    home, tenant=options.tenant, roles=options.role.split(","), subject=options.subject
                )
            )
            return 0
        case "demo":
            from local import demo

            return demo.main(home)
        case _:
            return clean(home)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument(
        "--home", help="the state directory (default: SEXTANT_HOME, else .local in the checkout)"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser("up", help="run the system until Ctrl-C")
    starting.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"of the HTTP API (default {DEFAULT_PORT}; 0: any free one)",
    )
    starting.add_argument(
        "--throwaway", action="store_true", help="faster, not safe against power loss: for tests"
    )
    commands.add_parser("down", help="stop the system that runs with this state directory")
    commands.add_parser("status", help="say what runs")
    token = commands.add_parser("token", help="print a bearer token")
    token.add_argument("--tenant", default="demo")
    token.add_argument(
        "--role", default="analyst", help=f"one or more, by commas, of {', '.join(tokens.ROLES)}"
    )
    token.add_argument("--subject", default="", help="the user's name in the token")
    commands.add_parser("demo", help="run the demonstration and stop again")
    commands.add_parser("clean", help="forget all state")
    return parser


def up(home: Path, *, port: int, durable: bool = True) -> int:
    """Runs the system in the foreground until Ctrl-C or SIGTERM."""
    try:
        model_layers.given()
    except ValueError as error:
        print(f"SEXTANT_LOCAL_MODELS: {error}", file=sys.stderr)
        return 1
    if port and not processes.port_is_free(port):
        running = Endpoints.read(home)
        whose = "a running Sextant" if running and running.url.endswith(f":{port}") else "another program"
        print(f"port {port} is taken by {whose}; choose another: make up PORT={port + 1}", file=sys.stderr)
        return 1
    journal = Journal(home / "logs")
    running_system = System(home, journal, port=port, durable=durable)
    # From here on SIGTERM, like Ctrl-C, unwinds through the `finally`; a shell's `&` had switched Ctrl-C off.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    processes.allow_many_connections()
    began = time.monotonic()
    try:
        running_system.take_home()
    except AlreadyRunningError as error:
        print(f"{error}; `make down` stops it", file=sys.stderr)
        return 1
    try:
        running_system.start_servers()
        asyncio.run(_serve(running_system, journal, began))
    except StartError as error:
        journal.say(f"ERROR {error}")
        return 1
    except KeyboardInterrupt:
        journal.say("interrupted")
        return 130
    finally:
        running_system.stop_servers()
        journal.say("stopped")
        journal.close()
    return 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


async def _serve(running_system: System, journal: Journal, began: float) -> None:
    stopping = asyncio.Event()
    try:
        endpoints = await running_system.start()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stopping.set)
        _announce(journal, endpoints, time.monotonic() - began)
        while not stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _WATCH_EVERY)
            if not stopping.is_set():
                running_system.revive_servers()
        journal.say("stopping; once more Ctrl-C stops at once")
        # The next signal is not held back any more.
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
    finally:
        await running_system.stop()


def _announce(journal: Journal, endpoints: Endpoints, seconds: float) -> None:
    journal.say(f"Sextant runs at {endpoints.url} (started in {seconds:.1f} s); Ctrl-C stops it")
    journal.say(f"console: {endpoints.url}/console/")
    journal.say(f"API documentation: {endpoints.url}/docs    logs: {endpoints.logs}")
    if endpoints.auth_disabled:
        journal.say("WARNING authentication is off: every request names its tenant in X-Tenant-ID")
    else:
        journal.say("a token: make token TENANT=demo ROLE=analyst")


def down(home: Path) -> int:
    """Stops the system of `home` and waits for it."""
    running = Endpoints.read(home)
    if running is None:
        print("no system runs here" if not is_running(home) else "the system is just starting; try again")
        return 0
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_WITHIN
    while is_running(home):
        if time.monotonic() > deadline:
            print(f"process {running.pid} did not stop", file=sys.stderr)
            return 1
        time.sleep(0.05)
    print("stopped")
    return 0


def status(home: Path) -> int:
    """Prints what runs; exit status 3 when nothing does, as service managers have it."""
    running = Endpoints.read(home)
    if running is None:
        print(f"not running (state: {home})")
        return 3
    print(f"running at {running.url}, process {running.pid}")
    print(f"  state        {home}")
    print(f"  logs         {running.logs}")
    print(f"  database     {running.database.admin}")
    print(f"  local AWS    {running.aws}")
    print(f"  functions    {running.functions}")
    return 0


def clean(home: Path) -> int:
    """Stops the system if it runs, and deletes its state and the demonstrations'."""
    demonstrations = sorted(lock.parent for lock in home.glob("*/lock"))
    for each in (*demonstrations, home):
        if is_running(each) and down(each) != 0:
            return 1
        forget(each)
    return 0


if __name__ == "__main__":
    sys.exit(main())
