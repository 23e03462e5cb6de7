"""What the writers read of data files that stand in the table: their row groups, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.io import FileIO

from sextant.lake.errors import CorruptFileError, UnreadableFileError
from sextant.lake.read.data_file import DataFile, Turn, owner_of
from sextant.lake.read.plan import PlannedFile
from sextant.lake.table.arrow import schema_of
from sextant.lake.table.columns import Definition


def row_groups(
    file_io: FileIO, file: PlannedFile, table: Definition, columns: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """The table's columns of each row group, or some of them. Nothing is remembered.

    Raises UnreadableFileError, also where the file has other than the rows that the table counts.
    """
    names = list(columns or table.names)
    schema = pa.schema([schema_of(table).field(name) for name in names])
    source = DataFile(Turn(file_io, [file], keep=False), 0)
    try:
        with pq.ParquetFile(source, pre_buffer=True) as parquet:
            if parquet.metadata.num_rows != file.record_count:
                raise ValueError(
                    f"{parquet.metadata.num_rows} rows where the table counts {file.record_count}"
                )
            for number in range(parquet.metadata.num_row_groups):
                yield parquet.read_row_group(number, columns=names, use_threads=False).cast(schema)
    except UnreadableFileError:
        raise
    except (pa.ArrowException, ValueError, OSError, EOFError, MemoryError) as error:
        raise CorruptFileError(file.location, *owner_of(file)) from error


def verify(file_io: FileIO, file: PlannedFile, table: Definition) -> None:
    """Read the file from beginning to end, and see that its rows are those that the table knows.

    Raises UnreadableFileError, also where the rows are another tenant's or run's, or lie beyond the bounds that the
    table prunes by: an object of the same size may have been put in its place.
    """
    known: dict[str, tuple[Any, Any]] = {
        "scenario_id": file.scenario,
        "run_id": file.run,
        "metric": file.metric,
        "asof_date": file.asof,
        "value": file.value,
    }
    if file.partition is not None:
        known["tenant_id"] = (file.partition[0], file.partition[0])
    for group in row_groups(file_io, file, table):
        for name, (low, high) in known.items():
            edges = pc.min_max(group[name])
            least, most = edges["min"].as_py(), edges["max"].as_py()
            if least is not None and not (low <= least and most <= high):
                raise CorruptFileError(file.location, *owner_of(file))
