"""DuckDB with its Iceberg extension, all of it from the package registry, pointed at an S3 endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

_EXTENSIONS = ("duckdb_extension_httpfs", "duckdb_extension_avro", "duckdb_extension_iceberg")


def connect(environment: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """A connection that reads S3 as the AWS variables in `environment` say. The caller closes it."""
    connection = duckdb.connect()
    for package in _EXTENSIONS:
        spec = find_spec(package)
        assert spec is not None
        (file,) = Path((spec.submodule_search_locations or [])[0]).rglob("*.duckdb_extension")
        connection.load_extension(str(file))
    if endpoint := environment.get("AWS_ENDPOINT_URL"):
        connection.execute(
            f"""CREATE SECRET (TYPE s3, KEY_ID '{environment["AWS_ACCESS_KEY_ID"]}',
                SECRET '{environment["AWS_SECRET_ACCESS_KEY"]}', REGION '{environment["AWS_REGION"]}',
                ENDPOINT '{urlsplit(endpoint).netloc}', USE_SSL false, URL_STYLE 'path')"""
        )
    return connection
