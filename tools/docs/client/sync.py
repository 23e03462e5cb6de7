"""The client's sync face, made from the async one: the same text without `async` and `await`.

What differs otherwise stands in the table `_WORDS`, or as two functions of one name in `sextant_client/waiting.py`.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Mapping
from pathlib import Path

from tools.docs.client import PACKAGE, formatted

ASYNC, SYNC = PACKAGE / "_async", PACKAGE / "_sync"
_DROPPED = ("async", "await")
_WORDS = {
    "_async": "_sync",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aread": "read",
    "aiter_bytes": "iter_bytes",
    "AsyncIterator": "Iterator",
    "AsyncIterable": "Iterable",
    "StopAsyncIteration": "StopIteration",
    "sleep_async": "sleep",
    "AsyncClient": "Client",
    "AsyncHTTPTransport": "HTTPTransport",
}
# Made otherwise.
_NOT_OURS = ("__init__.py", "api.py")
_ABOUT = '"""The sync face, made from the async one by `python -m tools.docs client`: do not edit."""\n'


def files() -> Mapping[Path, str]:
    made = {SYNC / "__init__.py": _ABOUT}
    for source in sorted(ASYNC.glob("*.py")):
        if source.name not in _NOT_OURS:
            target = SYNC / source.name
            head = f"# Made from ../_async/{source.name} by `python -m tools.docs client`: do not edit.\n"
            made[target] = formatted(head + to_sync(source.read_text()), target)
    return made


def to_sync(text: str) -> str:
    """The module as it reads without waiting."""
    made, end = [], (1, 0)
    lines = text.splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        made.append(_between(lines, end, token.start))
        end = token.end
        if token.type == tokenize.NAME and token.string in _DROPPED:
            # With the blank behind it.
            end = (end[0], end[1] + 1)
            continue
        if token.type == tokenize.NAME:
            made.append(_word(token.string))
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            made.append(_in_text(token.string))
        else:
            made.append(token.string)
    return "".join(made)


def _word(word: str) -> str:
    if word in _WORDS:
        return _WORDS[word]
    return word.removeprefix("Async") if word.startswith("Async") else word


def _in_text(text: str) -> str:
    """A docstring or comment: its examples are code too."""
    for word in ("await ", "async "):
        text = text.replace(word, "")
    for word, other in _WORDS.items():
        text = text.replace(word, other)
    return text.replace("Async", "")


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    first = lines[start[0] - 1][start[1] :] if start[0] <= len(lines) else ""
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return first + "".join(lines[start[0] : end[0] - 1]) + last
