"""What the parts say: each line whole in a file of its part, and shortened on the terminal.

The functions log JSON, one object a line, as they do on Lambda. The files keep it as it is; the terminal
shows time, part, level, message and the fields that tell one line from another.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

_COLOURS = {"WARNING": "33", "ERROR": "31", "CRITICAL": "31"}
_PART_COLOURS = ("36", "32", "35", "34", "96", "92", "95", "94")
# Fields of the log format that are on every line, or belong to the file only.
_LEFT_OUT = frozenset(
    {
        *(
            "level",
            "location",
            "message",
            "timestamp",
            "service",
            "cold_start",
            "function_name",
            "sampling_rate",
        ),
        *(
            "function_memory_size",
            "function_arn",
            "function_request_id",
            "xray_trace_id",
            "exception",
            "stack_trace",
        ),
        *("correlation_id", "request_id"),
    }
)
# Lambda's own lines about an invocation.
_PLATFORM = ("INIT_START ", "START ", "REPORT ")
_QUIET_LEVELS = frozenset({"DEBUG", "TRACE"})


class Journal:
    """Takes lines of every part; safe to use from any thread."""

    def __init__(self, directory: Path, *, terminal: TextIO | None = sys.stderr) -> None:
        self.directory = directory
        self._terminal = terminal
        self._files: dict[str, TextIO] = {}
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, part: str) -> Path:
        return self.directory / f"{part}.log"

    def write(self, part: str, line: str, *, shown: bool = True) -> None:
        """One line of `part`, without its line end; `shown=False` keeps it off the terminal."""
        with self._lock:
            file = self._files.get(part)
            if file is None:
                file = self._files[part] = self.path(part).open("a", encoding="utf-8", buffering=1)
            file.write(f"{line}\n")
        if shown and self._terminal is not None:
            text = _shorten(line)
            if text:
                self._show(part, text)

    def say(self, line: str) -> None:
        """A line of the local system itself."""
        self.write("local", line)

    def close(self) -> None:
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _show(self, part: str, text: str) -> None:
        assert self._terminal is not None
        stamp = datetime.now(UTC).strftime("%H:%M:%S")
        label = f"{part:<13}"
        if self._terminal.isatty():
            label = f"\033[{_PART_COLOURS[sum(part.encode()) % len(_PART_COLOURS)]}m{label}\033[0m"
        self._terminal.write(f"{stamp} {label} {text}\n")
        self._terminal.flush()


def _shorten(line: str) -> str:
    """The text for the terminal; empty when there is nothing for a reader in it."""
    if line.startswith(_PLATFORM):
        return ""
    if not line.startswith("{"):
        return line.rstrip()
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if "_aws" in entry or entry.get("level") in _QUIET_LEVELS:
        return ""  # metrics in the embedded format
    if "message" not in entry:
        return line
    level = str(entry.get("level", "INFO"))
    fields = " ".join(f"{key}={_plain(value)}" for key, value in entry.items() if key not in _LEFT_OUT)
    text = f"{_plain(entry['message'])} {fields}".rstrip()
    if level != "INFO":
        text = f"{level} {text}"
    if "exception" in entry:
        text += f"\n{entry['exception']}"
    return f"\033[{_COLOURS[level]}m{text}\033[0m" if level in _COLOURS and sys.stderr.isatty() else text


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
