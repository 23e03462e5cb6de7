"""Objects on S3, with as few requests as each job can be done in, every one of them counted.

A write is a single PUT, a read a single GET, nothing asks first whether an object exists, and deletes
go by the thousand. Locations are `s3://bucket/key`; `file:///path` serves tables on a local disk.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from sextant.config import Settings, environment, optional

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

DELETE_BATCH = 1000  # the most keys one DeleteObjects request takes
PART_BYTES = 8 * 1024 * 1024  # of a multipart upload; S3 takes 10,000 parts of at least 5 MiB


@dataclass(frozen=True)
class EndpointSettings(Settings):
    """Where AWS's services are, where they are not at their usual addresses; boto3 reads the same variables."""

    all_services: str | None = optional("AWS_ENDPOINT_URL", "The address of every AWS service")
    s3: str | None = optional("AWS_ENDPOINT_URL_S3", "The address of S3")
    athena: str | None = optional("AWS_ENDPOINT_URL_ATHENA", "The address of Athena")


@dataclass(frozen=True)
class StoredObject:
    """What the store says of one object; `etag` changes with its content, where the store has one."""

    location: str
    size: int
    last_modified: datetime
    etag: str | None = None


class ObjectStore(Protocol):
    """What the lake needs of object storage. Reading an absent object raises FileNotFoundError."""

    def get(self, location: str) -> bytes:
        """The whole object."""

    def get_range(self, location: str, start: int, length: int) -> bytes:
        """`length` bytes from `start`; fewer only where the object ends."""

    def head(self, location: str) -> StoredObject | None:
        """What the store says of the object; None where there is none."""

    def put(self, location: str, data: bytes) -> str | None:
        """Write the object in one request, replacing what stood there; its ETag, where the store has one."""

    def delete(self, locations: Sequence[str]) -> None:
        """Delete the objects; those already gone don't matter."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Every object whose location begins with `prefix`."""


class S3Store:
    """An object store on S3.

    `requests` counts the HTTP requests sent, retries included, by method. It only grows; whoever wants
    the cost of a piece of work subtracts two copies.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        client.meta.events.register("before-send.s3", self._count)

    def _count(self, request: Any, **_: object) -> None:
        with self._lock:
            self.requests[request.method] += 1

    def get(self, location: str) -> bytes:
        bucket, key = _bucket_and_key(location)
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise FileNotFoundError(location) from error

    def get_range(self, location: str, start: int, length: int) -> bytes:
        bucket, key = _bucket_and_key(location)
        span = f"bytes={start}-{start + length - 1}"
        try:
            return self._client.get_object(Bucket=bucket, Key=key, Range=span)["Body"].read()
        except self._client.exceptions.NoSuchKey as error:
            raise FileNotFoundError(location) from error
        except self._client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") == "InvalidRange":
                return b""  # the object ends before `start`; an empty one has no first byte
            raise

    def head(self, location: str) -> StoredObject | None:
        bucket, key = _bucket_and_key(location)
        try:
            item = self._client.head_object(Bucket=bucket, Key=key)
        except self._client.exceptions.ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        return StoredObject(location, item["ContentLength"], item["LastModified"], item["ETag"])

    def put(self, location: str, data: bytes) -> str | None:
        bucket, key = _bucket_and_key(location)
        return self._client.put_object(Bucket=bucket, Key=key, Body=data).get("ETag")

    def upload(self, location: str, pieces: Iterable[bytes], content_type: str) -> int:
        """Write an object of any size, piece by piece; its size. Memory holds some eight megabytes.

        One PUT when it fits, else a multipart upload, given up if the pieces fail to come.
        """
        bucket, key = _bucket_and_key(location)
        parts = _parts(pieces)
        first = next(parts, b"")
        if len(first) < PART_BYTES:
            self._client.put_object(Bucket=bucket, Key=key, Body=first, ContentType=content_type)
            return len(first)
        upload = self._client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)[
            "UploadId"
        ]
        done: list[CompletedPartTypeDef] = []
        size = 0
        try:
            for number, part in enumerate(chain((first,), parts), start=1):
                answer = self._client.upload_part(
                    Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part
                )
                done.append({"PartNumber": number, "ETag": answer["ETag"]})
                size += len(part)
            self._client.complete_multipart_upload(
                Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done}
            )
        except BaseException:
            # Whatever went wrong goes on upwards; parts of an unfinished upload would be paid for meanwhile.
            self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
            raise
        return size

    def presigned_url(self, location: str, *, expires_in: timedelta, filename: str) -> str:
        """A URL that anyone may download the object from, as `filename`, until it expires."""
        bucket, key = _bucket_and_key(location)
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=int(expires_in.total_seconds()),
        )

    def presigned_upload(self, location: str, *, minutes: int) -> str:
        """A URL that anyone may PUT the object to, until it expires."""
        bucket, key = _bucket_and_key(location)
        return self._client.generate_presigned_url(
            "put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60 * minutes
        )

    def delete(self, locations: Sequence[str]) -> None:
        keys: dict[str, list[str]] = {}
        for location in locations:
            bucket, key = _bucket_and_key(location)
            keys.setdefault(bucket, []).append(key)
        for bucket, all_keys in keys.items():
            for start in range(0, len(all_keys), DELETE_BATCH):
                batch = all_keys[start : start + DELETE_BATCH]
                answer = self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
                )
                if errors := answer.get("Errors"):
                    first = errors[0]
                    raise OSError(
                        f"{len(errors)} objects not deleted, first {first.get('Key')}: {first.get('Code')}"
                    )

    def list(self, prefix: str) -> Iterator[StoredObject]:
        bucket, key_prefix = _bucket_and_key(prefix)
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key_prefix):
            for item in page.get("Contents", ()):
                yield StoredObject(
                    f"s3://{bucket}/{item['Key']}", item["Size"], item["LastModified"], item.get("ETag")
                )


class FileStore:
    """An object store on a local disk, for benchmarks and for tables that are not on S3."""

    def get(self, location: str) -> bytes:
        return _path(location).read_bytes()

    def get_range(self, location: str, start: int, length: int) -> bytes:
        with _path(location).open("rb") as stream:
            stream.seek(start)
            return stream.read(length)

    def head(self, location: str) -> StoredObject | None:
        path = _path(location)
        if not path.is_file():
            return None
        status = path.stat()
        return StoredObject(location, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def put(self, location: str, data: bytes) -> None:
        path = _path(location)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def delete(self, locations: Sequence[str]) -> None:
        for location in locations:
            _path(location).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        root = _path(prefix)
        for path in sorted(root.rglob("*")):
            if path.is_file():
                status = path.stat()
                yield StoredObject(
                    f"file://{path}", status.st_size, datetime.fromtimestamp(status.st_mtime, UTC)
                )


@cache
def s3_store(region: str | None = None, endpoint_url: str | None = None) -> S3Store:
    """The process's store on S3; made once, since making a client costs tens of milliseconds.

    Credentials come from the environment, as boto3 finds them. Without `endpoint_url` boto3's own
    `AWS_ENDPOINT_URL` applies.
    """
    import boto3
    from botocore.config import Config

    endpoints = EndpointSettings.from_env(environment())
    endpoint = endpoint_url or endpoints.s3 or endpoints.all_services
    client = boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            retries={"mode": "standard", "max_attempts": 6},
            connect_timeout=3,
            read_timeout=30,
            tcp_keepalive=True,
            max_pool_connections=32,
            # In its older regions boto3 would sign links by the old scheme, which S3 refuses for objects under a key.
            signature_version="s3v4",
            # Buckets as host names resolve on AWS only.
            s3={"addressing_style": "path" if endpoint else "virtual"},
        ),
    )
    return S3Store(client)


def store_for(scheme: str, region: str | None = None, endpoint_url: str | None = None) -> ObjectStore:
    """The store for locations that begin with `scheme`; of S3 the process has one."""
    match scheme:
        case "s3":
            return s3_store(region, endpoint_url)
        case "file":
            return FileStore()
    raise ValueError(f"the lake stores objects under s3:// and file://, not {scheme}://")


def scheme_of(location: str) -> str:
    """`s3` for `s3://…`, `file` for `file://…`; Hadoop's `s3a` and `s3n` mean S3 too."""
    scheme = urlsplit(location).scheme
    return "s3" if scheme in ("s3a", "s3n") else scheme


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces joined into parts of `PART_BYTES`, the last one smaller."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    if held:
        yield bytes(held)


def _bucket_and_key(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    return parts.netloc, parts.path.removeprefix("/")


def _path(location: str) -> Path:
    return Path(urlsplit(location).path)
