"""Where batches of Kafka go that failed for good: a bucket, and operations are told of each, as deployed."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class DeadRecords:
    """The bucket, and who is told: `tell` takes the event that EventBridge makes of an object."""

    client: S3Client
    bucket: str
    tell: Callable[[bytes], None]

    def put(self, batch: Mapping[str, Any]) -> None:
        """Keep a batch under a name as Lambda gives it, and tell of it."""
        day = time.strftime("%Y/%m/%d", time.gmtime())
        key = f"aws/lambda/{uuid.uuid5(uuid.NAMESPACE_OID, self.bucket)}/{day}/{uuid.uuid4()}"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(batch).encode())
        created = {
            "source": "aws.s3",
            "detail-type": "Object Created",
            "detail": {"bucket": {"name": self.bucket}, "object": {"key": key}, "reason": "PutObject"},
        }
        self.tell(json.dumps(created).encode())
