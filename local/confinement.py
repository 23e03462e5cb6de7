"""A function's process may write to a directory of its own and nowhere else, as on Lambda to its `/tmp`.

The Linux kernel holds it (Landlock, since 5.13), for every process that the function starts too, without root. Where the
kernel has no Landlock, as on macOS, nothing is held.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

# System calls of Linux, the same on every architecture. Source: landlock(7).
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

# What changes a file or directory, by bits of landlock(7); executing and reading stay free.
_WRITE_FILE = 1 << 1
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_REFER = 1 << 13
_TRUNCATE = 1 << 14

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def held() -> bool:
    """Whether this machine's kernel can hold a process to its directory."""
    return _version() > 0


class Confinement:
    """What a child may write to. `enter` belongs into its `preexec_fn`; `close` when it has started."""

    def __init__(self, directories: Iterable[Path]) -> None:
        version = _version()
        self._descriptor: int | None = None
        if version <= 0:
            return
        handled = _CHANGES | (_REFER if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
        ruleset = _Ruleset(handled)
        self._descriptor = _checked(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
        for directory in directories:
            self._allow(directory, handled)
        self._allow(Path(os.devnull), handled & (_WRITE_FILE | _TRUNCATE))

    def _allow(self, path: Path, access: int) -> None:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _PathBeneath(access, opened)
            _checked(_ADD_RULE, self._descriptor, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(opened)

    def enter(self) -> None:
        """Hold this process, and all that it starts, to what was allowed."""
        if self._descriptor is not None:
            assert _libc is not None
            _libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            _checked(_RESTRICT_SELF, self._descriptor, 0)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def entering(*steps: Callable[[], None]) -> Callable[[], None]:
    """A `preexec_fn` of several steps."""

    def arrange() -> None:
        for step in steps:
            step()

    return arrange


def _version() -> int:
    if _libc is None:
        return 0
    return int(_libc.syscall(_CREATE_RULESET, None, 0, _VERSION))


def _checked(number: int, *arguments: object) -> int:
    assert _libc is not None
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
