"""Data files as they are read: a small one is fetched whole, of a large one the blocks that are read.

Data files never change, so what was fetched is kept, up to a bound, for the next reading.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Final

from pyiceberg.io import FileIO

from sextant.lake.errors import CorruptFileError, MissingFileError
from sextant.lake.objects.cache import WeightedCache
from sextant.lake.objects.file_io import store_of
from sextant.lake.read.plan import PlannedFile

WHOLE_FILE_BYTES: Final = 4 * 1024 * 1024
_TAIL_BYTES: Final = 64 * 1024
_BLOCK_BYTES: Final = 1024 * 1024  # some more than a row group
_PASSING_BYTES: Final = 32 * 1024 * 1024
_DATA_KEPT_BYTES: Final = 128 * 1024 * 1024
_FETCH_TOGETHER: Final = 16
_AHEAD: Final = 8

_kept: Final = WeightedCache[tuple[str, int, int], bytes](_DATA_KEPT_BYTES, len)


def forget_data() -> None:
    """Drop every byte this process remembers of data files, as a fresh process would begin."""
    _kept.clear()


def owner_of(file: PlannedFile) -> tuple[str | None, str | None]:
    """Tenant and run, where the file is known to hold one."""
    tenant = file.partition[0] if file.partition is not None else None
    return tenant, file.run[0] if file.run[0] == file.run[1] else None


class Turn:
    """The files of one reading, in the order of their turn; the small ones are fetched some ahead of it.

    `keep` says whether to remember what was fetched: a reading that passes once over everything does not.
    """

    def __init__(self, file_io: FileIO, files: Sequence[PlannedFile], *, keep: bool) -> None:
        self.files = tuple(files)
        self.keep = keep
        self.file_io = file_io
        # A row group lies in blocks that the next one begins in, and several threads read them.
        self._blocks = _kept if keep else WeightedCache[tuple[str, int, int], bytes](_PASSING_BYTES, len)
        self._ahead: dict[int, Future[bytes]] = {}
        self._fetched_to = 0
        self._lock = threading.Lock()

    def fetch_all(self) -> None:
        """Fetch every small file, and the end of every large one. Raises UnreadableFileError."""
        missing = [file for file in self.files if self._first_stretch(file) is None]
        if len(missing) == 1:
            self._fetch_first(missing[0])
        elif missing:
            list(_fetchers().map(self._fetch_first, missing))

    def whole(self, number: int) -> bytes:
        """A small file's bytes; those of the next few files are on their way by then."""
        file = self.files[number]
        known = _kept.get((file.location, 0, file.size))
        if known is not None:
            return known
        if self.keep:
            return self._fetch_first(file)
        with self._lock:
            until = min(len(self.files), number + 1 + _AHEAD)
            for place in (number, *range(self._fetched_to, until)):
                small = self.files[place].size <= WHOLE_FILE_BYTES
                if small and place not in self._ahead:
                    self._ahead[place] = _fetchers().submit(self._fetch_first, self.files[place])
            self._fetched_to = max(self._fetched_to, until)
            future = self._ahead[number]
        return future.result()

    def done_with(self, number: int) -> None:
        """Nobody reads the file any more."""
        with self._lock:
            self._ahead.pop(number, None)

    def forget(self) -> None:
        """Drop what is remembered of the files: one of them could not be decoded, and may be whole the next time."""
        locations = {file.location for file in self.files}
        _kept.discard_where(lambda key: key[0] in locations)

    def stretch(self, file: PlannedFile, start: int, length: int) -> bytes:
        """`length` bytes of a large file from `start`. Raises UnreadableFileError."""
        known = self._blocks.get((file.location, start, length))
        if known is None:
            known = _checked(file, self.file_io, start, length)
            if self.keep or length < file.size:
                self._blocks.put((file.location, start, length), known)
        return known

    def _first_stretch(self, file: PlannedFile) -> bytes | None:
        return _kept.get((file.location, *_first(file)))

    def _fetch_first(self, file: PlannedFile) -> bytes:
        return self.stretch(file, *_first(file))


def _first(file: PlannedFile) -> tuple[int, int]:
    """What a reader needs first, by start and length: a small file whole, the end of a large one, where its footer is."""
    if file.size <= WHOLE_FILE_BYTES:
        return 0, file.size
    length = min(_TAIL_BYTES, file.size)
    return file.size - length, length


def _checked(file: PlannedFile, file_io: FileIO, start: int, length: int) -> bytes:
    store = store_of(file_io, file.location)
    whole = (start, length) == (0, file.size)
    try:
        data = store.get(file.location) if whole else store.get_range(file.location, start, length)
    except FileNotFoundError as error:
        raise MissingFileError(file.location, *owner_of(file)) from error
    if len(data) != length:
        raise CorruptFileError(file.location, *owner_of(file))
    return data


@cache
def _fetchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_FETCH_TOGETHER, thread_name_prefix="lake-fetch")


class DataFile(io.RawIOBase):
    """One file of a turn, to read and to seek in."""

    def __init__(self, turn: Turn, number: int) -> None:
        super().__init__()
        self._turn = turn
        self._number = number
        self._file = turn.files[number]
        self._position = 0
        self._start, self._held = 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        start = self._position
        end = self._file.size if size < 0 else min(start + size, self._file.size)
        self._position = end
        if not self._start <= start <= end <= self._start + len(self._held):
            self._hold(start, end)
        return self._held[start - self._start : end - self._start]

    def _hold(self, start: int, end: int) -> None:
        if self._file.size <= WHOLE_FILE_BYTES:
            self._start, self._held = 0, self._turn.whole(self._number)
            return
        tail = _first(self._file)
        if start >= tail[0]:
            span = tail
        else:
            first = start - start % _BLOCK_BYTES
            past = min(-(-end // _BLOCK_BYTES) * _BLOCK_BYTES, self._file.size)
            span = first, past - first
        self._start, self._held = span[0], self._turn.stretch(self._file, *span)

    def close(self) -> None:
        if not self.closed:
            self._held = b""
            self._turn.done_with(self._number)
        super().close()
