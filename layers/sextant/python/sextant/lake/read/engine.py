"""DuckDB, which executes what our planner has planned: it sees the planned files and nothing else.

Tenants are kept apart three times over. The planner gives a reading the files of one tenant's scenarios; a file is to be
had by a path that is valid for that reading alone; and every statement binds tenant and scenario, so that a row of
another in such a file does not pass. DuckDB itself may open no file of the machine and no address, loads no extension,
and has its configuration locked.
"""

from __future__ import annotations

import atexit
import itertools
import os
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import duckdb
from fsspec import AbstractFileSystem
from pyiceberg.io import FileIO

from sextant.config import Settings, count, environment
from sextant.lake.errors import (
    CorruptFileError,
    ReadingTooLongError,
    ResultTooLargeError,
    UnreadableFileError,
)
from sextant.lake.read.data_file import DataFile, Turn, owner_of
from sextant.lake.read.deadlines import Deadlines
from sextant.lake.read.pieces import Sink
from sextant.lake.read.plan import PlannedFile

_SCHEME: Final = "lake"
_SHARE_OF_COPIES: Final = 4
_KEPT_OF_A_READING: Final = 64 * 1024 * 1024
_UNCHANGING: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class EngineSettings(Settings):
    """What a reading may use."""

    memory_mb: int = count("SEXTANT_READ_MEMORY_MB", "Memory that DuckDB may use for readings, in MB", 1024)
    seconds: int = count("SEXTANT_READ_SECONDS", "How long one reading of outputs may take", 25)


class Engine:
    """A DuckDB in memory, for the process. Each reading has a cursor of its own, so threads may share it.

    Copies have a DuckDB of their own, with a quarter of the memory: one that keeps the order of rows holds back what it may, where
    nobody reads on as fast as it writes.
    """

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        self._files = _PlannedFiles()
        self._deadlines = Deadlines()
        self._making = threading.Lock()
        self._database = self._opened(settings.memory_mb)
        self._copies: duckdb.DuckDBPyConnection | None = None

    def _opened(self, memory_mb: int) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(
            config={
                "threads": os.cpu_count() or 1,
                "memory_limit": f"{memory_mb}MB",
                "temp_directory": tempfile.mkdtemp(prefix="sextant-read-"),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_persistent_secrets": "false",
            }
        )
        database.register_filesystem(self._files)
        for setting in (
            "TimeZone = 'UTC'",
            "enable_progress_bar = false",
            "python_enable_replacements = false",
            # One read a row group; what was read is kept by us.
            "prefetch_all_parquet_files = true",
            "enable_external_file_cache = false",
            f"allowed_directories = ['{_SCHEME}://']",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            database.execute(f"SET {setting}")
        return database

    def _for_copies(self) -> duckdb.DuckDBPyConnection:
        with self._making:
            if self._copies is None:
                self._copies = self._opened(self._settings.memory_mb // _SHARE_OF_COPIES)
            return self._copies

    def rows(
        self, file_io: FileIO, files: Sequence[PlannedFile], statement: str, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """The rows of a statement, whose `$files` are these files. They are fetched together
        and remembered, unless they are many.
        Raises UnreadableFileError where a file is missing or damaged, ResultTooLargeError where memory does not
        suffice, ReadingTooLongError.
        """
        turn = Turn(file_io, files, keep=sum(file.size for file in files) <= _KEPT_OF_A_READING)
        if turn.keep:
            turn.fetch_all()
        with self._reading(self._database, turn, statement, values) as cursor:
            return cursor.fetchall()

    def copy(
        self,
        file_io: FileIO,
        files: Sequence[PlannedFile],
        statement: str,
        values: Mapping[str, Any],
        options: str,
    ) -> Iterator[bytes]:
        """What COPY writes of a statement, piece by piece, in bounded memory; raises as `rows` does."""
        turn = Turn(file_io, files, keep=False)

        def write(sink: Sink) -> None:
            with self._files.written_to(sink) as path:
                copied = f"COPY ({statement}) TO '{path}' ({options}, USE_TMP_FILE false)"
                with self._reading(self._for_copies(), turn, copied, values):
                    pass

        return Sink.pieces_of(write)

    def close(self) -> None:
        """Give back what the engine holds, its threads first."""
        self._deadlines.close()
        self._database.close()
        if self._copies is not None:
            self._copies.close()

    @contextmanager
    def _reading(
        self, database: duckdb.DuckDBPyConnection, turn: Turn, statement: str, values: Mapping[str, Any]
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = database.cursor()
        try:
            with (
                self._deadlines.within(self._settings.seconds, cursor.interrupt),
                self._files.of(turn) as reading,
            ):
                try:
                    # The path is of our own making. Were it bound too, DuckDB would plan twice.
                    yield cursor.execute(statement.replace("$files", f"'{reading.all_paths}'"), values)
                except duckdb.Error as error:
                    if reading.failure is not None:
                        raise reading.failure from error
                    raise _in_our_terms(error, turn) from error
        finally:
            cursor.close()


@cache
def _made() -> Engine:
    made = Engine(EngineSettings.from_env(environment()))
    # Its threads call into Python, so they end before the interpreter does.
    atexit.register(made.close)
    return made


_making = threading.Lock()


def engine() -> Engine:
    """The process's engine."""
    with _making:
        return _made()


def _in_our_terms(error: duckdb.Error, turn: Turn) -> Exception:
    if isinstance(error, duckdb.InterruptException):
        return ReadingTooLongError()
    if isinstance(error, duckdb.OutOfMemoryException):
        return ResultTooLargeError()
    damaged = _damaged(turn)
    return error if damaged is None else damaged


def _damaged(turn: Turn) -> UnreadableFileError | None:
    """The first file that cannot be decoded, all of which are then forgotten; None where all can be."""
    turn.forget()
    with duckdb.connect(config={"threads": 1}) as judge:
        files = _PlannedFiles()
        judge.register_filesystem(files)
        for file in turn.files:
            with files.of(Turn(turn.file_io, [file], keep=False)) as reading:
                try:
                    judge.execute(
                        "SELECT max(COLUMNS(*)) FROM read_parquet($files)", {"files": reading.all_paths}
                    )
                except duckdb.Error:
                    return reading.failure or CorruptFileError(file.location, *owner_of(file))
    return None


class _Reading:
    """A turn whose files DuckDB may open while it lasts, and what went wrong with one of them."""

    def __init__(self, turn: Turn, number: int) -> None:
        self.turn = turn
        folder = f"{_SCHEME}://{number}/"
        self.paths = [f"{folder}{place:06}.parquet" for place in range(len(turn.files))]
        self.all_paths = f"{folder}*"
        self.failure: UnreadableFileError | None = None


class _PlannedFiles(AbstractFileSystem):  # type: ignore[misc]
    """What DuckDB may open: the files of readings under way, and what a copy is written to."""

    protocol = _SCHEME
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._files: dict[str, tuple[_Reading, int]] = {}
        self._sinks: dict[str, Sink] = {}

    @contextmanager
    def of(self, turn: Turn) -> Iterator[_Reading]:
        reading = _Reading(turn, next(self._numbers))
        self._files.update({path: (reading, place) for place, path in enumerate(reading.paths)})
        try:
            yield reading
        finally:
            for path in reading.paths:
                del self._files[path]

    @contextmanager
    def written_to(self, sink: Sink) -> Iterator[str]:
        path = f"{_SCHEME}://{next(self._numbers)}/copy"
        self._sinks[path] = sink
        try:
            yield path
        finally:
            del self._sinks[path]

    def open(self, path: str, mode: str = "rb", **_: object) -> _Opened | Sink:
        if "w" in mode:
            return self._sinks[path]
        return _Opened(*self._files[path])

    def info(self, path: str, **_: object) -> dict[str, Any]:
        reading, place = self._files[path]
        return {"name": path, "size": reading.turn.files[place].size, "type": "file"}

    def size(self, path: str) -> int:
        """What DuckDB asks for oftener than for all the rest."""
        reading, place = self._files[path]
        return reading.turn.files[place].size

    def glob(self, path: str, **_: object) -> list[str]:
        folder = path.removesuffix("*")
        return [file for file in self._files if file.startswith(folder)] if folder != path else [path]

    def exists(self, path: str, **_: object) -> bool:
        return path in self._files

    def modified(self, _: str) -> datetime:
        return _UNCHANGING


class _Opened(DataFile):
    """A data file that DuckDB reads. Our errors do not survive the way through it, so the reading keeps them."""

    def __init__(self, reading: _Reading, place: int) -> None:
        super().__init__(reading.turn, place)
        self._reading = reading

    def read(self, size: int = -1) -> bytes:
        try:
            return super().read(size)
        except UnreadableFileError as error:
            self._reading.failure = error
            raise
