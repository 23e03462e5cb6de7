"""The lake: the outputs of runs as one Apache Iceberg table on object storage.

- `table`: what the table is: its columns, its definition, its catalog.
- `objects`: the object storage beneath it.
- `write`: workers write data files (`datafile`), one committer registers them in groups (`commit`), and
  `compaction` and `maintenance` keep the table small.
- `read`: pages, scans, aggregates and exports of pinned snapshots.

The package knows no service and no database of ours. What a worker needs (`columns`, `settings`, `store`,
`datafile`) imports no pyiceberg, so that a worker starts without it.
"""
