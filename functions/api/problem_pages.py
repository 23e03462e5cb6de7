"""The pages behind `/problems/<code>`, made from the error classes themselves."""

from __future__ import annotations

import html
from collections.abc import Iterator

from sextant.errors import SextantError


def _kinds(base: type[SextantError] = SextantError) -> Iterator[type[SextantError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


def page_of(code: str) -> str | None:
    """The page of the problem type `code`; None where there is none."""
    for kind in _kinds():
        if kind.code == code:
            meaning = " ".join((kind.__doc__ or kind.title).split())
            return (
                "<!doctype html><html lang=en><meta charset=utf-8>"
                f"<title>{html.escape(kind.title)}</title>"
                "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
                "code{background:#eee;padding:.1em .3em;border-radius:3px}</style>"
                f"<h1>{html.escape(kind.title)}</h1><p>{html.escape(meaning)}</p>"
                f"<p>Code <code>{html.escape(code)}</code>, HTTP status <code>{kind.status}</code>.</p></html>"
            )
    return None


def codes() -> list[str]:
    """Every code that a problem of this process can have."""
    return sorted({kind.code for kind in _kinds()})
