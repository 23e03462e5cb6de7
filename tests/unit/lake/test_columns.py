"""The table's definition, and the parts of it that are computed without pyiceberg."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform
from pyiceberg.typedef import Record
from pyiceberg.types import StringType

from sextant.lake.table.columns import (
    BUCKETS,
    OUTPUTS,
    bucket,
    canonical_tags,
    partition_path,
    tags_of,
)
from sextant.lake.table.iceberg import PARTITION_SPEC, PROPERTIES, SORT_ORDER, schema_of

text = st.text(st.characters(exclude_characters="\x1e\x1f", codec="utf-8"), max_size=12)


def test_the_table_is_what_the_design_says() -> None:
    assert [
        (field.field_id, field.name, str(field.field_type), field.required)
        for field in schema_of(OUTPUTS).fields
    ] == [
        (1, "tenant_id", "string", True),
        (2, "scenario_id", "string", True),
        (3, "run_id", "string", True),
        (4, "metric", "string", True),
        (5, "asof_date", "date", True),
        (6, "value", "double", False),
        (7, "unit", "string", True),
        (8, "band_lower", "double", False),
        (9, "band_upper", "double", False),
        (10, "tags", "map<string, string>", True),
        (11, "attribution", "string", False),
        (12, "version_hash", "string", True),
        (13, "computed_ts", "timestamptz", True),
    ]
    assert [
        (schema_of(OUTPUTS).find_column_name(f.source_id), str(f.transform)) for f in PARTITION_SPEC.fields
    ] == [
        ("tenant_id", "identity"),
        ("scenario_id", "bucket[16]"),
    ]
    assert [schema_of(OUTPUTS).find_column_name(f.source_id) for f in SORT_ORDER.fields] == [
        "scenario_id",
        "metric",
        "asof_date",
    ]
    for name in ("scenario_id", "run_id", "metric"):
        assert PROPERTIES[f"write.metadata.metrics.column.{name}"] == "full"
    assert PROPERTIES["commit.manifest-merge.enabled"] == "true"
    assert PROPERTIES["write.metadata.delete-after-commit.enabled"] == "true"
    assert (
        PROPERTIES["write.delete.isolation-level"] == PROPERTIES["write.update.isolation-level"] == "snapshot"
    )
    assert PROPERTIES["write.parquet.row-group-limit"] == "20000"


@given(st.uuids())
def test_the_bucket_is_icebergs(scenario: UUID) -> None:
    transform = BucketTransform(BUCKETS).transform(StringType())
    assert bucket(str(scenario)) == transform(str(scenario))


def test_partition_directories_are_named_as_iceberg_names_them() -> None:
    schema, spec = Schema(*schema_of(OUTPUTS).fields), PartitionSpec(*PARTITION_SPEC.fields)
    assert partition_path("north-sea_2", 7) == spec.partition_to_path(Record("north-sea_2", 7), schema)


@given(st.dictionaries(text, text, max_size=4))
def test_tags_come_back_from_their_canonical_text(tags: dict[str, str]) -> None:
    assert tags_of(canonical_tags(tags.items())) == tags
    assert canonical_tags(reversed(tags.items())) == canonical_tags(tags.items())


@given(st.dictionaries(text, text, max_size=4), st.dictionaries(text, text, max_size=4))
def test_only_equal_tags_have_equal_texts(one: dict[str, str], other: dict[str, str]) -> None:
    assert (canonical_tags(one.items()) == canonical_tags(other.items())) == (one == other)
