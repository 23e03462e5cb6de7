"""RTS-GMLC from its public files to compared scenarios: python examples/rts_gmlc.py <the folder RTS_Data>. Needs a running system (`make up`)."""

import sys
from datetime import datetime

from sextant_client import Sextant
from sextant_client.importers import from_rts_gmlc

baseline = from_rts_gmlc(sys.argv[1])
print(baseline.report)
with Sextant.from_env() as sextant:
    baseline.upload(sextant)
    runs = []
    for price in (0, 50):
        policy = {"policy_name": "CARBON_PRICE", "start_year": 2020, "price": price}
        scenario = sextant.scenarios.create(
            f"RTS-GMLC at {price} USD/t, {datetime.now():%d %b %H:%M:%S.%f}",  # noqa: DTZ005 - a name
            assumptions=[{"driver_type": "policy", "payload": policy}],
            parameters={"baseline": baseline.name},
        )
        runs.append(scenario.run())
    base, dearer = (run.wait(progress=True) for run in runs)
    for row in sextant.compare(dearer, baseline=base, metric=["price", "emissions", "system_cost"]).records():
        print(f"{row['metric']:12} {row['baseline']:16,.1f} → {row['value']:16,.1f} {row['unit']}")
