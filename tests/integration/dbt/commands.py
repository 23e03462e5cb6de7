# mypy: ignore-errors
"""Runs dbt's commands, one after another in one process: starting dbt takes longer than most of them.

They come as a list in JSON, and the last line of what is printed says which succeeded.
"""

from __future__ import annotations

import json
import sys

from dbt.cli.main import dbtRunner

succeeded = []
for words in json.loads(sys.argv[1]):
    result = dbtRunner().invoke(words)
    if result.exception:
        print(repr(result.exception))
    succeeded.append(result.success)
print(json.dumps(succeeded))
