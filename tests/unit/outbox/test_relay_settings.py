"""Relay settings: read from the environment, refused where they would break the lease."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sextant.outbox.relay import RelaySettings


def test_they_are_read_from_the_environment() -> None:
    settings = RelaySettings.from_env({"SEXTANT_RELAY_LEASE": "90", "SEXTANT_RELAY_RETRY_CAP": "60"})
    assert settings.lease == 90
    assert settings.retry.cap == timedelta(seconds=60)
    assert settings.batch == RelaySettings().batch


def test_a_lease_that_a_live_relay_could_outlast_is_refused() -> None:
    with pytest.raises(ValueError, match="lease"):
        RelaySettings(lease=20, publish_timeout=10)


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        RelaySettings.from_env({"SEXTANT_RELAY_BATCH": "many"})
