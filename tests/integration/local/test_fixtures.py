"""The shared fixtures give what they promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

from local.aws import LocalAws, Resources
from local.database import DatabaseUrls


def test_a_fresh_database_is_migrated_and_every_role_can_connect(database: DatabaseUrls) -> None:
    for url, role in (
        (database.admin, "sextant_admin"),
        (database.app, "sextant_app"),
        (database.platform, "sextant_platform"),
    ):
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT current_user, to_regclass('scenario') IS NOT NULL").fetchone()
        assert row == (role, True)


def test_the_declared_queues_have_a_dead_letter_queue(aws: LocalAws, resources: Resources) -> None:
    attributes = aws.client("sqs").get_queue_attributes(
        QueueUrl=resources.queue_urls["runs"], AttributeNames=["All"]
    )["Attributes"]

    assert attributes["VisibilityTimeout"] == "960"
    assert attributes["RedrivePolicy"].endswith('"maxReceiveCount": 9}')


def test_a_made_queue_takes_and_gives_messages(aws: LocalAws, make_queue: Callable[..., Any]) -> None:
    queue = make_queue(visibility_timeout=3)

    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="hello")

    received = aws.client("sqs").receive_message(QueueUrl=queue.url)["Messages"]
    assert [message["Body"] for message in received] == ["hello"]
