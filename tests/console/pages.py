"""Every page of the console, by the name that its picture has."""

from __future__ import annotations

from tests.console.seeding import Shown


def addresses(shown: Shown) -> dict[str, str]:
    """Where the pages stand for what is in the tenant `shown`."""
    reference, *others = shown.runs
    return {
        "overview": "/",
        "scenarios": "/scenarios",
        "scenario": f"/scenarios/{shown.scenarios[2]}",
        "versions": f"/scenarios/{shown.scenarios[2]}?tab=history",
        "editor": f"/scenarios/{shown.scenarios[2]}/edit",
        "runs": "/runs",
        "result": f"/runs/{shown.runs[2]}",
        "bands": f"/runs/{shown.uncertain}",
        "hours": f"/runs/{shown.hourly}?hourly=generation&of=2027&from=1&until=72",
        "sweep": f"/runs/{shown.sweep}",
        "compare": f"/compare?baseline={reference}&runs={','.join(others)}",
        "reports": "/reports",
        "report": f"/reports/{shown.report}",
        "sweeps": "/sweeps",
        "baselines": "/baselines",
        "baseline": "/baselines/reference",
        "operations": "/operations",
        "incident": f"/operations/incidents/{shown.incident}",
        "switches": "/operations?tab=switches",
        "vendors": "/operations?tab=vendors",
        "outbox": "/outbox",
        "webhooks": "/webhooks",
        "webhook": f"/webhooks/{shown.webhook}",
        "delivery": f"/webhooks/{shown.webhook}/deliveries/{shown.delivery}",
        "settings": "/settings",
        "nothing": "/no/such/page",
    }
