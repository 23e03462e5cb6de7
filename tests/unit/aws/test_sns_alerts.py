"""Alerts by SNS: what a subscriber gets, and an alert that cannot be sent."""

from __future__ import annotations

import json

import boto3
import pytest

from sextant.operations.actions.performer import AlertError
from sextant.operations.actions.sns_alerts import SnsAlerts


def test_a_subscriber_gets_subject_text_and_the_attributes_that_have_a_value() -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="incident-escalation")["TopicArn"]
    url = sqs.create_queue(QueueName="people")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    published = SnsAlerts(topic).publish(
        "Störung:\n\x1b\x07\x7f " + "x" * 200, "what\x1b\nhappened", {"tenant": "acme", "run": ""}
    )

    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    alert = json.loads(message["Body"])
    assert (alert["MessageId"], alert["Message"]) == (published, "what \nhappened")
    # SNS takes a subject of one line, of printable ASCII, and of fewer than 100 characters.
    assert alert["Subject"] == ("St?rung: " + "x" * 200)[:99]
    assert alert["MessageAttributes"] == {"tenant": {"Type": "String", "Value": "acme"}}


def test_a_missing_topic_is_known_not_to_have_told_anybody() -> None:
    with pytest.raises(AlertError) as refused:
        SnsAlerts("arn:aws:sns:eu-central-1:123456789012:gone").publish("a", "b", {})

    assert not refused.value.unknown
