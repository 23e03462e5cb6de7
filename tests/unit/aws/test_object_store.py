"""The object store on S3: whole objects, ranges, uploads in parts, listings and deletions of any length."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from sextant.lake.objects.store import PART_BYTES, S3Store

PREFIX = "s3://lake/table"


@pytest.fixture
def store() -> S3Store:
    client = boto3.client("s3")
    client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return S3Store(client)


def unfinished_uploads() -> int:
    return len(boto3.client("s3").list_multipart_uploads(Bucket="lake").get("Uploads", []))


def test_an_object_is_read_whole_and_by_range(store: S3Store) -> None:
    store.put(f"{PREFIX}/a", b"0123456789")

    assert store.get(f"{PREFIX}/a") == b"0123456789"
    assert store.get_range(f"{PREFIX}/a", 3, 4) == b"3456"


def test_a_large_upload_is_made_of_parts_and_read_as_one(store: S3Store) -> None:
    pieces = [bytes([number]) * (PART_BYTES // 2) for number in range(5)]

    size = store.upload(f"{PREFIX}/large", iter(pieces), "text/csv")

    assert size == sum(map(len, pieces))
    assert store.get(f"{PREFIX}/large") == b"".join(pieces)
    assert unfinished_uploads() == 0


def test_an_upload_whose_pieces_fail_leaves_nothing(store: S3Store) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"0" * (2 * PART_BYTES)
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError, match="the source is gone"):
        store.upload(f"{PREFIX}/half", pieces(), "text/csv")

    assert list(store.list(PREFIX)) == []
    assert unfinished_uploads() == 0


def test_more_objects_than_a_page_holds_are_listed_and_deleted(
    store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    locations = [f"{PREFIX}/{number:04}" for number in range(25)]
    for location in locations:
        store.put(location, b"x")
    store.put("s3://lake/other", b"x")

    assert [found.location for found in store.list(f"{PREFIX}/")] == locations
    store.delete(locations)
    assert [found.location for found in store.list("s3://lake/")] == ["s3://lake/other"]
