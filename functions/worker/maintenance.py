"""Keeps the table small: compaction, expired snapshots, files that nothing refers to any more.

By hand, after the database or the lake was restored, it compares the two: `{"reconcile": "compare"}` says what
differs, `{"reconcile": "take out"}` also removes from the table what the database does not know as published.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sextant import bootstrap
from sextant.lake.errors import CommitContentionError
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.compaction import compact
from sextant.lake.write.maintenance import expire_snapshots, remove_orphans
from sextant.outputs import reconciliation, repository
from sextant.storage import ALL_TENANTS

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compact, expire, clear; `{"only": ["compact"]}` does some of it. Killed anywhere, the next call goes on."""
    if "reconcile" in event:
        return _reconcile(str(event["reconcile"]))
    wanted = set(event.get("only", ("compact", "expire", "clear")))
    table = load_table(LakeSettings.from_env(os.environ))
    with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
        # Their ids must stay findable in the table's history, and their files where they are.
        open_batches = repository.open_batches(session)
        waiting = repository.waiting_locations(session)
    done: dict[str, Any] = {}
    if "compact" in wanted:
        try:
            done["compaction"] = asdict(compact(table, protect=open_batches))
        except CommitContentionError:
            # Nothing was changed; the committer goes first, and the next call tries again.
            done["compaction"] = "the table moved under every attempt"
    if "expire" in wanted:
        done["expired"] = expire_snapshots(table, protect=open_batches)
    if "clear" in wanted:
        done["orphans"] = asdict(remove_orphans(table, waiting=waiting))
    logger.info("table maintained", extra=done)
    return done


def _reconcile(wanted: str) -> dict[str, Any]:
    if wanted not in ("compare", "take out"):
        raise ValueError(f"reconcile is 'compare' or 'take out', not {wanted!r}")
    table = load_table(LakeSettings.from_env(os.environ))
    found = reconciliation.compare(table, bootstrap.platform_database())
    done: dict[str, Any] = found.report()
    if wanted == "take out":
        done["rows_taken_out"] = reconciliation.take_out_surplus(table, found.surplus)
    logger.warning("lake and database compared", extra=done)
    return done
