"""Athena for exports too large for one function: a workgroup that bounds what a query may read, and its way there."""

from __future__ import annotations

from typing import Literal

from aws_cdk import Aws
from aws_cdk import aws_athena as athena
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import AthenaExports as Settings
from infra.constructs.suppressions import accept_wildcard
from infra.constructs.warehouse import Warehouse

_GIB = 1024**3
_RESULTS = "athena"  # below the exports, which go after a day


class AthenaExports(Construct):
    """The workgroup: its settings hold whatever a query asks for, results are encrypted and lie below the exports.

    A network of ours has an endpoint for Athena; in a given one it must be reachable already.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        prefix: str,
        warehouse: Warehouse,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._warehouse = warehouse
        self.name = f"{prefix}-exports"
        athena.CfnWorkGroup(
            self,
            "WorkGroup",
            name=self.name,
            description="Exports of outputs",
            state="ENABLED",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                requester_pays_enabled=False,
                bytes_scanned_cutoff_per_query=settings.scan_limit_gib * _GIB,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"{warehouse.exports}/{_RESULTS}/",
                    expected_bucket_owner=Aws.ACCOUNT_ID,
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_KMS", kms_key=key.key_arn
                    ),
                ),
            ),
        )

    def environment(self) -> dict[str, str]:
        """What the functions read that make exports, or watch them."""
        return {
            "SEXTANT_EXPORT_ENGINE": "athena",
            "SEXTANT_ATHENA_WORKGROUP": self.name,
            "SEXTANT_EXPORT_ATHENA_ROWS": str(self._settings.rows),
        }

    def allow(self, role: iam.Role, what: Literal["make", "watch"]) -> None:
        """Let a function that reads the lake and writes exports run queries in this workgroup, and in no other, or only look
        after them.

        Athena reads and writes as whoever asks it, so what it can reach is what the function can.
        """
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AskAthena",
                actions=[
                    f"athena:{verb}QueryExecution"
                    for verb in (("Get", "Start", "Stop") if what == "make" else ("Get",))
                ],
                resources=[f"arn:{Aws.PARTITION}:athena:{Aws.REGION}:{Aws.ACCOUNT_ID}:workgroup/{self.name}"],
            )
        )
        if what == "watch":
            return
        # Where the tables of a query are described is a resource of Athena's own, and its name that of Glue's catalogue.
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AthenaReadsTheCatalogue",
                actions=["athena:GetDataCatalog"],
                resources=[
                    f"arn:{Aws.PARTITION}:athena:{Aws.REGION}:{Aws.ACCOUNT_ID}:datacatalog/AwsDataCatalog"
                ],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AthenaFindsTheBucket",
                actions=["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"],
                resources=[self._warehouse.bucket.bucket_arn],
            )
        )
        parts = self._warehouse.bucket.arn_for_objects(f"{self._warehouse.exports_prefix}/*")
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AthenaWritesInParts", actions=["s3:ListMultipartUploadParts"], resources=[parts]
            )
        )
        accept_wildcard(
            role,
            [self._warehouse.seen_from(role, f"{self._warehouse.exports_prefix}/*")],
            "Exports, which go after a day",
        )
