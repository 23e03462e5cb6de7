"""One handler in a fresh process, asked over stdin: what its cold start and its requests cost.

    python serve.py <module>   reads {"events": [...]} lines, answers {"wall": [...], "cpu": [...], "last": {...}}

The first line tells of the cold start: importing the handler, and the first request.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from time import perf_counter, process_time


class Context:
    """What a handler reads of Lambda's context."""

    function_name = "api"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def main() -> None:
    # The protocol keeps the real stdout; whatever the handler logs goes nowhere, at the price of writing it.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    first = json.loads(sys.stdin.readline())["events"][0]
    wall, cpu = perf_counter(), process_time()
    handler = importlib.import_module(sys.argv[1]).handler
    imported = perf_counter() - wall, process_time() - cpu
    answer = handler(first, Context())
    cold = {
        "import_wall": imported[0],
        "import_cpu": imported[1],
        "wall": perf_counter() - wall,
        "cpu": process_time() - cpu,
        "rss": _rss(),
        "last": answer,
    }
    print(json.dumps(cold), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)["events"]
        walls, cpus, last = [], [], {}
        for event in asked:
            wall, cpu = perf_counter(), process_time()
            last = handler(event, Context())
            cpus.append(process_time() - cpu)
            walls.append(perf_counter() - wall)
        print(json.dumps({"wall": walls, "cpu": cpus, "last": last, "rss": _rss()}), file=answers, flush=True)


def _rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
