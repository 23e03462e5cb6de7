"""The pages behind `/problems/<code>`, made from the error classes themselves.

`tools/docs/openapi.py` writes down every class there is, of both entries and of the workers: a process that is asked for a
page has loaded few of them.
"""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path

_KNOWN = Path(__file__).parents[1] / "problems.json"


@cache
def known() -> dict[str, dict[str, str | int]]:
    """Every problem type: its title, status and meaning by code."""
    problems: dict[str, dict[str, str | int]] = json.loads(_KNOWN.read_text(encoding="utf-8"))
    return problems


def page_of(code: str) -> str | None:
    """The page of the problem type `code`; None where there is none."""
    kind = known().get(code)
    if kind is None:
        return None
    title, meaning = html.escape(str(kind["title"])), html.escape(str(kind["meaning"]))
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f"<title>{title}</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
        "code{background:#eee;padding:.1em .3em;border-radius:3px}</style>"
        f"<h1>{title}</h1><p>{meaning}</p>"
        f"<p>Code <code>{html.escape(code)}</code>, HTTP status <code>{kind['status']}</code>.</p></html>"
    )
