"""A file that the API answered with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class File:
    """A file's bytes, its media type and the name that it may be saved by (empty where the answer gives none).

    others: the further parts of what was too large for one file
    """

    content: bytes
    media_type: str
    name: str = ""
    others: tuple[File, ...] = ()

    @property
    def parts(self) -> tuple[File, ...]:
        """It and its further parts."""
        return (self, *self.others)

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    def save(self, path: str | Path) -> Path:
        """Write it to `path`, or into it where that is a folder; answers with the file's path.

        Further parts are written beside it, numbered: `run.parquet`, `run-1.parquet`.
        """
        target = Path(path)
        if target.is_dir():
            target /= self.name or "outputs"
        for place, part in enumerate(self.parts):
            numbered = target.with_stem(f"{target.stem}-{place}") if place else target
            numbered.write_bytes(part.content)
        return target


def content_of(given: str | bytes | Path) -> bytes:
    """The bytes of a path's file, of a text, or as they are."""
    if isinstance(given, Path):
        return given.read_bytes()
    return given.encode() if isinstance(given, str) else given
