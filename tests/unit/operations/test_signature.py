"""A signature is the same for failures that differ only in what differs each time."""

from __future__ import annotations

import time
import uuid
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextant.operations.incidents.signature import (
    MAX_LENGTH,
    error_of,
    normalise,
    of_failure,
    of_fingerprint,
    title_of,
)
from tests.unit.operations.messages import GROUPS

WORDS = st.lists(
    st.sampled_from(["timeout", "connection", "refused", "while", "reading", "rows", "from", "the", "feed"]),
    min_size=1,
)
MOMENTS = st.integers(946_684_800, 4_070_908_800).map(lambda second: datetime.fromtimestamp(second, UTC))
VARIABLE = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda value: str(value).upper()),
    MOMENTS.map(datetime.isoformat),
    MOMENTS.map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S")),
    st.integers(0, 10**12).map(str),
    st.floats(0, 1e6, allow_nan=False).map(lambda value: f"{value:.3f}"),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=4).map(lambda address: f"{address}:5432"),
    st.integers(0, 2**48).map(hex),
)


def message(words: list[str], variable: str) -> str:
    return f"{' '.join(words)}: {variable} of {' '.join(reversed(words))}"


@pytest.mark.parametrize("piece", ["a", "a.", "1", "f", "a:", "1.", "-", "a@", "0x", "<n>", "://", "é"])
def test_a_message_of_any_length_is_folded_in_no_time(piece: str) -> None:
    began = time.process_time()
    normalise(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 0.5


@settings(max_examples=400)
@given(st.text(max_size=600))
def test_folding_twice_is_folding_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert len(once) <= MAX_LENGTH


@pytest.mark.parametrize(
    ("kind"),
    [
        lambda n: str(uuid.UUID(int=n * 7919 + 2**100)),
        str,
        lambda n: f"{n}.5",
        lambda n: f"-{n}",
        lambda n: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n * 7919)).isoformat(),
        lambda n: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n)).strftime("%Y-%m-%d"),
        lambda n: f"10.1.{n % 256}.{n * 3 % 256}:{5000 + n}",
        lambda n: f"2001:db8:0:{n:x}::1",
        lambda n: hex(n * 65_537 + 2**20),
        lambda n: f"https://host{n}.example.com/v1/things/{n}?page={n}",
        lambda n: f"user{n}@example{n}.com",
        lambda n: f"arn:aws:sqs:eu-central-1:{n:012d}:queue{n}",
        lambda n: f"{n:08d}",
        lambda n: f"a{n}f" + "0c9e" * 3,
        lambda n: f"01ARZ3NDEK{n:04d}SV4RRFFQ69G",
        lambda n: b64encode(sha256(str(n).encode()).digest()).decode(),
    ],
)
def test_what_differs_each_time_is_folded(kind: object) -> None:
    folded = {normalise(f"could not read {kind(n)} of the feed") for n in range(1, 200, 7)}  # type: ignore[operator]
    assert len(folded) == 1, folded
    (text,) = folded
    assert text.startswith("could not read <")
    assert text.endswith("> of the feed")


def test_real_messages_fall_into_the_groups_that_people_would_make() -> None:
    folded = {name: {normalise(message) for message in messages} for name, messages in GROUPS.items()}
    split = {name: texts for name, texts in folded.items() if len(texts) > 1}
    assert split == {}, "too fine"
    texts = [text for each in folded.values() for text in each]
    assert len(set(texts)) == len(GROUPS), "too coarse"


def test_the_digits_of_a_code_are_not_confused_with_a_messages_own() -> None:
    assert normalise("\ue004 rows") == normalise("4 rows")


@given(WORDS, VARIABLE, VARIABLE)
def test_two_variables_of_one_kind_make_one_signature(words: list[str], left: str, right: str) -> None:
    a, b = normalise(message(words, left)), normalise(message(words, right))
    kinds = {normalise(left), normalise(right)}
    assert (a == b) == (len(kinds) == 1)


@given(WORDS, WORDS, VARIABLE)
def test_other_words_make_another_signature(left: list[str], right: list[str], variable: str) -> None:
    a = of_failure("acme", "w", "import.failed", {"message": message(left, variable)})
    b = of_failure("acme", "w", "import.failed", {"message": message(right, variable)})
    assert (a == b) == (left == right)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_tenants_workflows_and_types_are_kept_apart(one: str, two: str) -> None:
    payload = {"error": {"code": "boom", "message": "it broke"}}
    base = of_failure("acme", "w", "t", payload)
    assert base != of_failure("globex", "w", "t", payload)
    assert base != of_failure("acme", "w2", "t", payload)
    assert base != of_failure("acme", "w", "t2", payload)
    assert (of_fingerprint("acme", one) == of_fingerprint("acme", two)) == (one == two)
    assert of_fingerprint("acme", one) != of_fingerprint("globex", one)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=10,
    )
)
def test_any_payload_has_a_signature(value: object) -> None:
    for payload in ({"error": value}, {"message": value, "code": value}):
        of_failure("acme", "w", "t", payload)
        assert len(title_of("t", payload)) <= 300


def test_where_the_error_is_looked_for() -> None:
    assert error_of({"error": {"code": "c", "message": "m"}}) == ("c", "m")
    assert error_of({"error": "m", "code": "c"}) == ("c", "m")
    assert error_of({"type": "c", "detail": "m"}) == ("c", "m")
    assert error_of({}) == ("", "")
