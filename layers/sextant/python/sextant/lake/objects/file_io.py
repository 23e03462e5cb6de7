"""pyiceberg's FileIO over our object store: single PUTs, no existence checks, immutable files read once.

pyiceberg's own FileIO asks whether a file exists before it writes one, opens one with a HEAD and reads
the same metadata several times within a commit. Table metadata, manifest lists and manifests carry a
fresh UUID in their names and never change, so a process that wrote or read one keeps its bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from types import TracebackType
from typing import Final

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties
from typing_extensions import override

from sextant.lake.errors import CorruptFileError
from sextant.lake.objects.cache import WeightedCache
from sextant.lake.objects.store import ObjectStore, scheme_of, store_for

# Catalog properties that `file_io` reads; the names are pyiceberg's.
REGION = "s3.region"
ENDPOINT = "s3.endpoint"

_CACHE_BYTES = 64 * 1024 * 1024
_IMMUTABLE_SUFFIXES = (".avro", ".metadata.json")


_immutable: Final = WeightedCache[str, bytes](_CACHE_BYTES, len)


def _remember(location: str, data: bytes) -> None:
    if location.endswith(_IMMUTABLE_SUFFIXES):
        _immutable.put(location, data)


def _is_whole(location: str, data: bytes) -> bool:
    """Whether a file of metadata begins and ends as one: what is empty, zeroed or cut short is not remembered."""
    if location.endswith(".metadata.json"):
        return data[:1] == b"{" and data.rstrip()[-1:] == b"}"
    if location.endswith(".avro"):
        # The last 16 bytes are the sync marker, which the header ends with (https://avro.apache.org/docs/1.12.0/specification/).
        return data[:4] == b"Obj\x01" and data.find(data[-16:]) < len(data) - 16
    return True


def forget_cached_files() -> None:
    """Drop what this process remembers of immutable files, as a fresh process would begin."""
    _immutable.clear()


def forget_cached_file(location: str) -> None:
    """Drop what this process remembers of one file: it could not be decoded, and may be whole the next time."""
    _immutable.discard(location)


class LakeFileIO(FileIO):
    """FileIO for `py-io-impl`; cheap to make, since the store behind it is the process's one."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)

    def store(self, location: str) -> ObjectStore:
        """The object store that holds `location`."""
        return store_for(scheme_of(location), self.properties.get(REGION), self.properties.get(ENDPOINT))

    def new_input(self, location: str) -> InputFile:
        return _Input(location, self.store(location))

    def new_output(self, location: str) -> OutputFile:
        return _Output(location, self.store(location))

    def delete(self, location: str | InputFile | OutputFile) -> None:
        place = location if isinstance(location, str) else location.location
        _immutable.discard(place)
        self.store(place).delete([place])


class _Input(InputFile):
    def __init__(self, location: str, store: ObjectStore) -> None:
        super().__init__(location)
        self._store = store

    def _bytes(self) -> bytes:
        data = _immutable.get(self.location)
        if data is None:
            data = self._store.get(self.location)
            if not _is_whole(self.location, data):
                raise CorruptFileError(self.location)
            _remember(self.location, data)
        return data

    def __len__(self) -> int:
        return len(self._bytes())

    def exists(self) -> bool:
        try:
            self._bytes()
        except FileNotFoundError:
            return False
        return True

    @override
    def open(self, seekable: bool = True) -> InputStream:
        return io.BytesIO(self._bytes())


class _Output(OutputFile):
    """A file written by one PUT when its stream closes."""

    def __init__(self, location: str, store: ObjectStore) -> None:
        super().__init__(location)
        self._store = store
        self._length: int | None = None

    def __len__(self) -> int:
        if self._length is None:
            raise ValueError(f"{self.location} is not written yet")
        return self._length

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._store)

    @override
    def create(self, overwrite: bool = False) -> OutputStream:
        """A stream to write to. Names are unique, so an existing file is not looked for."""
        return _PutOnClose(self._written)

    def _written(self, data: bytes) -> None:
        self._store.put(self.location, data)
        self._length = len(data)
        _remember(self.location, data)


class _PutOnClose(io.BytesIO):
    """Collects the file in memory; leaving the `with` block by an exception writes nothing."""

    def __init__(self, finish: Callable[[bytes], None]) -> None:
        super().__init__()
        self._finish = finish

    def close(self) -> None:
        if not self.closed:
            data = self.getvalue()
            super().close()
            self._finish(data)

    def __exit__(
        self,
        exctype: type[BaseException] | None,
        excinst: BaseException | None,
        exctb: TracebackType | None,
    ) -> None:
        if exctype is None:
            self.close()
        else:
            super().close()


def store_of(file_io: FileIO, location: str) -> ObjectStore:
    """The object store behind a table's FileIO. Raises TypeError where the catalog was given another one."""
    if not isinstance(file_io, LakeFileIO):
        raise TypeError(f"the lake reads and writes through LakeFileIO, not {type(file_io).__name__}")
    return file_io.store(location)
