"""The lake's storage: the bucket of data files and metadata, and the catalogue's database."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.buckets import private_bucket
from infra.constructs.encryption import allow_key
from infra.constructs.suppressions import accept, accept_checkov, accept_wildcard, seen_from
from sextant.lake.table.columns import HOURLY, NAMESPACE, OUTPUTS

CATALOG_DATABASE = NAMESPACE
_WAREHOUSE = "warehouse"
_EXPORTS = f"{_WAREHOUSE}/exports"
_TABLE, _HOURLY = (table.location(_WAREHOUSE) for table in (OUTPUTS, HOURLY))
# What a run puts into the warehouse.
_FILES = (
    f"{_TABLE}/data/*",
    f"{_HOURLY}/data/*",
    f"{_TABLE}-parts/*",
    f"{_WAREHOUSE}/baselines/*/system-*",
)


class Warehouse(Construct):
    """The bucket: no public access, TLS only, encrypted; and the Glue database `market`.

    Objects are never changed in place. In a protected deployment a deleted one can be brought back for as
    long as the database can be restored to (`restore_days`), so that both can go back to one instant, and
    each access is logged. Exports are answers on their way to a reader; they go after a day.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, key: kms.IKey, protect: bool, restore_days: int
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.bucket = private_bucket(
            self,
            key=key,
            protect=protect,
            lifecycle_rules=_lifecycle(restore_days if protect else None),
            versioned=protect,
            access_log=self._access_log() if protect else None,
        )
        # The console's pages send and fetch by links that are signed: who has the link may, from wherever they ask.
        self.bucket.add_cors_rule(
            allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.PUT],
            allowed_origins=["*"],
            allowed_headers=["*"],
            max_age=3600,
        )
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=CATALOG_DATABASE,
                description="Iceberg tables of Sextant",
                location_uri=self.bucket.s3_url_for_object(f"{_WAREHOUSE}/{CATALOG_DATABASE}.db"),
            ),
        )
        self.database.apply_removal_policy(RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY)
        if not protect:
            unlogged = (
                "A stage that leaves nothing behind keeps no access log: late entries would hold the bucket"
            )
            accept(self.bucket, {"AwsSolutions-S1": unlogged})
            accept_checkov(
                self.bucket,
                {
                    "CKV_AWS_18": unlogged,
                    "CKV_AWS_21": "Only a stage whose data must outlive it keeps deleted objects",
                },
            )

    @property
    def exports_prefix(self) -> str:
        """Below which the bucket holds what goes after a day."""
        return _EXPORTS

    @property
    def exports(self) -> str:
        """Where exports lie."""
        return self.bucket.s3_url_for_object(_EXPORTS)

    @property
    def location(self) -> str:
        """Where the tables live, as the catalogue names it."""
        return self.bucket.s3_url_for_object(_WAREHOUSE)

    def allow(self, role: iam.Role, lake: str) -> None:
        """Let a function use the lake as it declares: `read` the table, put `files` beside it, or `write` it."""
        if lake == "files":
            self._allow_files(role)
            return
        writes = lake == "write"
        tables = [
            f"arn:{Aws.PARTITION}:glue:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"
            for resource in ("catalog", f"database/{CATALOG_DATABASE}", f"table/{CATALOG_DATABASE}/*")
        ]
        catalogue = ["glue:GetDatabase", "glue:GetTable"]
        reading = ["s3:GetObject"]
        if writes:
            catalogue += ["glue:CreateTable", "glue:UpdateTable"]
            reading += ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
        objects = f"{_WAREHOUSE}/*"
        _add(role, "LakeCatalogue", catalogue, tables)
        _add(role, "LakeListing", ["s3:ListBucket"], [self.bucket.bucket_arn])
        _add(role, "LakeObjects", reading, [self.bucket.arn_for_objects(objects)])
        allow_key(role, self._key, ["s3"], write=writes)
        accept_wildcard(role, [tables[-1]], "Every table of the warehouse's own database")
        accept_wildcard(role, [self.seen_from(role, objects)], "Every object of the warehouse")

    def _allow_files(self, role: iam.Role) -> None:
        """Read objects, and put new ones where a run's results, the results of its parts and packed baselines lie.

        Nothing the table refers to can be deleted, nor the table moved, nor its metadata written.
        """
        objects = f"{_WAREHOUSE}/*"
        # Without it S3 says "forbidden" of an object that is not there.
        _add(role, "LakeListing", ["s3:ListBucket"], [self.bucket.bucket_arn])
        _add(role, "LakeObjects", ["s3:GetObject"], [self.bucket.arn_for_objects(objects)])
        puts = ["s3:PutObject", "s3:AbortMultipartUpload"]
        _add(role, "LakeFiles", puts, [self.bucket.arn_for_objects(place) for place in _FILES])
        allow_key(role, self._key, ["s3"], write=True)
        for place in (objects, *_FILES):
            accept_wildcard(role, [self.seen_from(role, place)], "Objects of the warehouse, by what they are")

    def allow_exports(self, role: iam.Role) -> None:
        """Let a function write answers too large for a response."""
        self._allow_folders(role, "Exports", [_EXPORTS], "Exports, which go after a day")

    def allow_baselines(self, role: iam.Role) -> None:
        """Let a function store tenants' baselines and take uploads of them."""
        places = [f"{_WAREHOUSE}/{place}" for place in ("baselines", "uploads")]
        self._allow_folders(role, "Baselines", places, "Baselines, and uploads, which go after a day")

    def _allow_folders(self, role: iam.Role, sid: str, folders: list[str], why: str) -> None:
        places = [f"{folder}/*" for folder in folders]
        actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
        _add(role, sid, actions, [self.bucket.arn_for_objects(place) for place in places])
        allow_key(role, self._key, ["s3"], write=True)
        for place in places:
            accept_wildcard(role, [self.seen_from(role, place)], why)

    def seen_from(self, role: iam.Role, objects: str) -> str:
        """The ARN of `objects` as a policy of the role's stack writes it."""
        return seen_from(role, self.bucket, objects)

    def _access_log(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLog",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(90))],
            removal_policy=RemovalPolicy.RETAIN,
        )
        accept(bucket, {"AwsSolutions-S1": "The bucket of the access logs keeps none of itself"})
        accept_checkov(
            bucket,
            {
                "CKV_AWS_18": "The bucket of the access logs keeps none of itself",
                "CKV_AWS_21": "Access logs are written once and go after 90 days",
            },
        )
        return bucket


def _lifecycle(restore_days: int | None) -> list[s3.LifecycleRule]:
    rules = [
        s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
        s3.LifecycleRule(id="exports", prefix=f"{_EXPORTS}/", expiration=Duration.days(1)),
        # What became a baseline was copied; the rest is whatever was put behind a link, of any size.
        s3.LifecycleRule(id="uploads", prefix=f"{_WAREHOUSE}/uploads/", expiration=Duration.days(1)),
    ]
    if restore_days is not None:
        kept = Duration.days(restore_days)
        rules.append(
            s3.LifecycleRule(
                id="deleted-objects",
                noncurrent_version_expiration=kept,
                # Else the marker of every export that ever expired would be walked through by each listing.
                expired_object_delete_marker=True,
            )
        )
    return rules


def _add(role: iam.Role, sid: str, actions: list[str], resources: list[str]) -> None:
    role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=resources))
