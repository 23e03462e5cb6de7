"""The metrics that alarms and dashboard look at: those that our functions log, and those of AWS's services by name."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from infra.constructs.database import AuroraDatabase
from sextant.observability import NAMESPACE

MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


def own(name: str, service: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    """A metric our functions log, with Powertools' dimension `service`."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=period,
    )


def shared(name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    """A metric that several functions log, over all of them; it has no dimensions."""
    return cloudwatch.Metric(namespace=NAMESPACE, metric_name=name, statistic=statistic, period=period)


def counted(name: str, period: Duration) -> cloudwatch.Metric:
    """A counter that several functions add to; it has no dimensions."""
    return shared(name, "Sum", period)


def of_cluster(database: AuroraDatabase, name: str) -> cloudwatch.Metric:
    """A metric of the cluster, by its name and not by reference: a restored cluster is another resource."""
    return of_rds(name, {"DBClusterIdentifier": database.identifier})


def of_rds(
    name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Average",
    period: Duration = FIVE_MINUTES,
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/RDS",
        metric_name=name,
        dimensions_map=dimensions,
        period=period,
        statistic=statistic,
    )


def matched(rule: str) -> cloudwatch.Metric:
    """How often a rule called its target."""
    return cloudwatch.Metric(
        namespace="AWS/Events",
        metric_name="Invocations",
        dimensions_map={"RuleName": rule},
        statistic="Sum",
        period=FIVE_MINUTES,
    )


def set_aside(dead: sqs.IQueue) -> cloudwatch.Metric:
    """The messages in a dead-letter queue. The operations function, which looks at them each minute, hides each for a
    few seconds, maybe just when SQS counts; so it is the most of five counts."""
    return dead.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES, statistic="Maximum")
