"""Empties a bucket before its stack deletes it: for stages that leave nothing behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.handlers.custom_resource import Answer, answering

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


def act(event: Mapping[str, Any]) -> Answer:
    """Delete every object and version of `Bucket` when the resource is deleted; nothing otherwise."""
    bucket = str(event["ResourceProperties"]["Bucket"])
    if event["RequestType"] == "Delete":
        _empty(bucket)
    return Answer(f"contents-of-{bucket}")


handler = answering(act)


def _empty(bucket: str) -> None:
    import boto3

    client = boto3.client("s3")
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects: list[ObjectIdentifierTypeDef] = [
            {"Key": item["Key"], "VersionId": item["VersionId"]} for item in found
        ]
        if objects:
            refused = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get(
                "Errors"
            )
            if refused:
                raise RuntimeError(f"{len(refused)} objects of {bucket} were not deleted: {refused[0]}")
