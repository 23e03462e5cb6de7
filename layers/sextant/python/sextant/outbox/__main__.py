"""`python -m sextant.outbox`: the outbox from the command line.

    summary  what waits, failed and was sent, tenant by tenant
    list     events and where they stand
    replay   send events again: by id, or by status, topic and time window; says how many unless --yes
    quotas   list, adjust or reset what tenants may publish
    check    exit status 1 when too much waits, or for too long
    relay    run a relay until SIGTERM or Ctrl-C

`DATABASE_URL` reaches the database as the platform role; `relay` also reads the bus's settings.
"""

from __future__ import annotations

import argparse
import dataclasses
import getpass
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sextant import moments
from sextant.config import environment
from sextant.errors import SextantError
from sextant.ids import TenantId
from sextant.outbox import repository
from sextant.outbox.administration import service as administration
from sextant.outbox.administration.model import STATUSES, QuotaChange, Selection
from sextant.outbox.relay import Relay, RelaySettings
from sextant.outbox.watch import Watch
from sextant.paging import PageRequest
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.storage.settings import platform_settings

RELAY_TURN = 60.0
"""Seconds a relay that runs for good drains at a time, as a Lambda would."""


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; its exit status."""
    options = _parser().parse_args(arguments)
    database = PlatformDatabase.connect(platform_settings(environment()))
    try:
        run: Callable[[PlatformDatabase, argparse.Namespace], int] = options.run
        return run(database, options)
    except SextantError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 2
    finally:
        database.close()


def _summary(database: PlatformDatabase, options: argparse.Namespace) -> int:
    rows = database.run(
        ALL_TENANTS, lambda session: administration.summary(session, options.tenant, options.since)
    )
    _show(rows, options.json)
    return 0


def _list(database: PlatformDatabase, options: argparse.Namespace) -> int:
    events = database.run(
        ALL_TENANTS,
        lambda session: administration.list_events(
            session,
            options.tenant,
            _selection(options),
            PageRequest(limit=options.limit, key=options.before_id),
        ),
    )
    _show(events.items, options.json)
    if events.next_key:
        sys.stderr.write(f"more with --before-id {events.next_key}\n")
    return 0


def _replay(database: PlatformDatabase, options: argparse.Namespace) -> int:
    selection = _selection(options)
    if not options.yes:
        events = database.run(
            ALL_TENANTS, lambda session: administration.preview_replay(session, options.tenant, selection)
        )
        sys.stdout.write(f"{events} events would be sent again; --yes does it\n")
        return 0
    done = database.run(
        ALL_TENANTS,
        lambda session: administration.replay(
            session, options.tenant, selection, actor=options.actor, reason=options.reason
        ),
    )
    sys.stdout.write(f"{done.events} events will be sent again, marked replay-id {done.id}\n")
    return 0


def _quotas(database: PlatformDatabase, options: argparse.Namespace) -> int:
    _show(
        database.run(ALL_TENANTS, lambda session: administration.list_quotas(session, options.tenant)),
        options.json,
    )
    return 0


def _adjust(database: PlatformDatabase, options: argparse.Namespace) -> int:
    change = QuotaChange(
        **{
            name: getattr(options, name)
            for name in QuotaChange.__dataclass_fields__
            if getattr(options, name) is not None
        }
    )
    quota = database.run(
        ALL_TENANTS,
        lambda session: administration.adjust_quota(
            session, options.tenant, change, actor=options.actor, reason=options.reason
        ),
    )
    _show([quota], options.json)
    return 0


def _reset(database: PlatformDatabase, options: argparse.Namespace) -> int:
    quota = database.run(
        ALL_TENANTS,
        lambda session: administration.reset_quota(
            session, options.tenant, actor=options.actor, reason=options.reason
        ),
    )
    _show([quota], options.json)
    return 0


def _check(database: PlatformDatabase, options: argparse.Namespace) -> int:
    totals = database.run(ALL_TENANTS, repository.totals)
    limits = (
        ("pending", totals.pending, options.max_pending),
        ("dead", totals.dead, options.max_dead),
        ("oldest_seconds", totals.oldest_seconds, options.max_age),
    )
    broken = [
        f"{name} is {value:g}, allowed {limit:g}"
        for name, value, limit in limits
        if limit is not None and value > limit
    ]
    _show([totals], options.json)
    for line in broken:
        sys.stderr.write(f"{line}\n")
    return 1 if broken else 0


def _relay(database: PlatformDatabase, options: argparse.Namespace) -> int:
    from sextant.bus.factory import publisher_from_env

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
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
                relay.drain(RELAY_TURN, stop.is_set, watch if watch.take() is None else None)
            except SextantError as error:
                logging.getLogger("sextant.outbox").warning("relay interrupted: %s", error.detail)
            stop.wait(options.every)
    finally:
        publisher.close()
    return 0


def _selection(options: argparse.Namespace) -> Selection:
    return Selection(
        ids=options.id or None,
        status=options.status,
        topic=options.topic,
        created_after=options.after,
        created_before=options.before,
    )


def _show(rows: Iterable[Any], as_json: bool) -> None:  # noqa: FBT001 - one private caller's flag, passed on
    table = [dataclasses.asdict(row) for row in rows]
    if as_json:
        for row in table:
            sys.stdout.write(json.dumps(row, default=str) + "\n")
        return
    if not table:
        sys.stdout.write("nothing\n")
        return
    cells = [list(table[0]), *([_cell(value) for value in row.values()] for row in table)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for line in cells:
        sys.stdout.write(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, float):
        return f"{value:.1f}"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)[:60]


def _moment(text: str) -> datetime:
    """An RFC 3339 time, or an age: `90s`, `15m`, `2h`, `7d`."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if text[-1:] in units and text[:-1].isascii() and text[:-1].isdigit():
        return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * units[text[-1]])
    try:
        return moments.moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; or an age, such as 90s, 15m, 2h or 7d") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sextant.outbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Callable[..., int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        made.add_argument("--json", action="store_true", help="one JSON object a line")
        return made

    def audited(made: argparse.ArgumentParser, *, required: bool = True) -> None:
        made.add_argument("--reason", required=required, default="", help="why, for the audit")
        made.add_argument("--actor", default=f"cli:{getpass.getuser()}", help="who, for the audit")

    def tenant(made: argparse.ArgumentParser, text: str, *, required: bool = False) -> None:
        made.add_argument("--tenant", type=TenantId, required=required, help=text)

    def selection(made: argparse.ArgumentParser) -> None:
        made.add_argument("--status", choices=STATUSES, type=str.upper)
        made.add_argument("--topic")
        made.add_argument("--after", type=_moment, help="created at or after: a time, or an age like 2h")
        made.add_argument("--before", type=_moment, help="created before")
        made.add_argument("--id", type=UUID, action="append", help="this event; may be repeated")

    summary = command("summary", _summary, "what waits, failed and was sent, tenant by tenant")
    tenant(summary, "only this tenant")
    summary.add_argument("--since", type=_moment, help="count what was published since (default 24h)")

    listing = command("list", _list, "events and where they stand, newest first")
    tenant(listing, "only this tenant")
    selection(listing)
    listing.add_argument("--limit", type=int, default=50)
    listing.add_argument("--before-id", type=UUID, help="go on behind this event")

    replay = command("replay", _replay, "send events again, under their own ids")
    tenant(replay, "only this tenant")
    selection(replay)
    audited(replay, required=False)
    replay.add_argument("--yes", action="store_true", help="do it, instead of saying how many")

    quotas = command("quotas", _quotas, "what tenants may publish, and what of it is used")
    tenant(quotas, "only this tenant")
    adjust = command("adjust", _adjust, "change a tenant's quota, or without one the defaults")
    tenant(adjust, "the tenant; without it the defaults are changed")
    for name in QuotaChange.__dataclass_fields__:
        adjust.add_argument(f"--{name.replace('_', '-')}", type=int)
    audited(adjust)
    reset = command("reset", _reset, "give a tenant the default quota, with nothing used")
    tenant(reset, "the tenant", required=True)
    audited(reset)

    check = command("check", _check, "exit status 1 when too much waits, or for too long")
    check.add_argument("--max-pending", type=float)
    check.add_argument("--max-dead", type=float)
    check.add_argument("--max-age", type=float, help="seconds")

    relay = command("relay", _relay, "run a relay until SIGTERM or Ctrl-C")
    relay.add_argument(
        "--every", type=float, default=0.2, help="seconds between two looks at an empty outbox"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
