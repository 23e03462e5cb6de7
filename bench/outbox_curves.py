"""Two curves: how long quiet tenants wait while a hot one's backlog drains, and how claims stay flat."""

from __future__ import annotations

import gc
import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.outbox_rig import NoPublish, Rig, database
from bench.report import RESULTS, Row
from sextant.bus.message import OutboundMessage
from sextant.ids import TenantId, new_id
from sextant.outbox import repository
from sextant.outbox.low_watermarks import LowWatermarks
from sextant.outbox.model import NewEvent, RetryRule
from sextant.outbox.relay import Relay, RelaySettings
from sextant.outbox.repository import ClaimRequest, Settlement
from sextant.storage import ALL_TENANTS, PlatformDatabase

IMAGES = Path(__file__).parents[1] / "docs" / "images"
HOT, QUIET = 100_000, 20
"""Events of the hot tenant, as many again of 49 others; and how many tenants trickle events meanwhile."""

# Without lanes: the oldest rows of all tenants, whoever they belong to.
_FIFO_CLAIM = """
WITH chosen AS (
    SELECT tenant_id, position FROM outbox_pending WHERE available_at <= clock_timestamp()
    ORDER BY position LIMIT 500 FOR UPDATE SKIP LOCKED
)
UPDATE outbox_pending p SET available_at = clock_timestamp() + interval '30 seconds'
FROM chosen c WHERE p.tenant_id = c.tenant_id AND p.position = c.position
RETURNING p.tenant_id, p.position, p.event_id
"""


@dataclass
class _Waits:
    """Seconds that quiet tenants' events waited, each with the moment it was published."""

    began: float = 0.0
    stored: dict[str, float] = field(default_factory=dict)
    points: list[tuple[float, float]] = field(default_factory=list)

    def published(self, event_id: str) -> None:
        if (at := self.stored.pop(event_id, None)) is not None:
            now = time.perf_counter()
            self.points.append((now - self.began, now - at))

    def percentile(self, share: float) -> float:
        """Of those that came, and those that never did count as waiting until now."""
        now = time.perf_counter()
        waits = sorted([wait for _, wait in self.points] + [now - at for at in self.stored.values()])
        return waits[min(len(waits) - 1, int(len(waits) * share))]


class _Watching(NoPublish):
    def __init__(self, waits: _Waits) -> None:
        self._waits = waits

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> Any:
        for message in messages:
            self._waits.published(str(message.event_id))
        return super().submit(messages, deadline)


def fairness(made: Rig, scale: float) -> list[Row]:
    """How long events of quiet tenants wait while 200,000 events drain, half of them of one tenant."""
    hot = int(HOT * scale)

    def lanes(waits: _Waits, stop: threading.Event) -> None:
        Relay(made.platform, _Watching(waits), RelaySettings(linger=0)).drain(600, stop.is_set)

    ours = _trickle(made, hot, lanes)
    fifo = _trickle(made, hot, lambda waits, stop: _fifo(made, waits, stop))
    _keep("outbox-fairness", {"lanes": ours.points, "fifo": fifo.points})
    _plot_fairness(ours, fifo)
    p99, other = ours.percentile(0.99), fifo.percentile(0.99)
    return [
        Row("quiet tenants' wait while 200,000 drain, p99", "s", p99, target=0.5, better="lower"),
        Row(
            "the same, against one queue for all",
            "s",
            p99,
            other,
            "oldest first, SKIP LOCKED",
            better="lower",
        ),
    ]


def _trickle(made: Rig, hot: int, drain: Callable[[_Waits, threading.Event], None]) -> _Waits:
    made.clear()
    made.backlog(hot, tenants=1, tenant="hot-")
    made.backlog(hot, tenants=49)
    waits, stop = _Waits(), threading.Event()
    relay = threading.Thread(target=drain, args=(waits, stop))
    waits.began = time.perf_counter()
    relay.start()
    number = 0
    while relay.is_alive() and time.perf_counter() - waits.began < 60:
        tenant = TenantId(f"quiet-{number % QUIET}")
        number += 1
        before = time.perf_counter()
        with made.app.transaction(tenant) as session:
            [event_id] = repository.enqueue(session, [NewEvent("bench", {"n": number})])
            waits.stored[str(event_id)] = before
        relay.join(0.01)
    stop.set()
    relay.join()
    return waits


def _fifo(made: Rig, waits: _Waits, stop: threading.Event) -> None:
    """The usual outbox: the oldest pending rows of all, read, published, deleted."""
    made.admin.execute("CREATE INDEX IF NOT EXISTS bench_fifo ON outbox_pending (position)")
    with psycopg.connect(made.urls.platform, autocommit=True) as connection:
        while not stop.is_set():
            taken = connection.execute(_FIFO_CLAIM).fetchall()
            if not taken:
                break
            connection.execute(
                "SELECT payload FROM outbox_event e JOIN unnest(%s::text[], %s::uuid[]) AS c(tenant_id, id) "
                "ON e.tenant_id = c.tenant_id AND e.id = c.id",
                ([row[0] for row in taken], [row[2] for row in taken]),
            ).fetchall()
            for row in taken:
                waits.published(str(row[2]))
            connection.execute(
                "DELETE FROM outbox_pending p USING unnest(%s::text[], %s::bigint[]) AS c(tenant_id, position) "
                "WHERE p.tenant_id = c.tenant_id AND p.position = c.position",
                ([row[0] for row in taken], [row[1] for row in taken]),
            )
    made.admin.execute("DROP INDEX bench_fifo")


def flatness(made: Rig, scale: float) -> list[Row]:
    """Milliseconds of a claim: with ever more sent rows behind it, and while an old snapshot is held."""
    with database(made.postgres, "bench_empty") as empty:
        sent, never = _under_history(made, empty, int(2_000_000 * scale))
    with_floors = _under_snapshot(made, int(200_000 * scale), floors=True)
    without = _under_snapshot(made, int(200_000 * scale), floors=False)
    curves = {
        "history": sent,
        "no history": never,
        "snapshot": with_floors,
        "snapshot without floors": without,
    }
    _keep("outbox-flatness", curves)
    _plot_flatness(curves)
    last = median(ms for _, ms in sent[-3:])
    beside = median(ms for _, ms in never[-3:])
    return [
        Row("claim of 500 behind 2,000,000 sent events", "ms", last, beside, "no sent events", target=1.2, better="lower"),
        Row("claim under a held snapshot, after 200,000 events, against the first ones", "×", _growth(with_floors),
            target=1.5, better="lower"),
        Row("the same without floors", "×", _growth(without), better="lower"),
    ]  # fmt: skip


def _growth(points: list[tuple[float, float]]) -> float:
    tenth = max(1, len(points) // 10)
    return median(ms for _, ms in points[-tenth:]) / median(ms for _, ms in points[1 : tenth + 1])


def _under_history(
    made: Rig, empty: Rig, events: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """(sent events, median ms of a claim) in ten steps; and beside it, each time, in an outbox without history."""
    made.clear()
    points, beside = [], []
    step = events // 10
    for number in range(11):
        if number:
            made.backlog(step)
            _forget_pending(made)
        with_history, without = _claims(made, empty)
        points.append((float(number * step), with_history))
        beside.append((float(number * step), without))
    return points, beside


def _forget_pending(made: Rig) -> None:
    """As if a relay had sent everything, without the time to do it one by one."""
    made.admin.execute(
        "INSERT INTO outbox_publication SELECT tenant_id, clock_timestamp(), gen_random_uuid(), array_agg(event_id) "
        "FROM outbox_pending GROUP BY tenant_id, position / 2500"
    )
    made.admin.execute("DELETE FROM outbox_pending")
    made.admin.execute("VACUUM outbox_pending")


def _claims(made: Rig, empty: Rig) -> tuple[float, float]:
    """Median milliseconds of forty claims of 500 events in each, in turn, and each as often first."""
    empty.clear()
    for one in (made, empty):
        one.backlog(20_000)
    _let_vacuum_end(made)
    with_history: list[float] = []
    without: list[float] = []
    for number in range(40):
        pair = [(made, with_history), (empty, without)]
        for one, times in pair if number % 2 else reversed(pair):
            times.append(_one_claim(one.platform, {}, "")[0])
    return median(with_history), median(without)


def _let_vacuum_end(made: Rig, within: float = 60.0) -> None:
    """Wait for the autovacuum that 200,000 new rows set off: it takes a core while it works, whoever is measured."""
    give_up = time.monotonic() + within
    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
    while time.monotonic() < give_up and made.admin.execute(query).fetchone() != (0,):
        time.sleep(0.1)


def _under_snapshot(made: Rig, events: int, *, floors: bool) -> list[tuple[float, float]]:
    """(events drained, ms of a claim) while a transaction elsewhere holds its snapshot."""
    made.clear()
    made.backlog(events)
    made.admin.execute("VACUUM outbox_pending")
    known = LowWatermarks()
    # Collecting what this process holds of other measurements would show as claims of 100 ms.
    gc.collect()
    gc.freeze()
    points: list[tuple[float, float]] = []
    measured = 0.0
    after = ""
    with psycopg.connect(made.urls.admin) as elsewhere:
        elsewhere.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        elsewhere.execute("SELECT pg_current_xact_id()")
        while True:
            if floors and time.perf_counter() - measured > 0.25:
                measured = time.perf_counter()
                with made.platform.autocommit(ALL_TENANTS) as session:
                    known.measured(repository.measure(session, known.known, known.watched))
            ms, claimed = _one_claim(made.platform, known.known if floors else {}, after)
            if not claimed:
                return points
            if floors:
                known.claimed(claimed)
            after = claimed[-1].tenant_id
            points.append(((points[-1][0] if points else 0.0) + len(claimed), ms))


def _one_claim(outbox: PlatformDatabase, floors: Any, after: str) -> tuple[float, list[Any]]:
    request = ClaimRequest(new_id(), 500, timedelta(seconds=30), after, floors)
    with outbox.autocommit(ALL_TENANTS) as session:
        began = time.perf_counter()
        events = repository.claim(session, request)
        ms = (time.perf_counter() - began) * 1000
        if events:
            verdicts, errors = ["sent"] * len(events), [""] * len(events)
            repository.settle(session, Settlement(request.token, events, verdicts, errors), RetryRule())
    return ms, events


def _keep(name: str, curves: dict[str, list[tuple[float, float]]]) -> None:
    RESULTS.mkdir(exist_ok=True)
    thinned = {
        title: [list(p) for p in points[:: max(1, len(points) // 400)]] for title, points in curves.items()
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(thinned) + "\n", encoding="utf-8")


def _plot_fairness(ours: _Waits, fifo: _Waits) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4))
    for waits, name, colour in ((fifo, "oldest first", "#b8b8b8"), (ours, "lanes in rotation", "#1f6feb")):
        moments, seconds = [at for at, _ in waits.points], [wait for _, wait in waits.points]
        axes.scatter(moments, seconds, s=6, label=name, color=colour)
    axes.set_yscale("log")
    axes.axhline(0.5, color="#d1242f", linewidth=0.8, linestyle="--", label="0.5 s")
    axes.set(xlabel="seconds since the drain began", ylabel="wait of a quiet tenant's event (s)",
             title="Quiet tenants while 200,000 events drain, half of them of one tenant")  # fmt: skip
    _save(figure, "outbox-fairness.png")


def _plot_flatness(curves: dict[str, list[tuple[float, float]]]) -> None:
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    for axes, name, label, colour in (
        (left, "no history", "no sent events", "#b8b8b8"),
        (left, "history", "behind the history", "#1f6feb"),
        (right, "snapshot without floors", "without floors", "#b8b8b8"),
        (right, "snapshot", "with floors", "#1f6feb"),
    ):
        events, times = zip(*curves[name], strict=True)
        axes.plot([number / 1000 for number in events], times, color=colour, label=label)
    left.set(
        xlabel="sent events in the history (thousands)",
        ylabel="claim of 500 events (ms)",
        ylim=(0, None),
        title="History",
    )
    right.set(
        xlabel="events drained under a held snapshot (thousands)",
        ylabel="claim (ms)",
        ylim=(0, None),
        title="Held snapshot",
    )
    _save(figure, "outbox-flatness.png")


def _save(figure: Any, name: str) -> None:
    from matplotlib import pyplot as plt

    for axes in figure.axes:
        axes.grid(alpha=0.2)
        with suppress(AttributeError):
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False)
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(IMAGES / name, dpi=110)
    plt.close(figure)
