"""Puts the console's files into its bucket when a stack changes, and what they must know of this deployment beside them.

Files of the release before stay: a page that was opened before the change goes on.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, answering

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_FRESH = "no-cache"


def act(event: Mapping[str, Any]) -> Answer:
    """Unpack `Archive` of `ArchiveBucket` below `console/` of `Bucket`, with `Config` as `config.json`.

    On deletion the bucket is emptied, unless `Keep` says yes.
    """
    import boto3

    properties = event["ResourceProperties"]
    bucket = str(properties["Bucket"])
    client = boto3.client("s3")
    if event["RequestType"] == "Delete":
        if properties["Keep"] != "yes":
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for found in page.get("Contents", ()):
                    client.delete_object(Bucket=bucket, Key=found["Key"])
    else:
        archive = client.get_object(Bucket=properties["ArchiveBucket"], Key=properties["Archive"])
        config = str(properties["Config"]).encode()
        # The page last: it names files that must be there.
        files = sorted(_unpacked(archive["Body"].read()), key=lambda file: file[0] == "index.html")
        for name, content in [*files[:-1], ("config.json", config), *files[-1:]]:
            suffix = name[name.rfind(".") :]
            client.put_object(
                Bucket=bucket,
                Key=f"console/{name}",
                Body=content,
                ContentType=_TYPES.get(suffix, "application/octet-stream"),
                CacheControl=_FOR_EVER if name.startswith("assets/") else _FRESH,
            )
    return Answer(f"console-of-{bucket}")


handler = answering(act)


def _unpacked(archive: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for entry in files.infolist():
            if not entry.is_dir():
                yield entry.filename, files.read(entry)
