"""A system as bytes that load at once: a text that says what is where, then the arrays as they lie in memory.

Tables are read and checked once; what came of them is kept in this form. It follows the classes: each field of
`SystemData`, and of the classes that its fields consist of, is written and read, whatever is added to them. `FORM` changes
with them, so a form that another version of the code wrote is not taken for this one's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

import numpy as np

from sextant.engine.system import SystemData

_MAGIC = b"sextant system\n"
_ARRAY, _CLASS, _MAP = "$array", "$class", "$map"
_ALIGNED = 64
_DIGEST = hashlib.sha256().digest_size


class NotPackedError(ValueError):
    """The bytes are no system in this form: cut off, altered, or another version's."""


def _classes(root: type) -> dict[str, type]:
    """The dataclasses that an object of `root` may consist of, by name."""
    known: dict[str, type] = {}
    waiting: list[Any] = [root]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and is_dataclass(kind) and kind.__name__ not in known:
            known[kind.__name__] = kind
            waiting += get_type_hints(kind).values()
        waiting += get_args(kind)
    return known


_KNOWN = _classes(SystemData)
FORM = hashlib.sha256(
    json.dumps(
        [[name, [[f.name, str(f.type)] for f in fields(kind)]] for name, kind in sorted(_KNOWN.items())]
    ).encode()
).hexdigest()[:16]
"""Names the form: equal where the classes are."""


def packed(system: SystemData) -> bytes:
    """The system as bytes; the same for equal systems."""
    arrays: list[bytes] = []
    size = 0

    def plain(value: Any) -> Any:
        nonlocal size
        if isinstance(value, np.ndarray):
            content = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            place, gap = size, -content.nbytes % _ALIGNED
            arrays.append(content.tobytes() + b"\0" * gap)
            size += content.nbytes + gap
            return {_ARRAY: [place, content.dtype.str, list(content.shape)]}
        if type(value).__name__ in _KNOWN:
            return {
                _CLASS: type(value).__name__,
                **{f.name: plain(getattr(value, f.name)) for f in fields(value)},
            }
        if isinstance(value, Mapping):
            return {_MAP: [[key, plain(item)] for key, item in value.items()]}
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        if isinstance(value, np.generic):
            return value.item()
        if value is None or isinstance(value, str | bool | int | float):
            return value
        raise TypeError(f"a system cannot hold {type(value).__name__}")

    text = json.dumps(plain(system), separators=(",", ":")).encode()
    head = FORM.encode() + len(text).to_bytes(8, "little") + text
    body = head + b"\0" * (-(len(_MAGIC) + _DIGEST + len(head)) % _ALIGNED) + b"".join(arrays)
    return _MAGIC + hashlib.sha256(body).digest() + body


def unpacked(content: bytes, *, name: str, version: str) -> SystemData:
    """The system in `content`, under this name and version. Its arrays lie in `content` and cannot be written to.

    Raises `NotPackedError`.
    """
    start = len(_MAGIC) + _DIGEST
    if (
        not content.startswith(_MAGIC)
        or hashlib.sha256(memoryview(content)[start:]).digest() != content[len(_MAGIC) : start]
    ):
        raise NotPackedError("the bytes are not those that were written")
    if content[start : start + len(FORM)] != FORM.encode():
        raise NotPackedError("another version of the code wrote this")
    at = start + len(FORM)
    end = at + 8 + int.from_bytes(content[at : at + 8], "little")
    first = end + -end % _ALIGNED

    def made(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(made(item) for item in value)
        if not isinstance(value, dict):
            return value
        if _ARRAY in value:
            place, kind, shape = value[_ARRAY]
            count = int(np.prod(shape, dtype=np.int64))
            return np.frombuffer(content, dtype=kind, count=count, offset=first + place).reshape(shape)
        if _MAP in value:
            return {key: made(item) for key, item in value[_MAP]}
        return _KNOWN[value.pop(_CLASS)](**{field: made(item) for field, item in value.items()})

    text = json.loads(content[at + 8 : end])
    text.update(name=name, version=version)
    system: SystemData = made(text)
    return system
