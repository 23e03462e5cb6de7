"""A function in a fresh process, its bundles and nothing else on the path: what its cold start costs.

    python -I -S cold_process.py <handler> <bundle folders, joined by the path separator>

Reads one event from stdin, answers {"import_wall", "import_cpu", "wall", "cpu", "rss", "answer"}: to the handler
imported, and to the first invocation answered.
"""

import importlib
import json
import os
import resource
import sys
from time import perf_counter, process_time


class Context:
    """What a handler reads of Lambda's context."""

    function_name = "cold"
    memory_limit_in_mb = 2048
    invoked_function_arn = "arn"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 100_000


def main() -> None:
    # The answer keeps the real stdout; what the handler logs goes nowhere, at the price of writing it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    event = json.loads(sys.stdin.read())
    sys.path[:0] = sys.argv[2].split(os.pathsep)
    module, _, name = sys.argv[1].rpartition(".")
    wall, cpu = perf_counter(), process_time()
    handler = getattr(importlib.import_module(module), name)
    imported = perf_counter() - wall, process_time() - cpu
    answer = handler(event, Context())
    found = {
        "import_wall": imported[0],
        "import_cpu": imported[1],
        "wall": perf_counter() - wall,
        "cpu": process_time() - cpu,
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "answer": answer,
    }
    print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
