"""A file that the API answered with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file's bytes, its media type and the name that it may be saved by (empty where the answer gives none)."""

    content: bytes
    media_type: str
    name: str = ""

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    def save(self, path: str | Path) -> Path:
        """Write it to `path`, or into it where that is a folder; answers with the file's path."""
        target = Path(path)
        if target.is_dir():
            target /= self.name or "outputs"
        target.write_bytes(self.content)
        return target


def content_of(given: str | bytes | Path) -> bytes:
    """The bytes of a path's file, of a text, or as they are."""
    if isinstance(given, Path):
        return given.read_bytes()
    return given.encode() if isinstance(given, str) else given
