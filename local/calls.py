"""The record of AWS calls: who called what, in IAM's words. Each kind of call is written once.

MiniStack's server writes it, and the Lambda API for invocations. A function is known by the key that it signs with.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """`caller` may need the right to `action` (such as `sqs:SendMessage`) on `resource`, an ARN."""

    caller: str
    action: str
    resource: str


def path_in(home: Path) -> Path:
    """Where the calls of the system of `home` are written: in a file of its own of `SEXTANT_LOCAL_CALLS`, or with its state."""
    collected = os.environ.get("SEXTANT_LOCAL_CALLS")
    return Path(collected) / f"{uuid.uuid4()}.jsonl" if collected else home / "aws" / "calls.jsonl"


def read(path: Path) -> list[Call]:
    """The calls of one file, or of all files of a directory. A line that is just being written is left out."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    lines = [line for file in files if file.exists() for line in file.read_text().splitlines(keepends=True)]
    return [Call(**json.loads(line)) for line in lines if line.endswith("\n")]


class CallLog:
    """Adds to a record."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted: set[Call] = set()

    def note(self, call: Call) -> None:
        if call not in self._noted:
            self._noted.add(call)
            with self._path.open("a") as file:
                file.write(json.dumps(asdict(call)) + "\n")
