"""When a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sextant.webhooks.retries import GIVE_UP_AFTER, delay_after, outcome_of, retry_after

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def test_pauses_grow_from_five_seconds_to_twelve_hours() -> None:
    pauses = [delay_after(turn, lambda: 0.5) for turn in range(1, 30)]

    assert pauses[:4] == [5, 20, 80, 320]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 12 * 3600
    made = sum(sum(pauses[:count]) < GIVE_UP_AFTER for count in range(len(pauses)))
    assert 10 <= made <= 15, "attempts within three days"


def test_no_two_wait_alike() -> None:
    assert (delay_after(1, lambda: 0.0), delay_after(1, lambda: 1.0)) == pytest.approx((4, 6))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "DELIVERED"),
        (204, "DELIVERED"),
        (301, "RETRY"),
        (404, "RETRY"),
        (410, "GONE"),
        (500, "RETRY"),
        (None, "RETRY"),
    ],
)
def test_what_a_status_means(status: int | None, outcome: str) -> None:
    assert outcome_of(status) == outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("Sat, 28 Nov 2026 12:01:00 GMT", 60),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0),
        ("-5", 0),
        ("soon", 0),
        ("9" * 400, 43_200),
        ("", 0),
    ],
)
def test_retry_after_in_both_its_forms(value: str, seconds: float) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds
