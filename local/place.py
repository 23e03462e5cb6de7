"""What the local system tells a function: what its declaration gives it, and what any machine needs to stand in for AWS.

The first is derived by `functions.variables`, as the deployment derives it, with the addresses of this machine. The
second a function on AWS has from Lambda itself, or has no need of.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from functions.declaration import Function
from functions.variables import LONGEST, Place, variables
from local.database import DatabaseUrls

if TYPE_CHECKING:
    from local.aws import LocalAws, Resources

TOPIC_PREFIX = "sextant."
TOPIC_PARTITIONS = 4

_PASSED_ON = ("SEXTANT_", "DB_", "POWERTOOLS_")
# They are told to the local system, not to the functions.
_NOT_PASSED_ON = ("SEXTANT_HOME", "SEXTANT_BUS", "SEXTANT_LOCAL_")


class EnvironmentTooLargeError(ValueError):
    """Lambda would refuse the function's variables."""


def local_place(bus: str, resources: Resources, urls: DatabaseUrls, broker: str | None) -> Place:
    """Where the things of this machine are; `broker` is Kafka's address, where it is the bus."""
    kafka = {"SEXTANT_KAFKA_BOOTSTRAP": broker, "SEXTANT_KAFKA_PREFIX": TOPIC_PREFIX} if broker else {}
    return Place(
        stage="local",
        bus=bus,
        log_level="INFO",
        database={"DATABASE_AUTH": "password"},
        database_url=urls.of_role,
        queue_url=lambda name: resources.queue_urls[name],
        function_name=lambda name: f"{name}:live",
        idempotency_table=resources.idempotency_table,
        alert_topic=resources.alert_topic,
        webhook_key=resources.webhook_key,
        lake={"SEXTANT_CATALOG": "sql", "SEXTANT_WAREHOUSE": f"s3://{resources.bucket}/warehouse"},
        kafka=kafka,
        topics={"SEXTANT_KAFKA_PARTITIONS": str(TOPIC_PARTITIONS)},
    )


def configured(function: Function, place: Place) -> Mapping[str, str]:
    """The function's variables as a deployment configures them, and over them those of this process for all functions.

    Raises `EnvironmentTooLargeError` beyond what Lambda takes.
    """
    of_this_process = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PASSED_ON) and not name.startswith(_NOT_PASSED_ON)
    }
    given = variables(function, place)
    if not function.outside:
        given |= of_this_process
    size = sum(len(name.encode()) + len(value.encode()) for name, value in given.items())
    if size > LONGEST:
        raise EnvironmentTooLargeError(
            f"the variables of function {function.name} take {size} bytes, of which Lambda takes {LONGEST}; the longest"
            f" is {max(given, key=lambda name: len(given[name]))}"
        )
    return given


def processes() -> int:
    """`SEXTANT_LOCAL_PROCESSES`: so many of each function at least. Raises ValueError for what is no number."""
    given = os.environ.get("SEXTANT_LOCAL_PROCESSES") or "0"
    if not given.isascii() or not given.isdigit():
        raise ValueError(f"SEXTANT_LOCAL_PROCESSES must be a whole number, not {given!r}")
    return int(given)


def of_this_machine(
    function: Function, aws: LocalAws, urls: DatabaseUrls, lambda_endpoint: str
) -> Mapping[str, str]:
    """Credentials of the function's own, as its role is on AWS, and the endpoints that stand in for AWS's."""
    machine = {
        **aws.variables(),
        "AWS_ACCESS_KEY_ID": function.name,
        "AWS_ENDPOINT_URL_LAMBDA": lambda_endpoint,
    }
    if function.lake is not None:
        # The catalog is Glue's on AWS, where the role says who may ask it.
        machine["SEXTANT_CATALOG_URL"] = urls.catalog
    return machine
