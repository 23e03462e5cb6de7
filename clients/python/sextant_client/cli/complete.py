"""What a shell completes names with. It never fails: a completion that cannot be had is none."""

from __future__ import annotations

from sextant_client.problems import SextantError


def scenario_names(incomplete: str) -> list[str]:
    """Names of scenarios that begin so."""
    from sextant_client._sync.client import Sextant
    from sextant_client.waiting import Retries

    try:
        with Sextant.from_env(retries=Retries(attempts=1)) as client:
            page = client.api.list_scenarios(name=incomplete or None, limit=50)
    except (SextantError, OSError):
        return []
    return [body.name for body in page.data if body.name.startswith(incomplete)]
