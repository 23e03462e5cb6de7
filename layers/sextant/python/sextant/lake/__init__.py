"""The lake: run outputs as one Apache Iceberg table on object storage.

Workers write data files (`datafile`), one committer registers them in groups (`commit`), readers page
through pinned snapshots (`reader`), and `maintenance` keeps the table small. The package knows no
service and no database of ours. `columns`, `settings`, `store` and `datafile` import no pyiceberg, so that a
worker starts without it.
"""
