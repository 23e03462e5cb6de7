"""Spark in its own environment, asked over stdin: one JSON line a statement, one JSON line an answer.

    python spark_session.py <configuration as JSON>

An answer is {"columns": [[name, type], …], "rows": […]} or {"error": "…"}.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date, datetime
from typing import Any

from pyspark.sql import SparkSession  # type: ignore[import-not-found]


def main() -> None:
    # The protocol keeps the real stdout; whatever Java prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    builder = SparkSession.builder
    for name, value in json.loads(sys.argv[1]).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    print(json.dumps({"columns": [], "rows": [[spark.version]]}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(spark, json.loads(line)), default=plain), file=answers, flush=True)
    spark.stop()


def answer(spark: Any, statement: str) -> dict[str, Any]:
    try:
        frame = spark.sql(statement)
        return {"columns": frame.dtypes, "rows": [list(row) for row in frame.collect()]}
    except Exception as error:  # noqa: BLE001 (the border of this process: whatever Java threw, the test is told)
        return {"error": f"{type(error).__name__}: {error}"}


def plain(value: object) -> str:
    """Dates and times as ISO texts, which JSON has no type of its own for."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    main()
