"""Where the API remembers the answers it gave, so that a repeated request gets the same one."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct


class IdempotencyTable(Construct):
    """A table as Powertools expects it: key `id`, time to live in `expiration`; paid by request.

    It holds nothing that the database does not guarantee as well; in a protected deployment it is kept all
    the same, since no store of such a deployment goes unless somebody deletes it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, protect: bool) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expiration",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=protect,
            removal_policy=RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY,
        )
