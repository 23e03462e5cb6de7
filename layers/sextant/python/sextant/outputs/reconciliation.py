"""After one of the two stores went back in time: what the lake and the database say of the same runs.

The database is the truth. A run whose rows stand in the lake without it being published there is *surplus*: left
alone it would be read by whoever asks for the scenario's outputs, and stand twice once it is run again. A run that
the database calls published and the lake does not hold, or holds in part, is *missing*: its objects must be brought
back, for nothing but the lake has its rows. So must files that are handed in and whose object is *gone*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass

from pyiceberg.table import Table

from sextant.lake.objects.file_io import store_of
from sextant.lake.write.deletion import Standing, runs_standing, take_out
from sextant.outputs import repository
from sextant.outputs.model import PublishedRun
from sextant.storage import ALL_TENANTS, PlatformDatabase

# Of each list in the answer; the counts are of all.
LISTED = 100


@dataclass(frozen=True)
class Surplus:
    """A run that only the lake holds; `state` is the database's of it, None where it knows no such run."""

    tenant_id: str
    scenario_id: str
    run_id: str
    rows: int
    state: str | None


@dataclass(frozen=True)
class Missing:
    """A published run of which the lake holds another number of rows."""

    tenant_id: str
    scenario_id: str
    run_id: str
    rows: int
    rows_in_the_lake: int


@dataclass(frozen=True)
class Comparison:
    """What differs, and how many runs were equal."""

    equal: int
    surplus: list[Surplus]
    missing: list[Missing]
    gone: list[str]

    def report(self) -> dict[str, object]:
        """Counts, and the first of each kind."""
        return {
            "equal": self.equal,
            **{
                name: {"count": len(found), "first": [asdict(one) for one in found[:LISTED]]}
                for name, found in (("surplus", self.surplus), ("missing", self.missing))
            },
            "gone": {"count": len(self.gone), "first": self.gone[:LISTED]},
        }


def compare(table: Table, database: PlatformDatabase) -> Comparison:
    """Read the database, the lake and the database again, so that no run published meanwhile is taken for a difference."""
    before = _published(database)
    standing = runs_standing(table)
    after = _published(database)
    unknown = standing.keys() - after.keys()
    with database.autocommit(ALL_TENANTS) as session:
        states = repository.run_states(session, [run.run_id for run in unknown])
        waiting = repository.waiting_locations(session)
    expected = {run: row for run, row in before.items() if row.committed and row.row_count}
    missing = [
        Missing(*_names(run), row.row_count, standing[run])
        for run, row in sorted(expected.items())
        if standing[run] != row.row_count
    ]
    return Comparison(
        equal=len(expected) - len(missing),
        surplus=[Surplus(*_names(run), standing[run], states.get(run.run_id)) for run in sorted(unknown)],
        missing=missing,
        gone=_gone(table, waiting),
    )


def take_out_surplus(table: Table, surplus: Collection[Surplus]) -> int:
    """Remove what only the lake holds, in one commit; how many rows went. Calling again is safe."""
    return take_out(table, [Standing(run.tenant_id, run.scenario_id, run.run_id) for run in surplus])


def _published(database: PlatformDatabase) -> dict[Standing, PublishedRun]:
    with database.autocommit(ALL_TENANTS) as session:
        found = repository.published_runs(session)
    return {Standing(row.tenant_id, str(row.scenario_id), str(row.run_id)): row for row in found}


def _names(run: Standing) -> tuple[str, str, str]:
    return run.tenant_id, run.scenario_id, run.run_id


def _gone(table: Table, locations: Collection[str]) -> list[str]:
    """Those of `locations` where no object lies."""
    if not locations:
        return []
    store = store_of(table.io, table.metadata.location)
    present = Counter(item.location for item in store.list(f"{table.metadata.location}/data/"))
    return sorted(location for location in locations if location not in present)
