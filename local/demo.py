"""The demonstration."""

from pathlib import Path


def main(home: Path) -> int:
    raise NotImplementedError
