"""The places of a page that code writes: between `<!-- name -->` and `<!-- end -->`. People write the rest."""

from __future__ import annotations

import re
from collections.abc import Callable

_MARKED = re.compile(r"(<!-- ([a-z: -]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def fill(page: str, texts: Callable[[str], str | None]) -> str:
    """`page` with the text of each place written anew; `texts` answers None for a place that stays as it is."""

    def place(match: re.Match[str]) -> str:
        text = texts(match[2])
        return match[0] if text is None else f"{match[1]}\n{text}\n\n{match[4]}"

    return _MARKED.sub(place, page)


def read(page: str, name: str) -> str:
    """The text that stands at the place `name`. Raises KeyError where the page has no such place."""
    return {match[2]: match[3].strip("\n") for match in _MARKED.finditer(page)}[name]
