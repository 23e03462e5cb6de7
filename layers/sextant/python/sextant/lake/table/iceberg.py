"""The Iceberg definition of the tables: schema, partitions, sort order, properties."""

from __future__ import annotations

from typing import Final

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import SortField, SortOrder
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import (
    DateType,
    DoubleType,
    IcebergType,
    IntegerType,
    MapType,
    NestedField,
    StringType,
    TimestamptzType,
)

from sextant.lake.table.columns import (
    BUCKET_PARTITION_FIELD,
    BUCKET_PARTITION_NAME,
    BUCKETS,
    COLUMN,
    COLUMNS,
    PARTITION_SPEC_ID,
    ROW_GROUP_ROWS,
    SORT_COLUMNS,
    SORT_ORDER_ID,
    TENANT_PARTITION_FIELD,
    Definition,
    Kind,
    Metrics,
)

_TYPES: Final[dict[Kind, IcebergType]] = {
    Kind.STRING: StringType(),
    Kind.DOUBLE: DoubleType(),
    Kind.INTEGER: IntegerType(),
    Kind.DATE: DateType(),
    Kind.TIMESTAMPTZ: TimestamptzType(),
}


def schema_of(table: Definition) -> Schema:
    """The table's schema in Iceberg's terms."""
    return Schema(
        *(
            NestedField(c.field_id, c.name, _type(c.kind, table), required=c.required, doc=c.doc)
            for c in table.columns
        )
    )


def _type(kind: Kind, table: Definition) -> IcebergType:
    if kind is not Kind.STRING_MAP:
        return _TYPES[kind]
    key_id, value_id = table.tag_ids
    return MapType(key_id, StringType(), value_id, StringType(), value_required=True)


PARTITION_SPEC: Final = PartitionSpec(
    PartitionField(COLUMN["tenant_id"].field_id, TENANT_PARTITION_FIELD, IdentityTransform(), "tenant_id"),
    PartitionField(
        COLUMN["scenario_id"].field_id,
        BUCKET_PARTITION_FIELD,
        BucketTransform(BUCKETS),
        BUCKET_PARTITION_NAME,
    ),
    spec_id=PARTITION_SPEC_ID,
)

SORT_ORDER: Final = SortOrder(
    *(SortField(COLUMN[name].field_id, IdentityTransform()) for name in SORT_COLUMNS), order_id=SORT_ORDER_ID
)

# How many snapshots stay readable. A commit's cost grows with them, so the committer itself trims
# them, together with its append in one commit.
RETAINED_SNAPSHOTS: Final = 100

PROPERTIES: Final[dict[str, str]] = {
    "format-version": "2",
    "write.parquet.compression-codec": "snappy",
    "write.parquet.row-group-limit": str(ROW_GROUP_ROWS),
    "write.metadata.metrics.default": Metrics.COUNTS.value,
    **{
        f"write.metadata.metrics.column.{column.name}": column.metrics.value
        for column in COLUMNS
        if column.metrics is Metrics.FULL
    },
    "commit.manifest-merge.enabled": "true",
    # Whoever commits looks first for what it is about to commit; a blind retry would not.
    "commit.retry.num-retries": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "write.delete.isolation-level": "snapshot",
    "write.update.isolation-level": "snapshot",
    "history.expire.min-snapshots-to-keep": str(RETAINED_SNAPSHOTS),
}
