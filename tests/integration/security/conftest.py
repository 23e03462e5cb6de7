"""The API's handler on a real Postgres, as an attacker with an account at one tenant meets it."""

from __future__ import annotations

from tests.integration.api.conftest import api_database, client, new_client, served

__all__ = ["api_database", "client", "new_client", "served"]
