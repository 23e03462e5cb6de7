"""Looks an MSK cluster's bootstrap servers up, which CloudFormation does not offer as an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, answering


def act(event: Mapping[str, Any]) -> Answer:
    """The attribute `BootstrapServers`: the addresses for IAM authentication, separated by commas."""
    cluster = str(event["ResourceProperties"]["ClusterArn"])
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    import boto3

    found = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=cluster)
    return Answer(f"brokers-of-{cluster}", {"BootstrapServers": found["BootstrapBrokerStringSaslIam"]})


handler = answering(act)
