"""The run gate: an outside service that is asked before each run is computed, where one is configured.

`SEXTANT_RUN_GATE_URL` names it, with its path and query. It may be a data vendor that says whether its inputs are ready, or a licence or budget
service. The worker sends `POST {url}` with `{"tenant_id", "run_id", "scenario_id", "version_hash"}`; any 2xx lets the run
pass. Any other answer, and none within `SEXTANT_RUN_GATE_TIMEOUT` seconds, fails the attempt as the vendor's failure.
The tenant's vendor `run-gate` guards the call: its breaker, its limit a minute, its kill switch.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from sextant.runs.model import Run
from sextant.storage import Database
from sextant.vendors.errors import VendorCallError
from sextant.vendors.guard import Guard

VENDOR = "run-gate"


@dataclass(frozen=True)
class RunGate:
    """The service at `url`, which has `timeout` seconds to answer."""

    url: str
    timeout: float

    def check(self, database: Database, run: Run, worker: str) -> None:
        """Return when the run may be computed; raises a `VendorError` where it may not now."""
        with Guard(database, run.tenant_id, VENDOR, actor=worker, correlation_id=run.correlation_id):
            self._ask(run)

    def _ask(self, run: Run) -> None:
        address = urlsplit(self.url)
        connect = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        assert address.hostname, "settings.RunSettings holds the URL to have a host"
        connection = connect(address.hostname, address.port, timeout=self.timeout)
        target = urlunsplit(("", "", address.path or "/", address.query, ""))
        question = {
            "tenant_id": run.tenant_id,
            "run_id": str(run.id),
            "scenario_id": str(run.scenario_id),
            "version_hash": run.version_hash,
        }
        headers = {"Content-Type": "application/json", "X-Correlation-ID": run.correlation_id}
        try:
            connection.request("POST", target, json.dumps(question), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise VendorCallError(VENDOR, f"{VENDOR} did not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise VendorCallError(VENDOR, f"{VENDOR} answered {status}")
