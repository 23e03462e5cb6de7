"""The pages behind `/problems/<code>`, made from the error classes themselves.

`tools/docs/openapi` writes down every class there is, of both entries and of the workers: a process that is asked for a
page has loaded few of them.
"""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path

_KNOWN = Path(__file__).parents[1] / "problems.json"

# What a caller can do, by the status.
_REMEDIES = {
    400: "Correct the request: errors[] names each field, the rule that it breaks and what there is. Sending it again"
    " as it is will fail again.",
    401: "Sign in again, and send the token in the header Authorization as Bearer.",
    403: "Ask an administrator of your tenant for a role with this permission, or use an account that has it.",
    404: "Check the id, and that it is your tenant's: what belongs to others is not shown. It may have been deleted.",
    409: "Read the present state, decide anew, and send the request again. Where there is a header Retry-After, the"
    " same request may be sent again after that many seconds.",
    410: "Start the reading again without a cursor and without snapshot_id.",
    412: "Read the entity again, apply your change to what it is now, and send it with the new ETag in If-Match.",
    413: "Send or ask for less at once: smaller bodies, narrower filters, a lower limit.",
    415: "Send JSON in UTF-8, uncompressed, with the header Content-Type: application/json.",
    422: "Correct the fields that errors[] names. Sending it again as it is will fail again.",
    429: "Wait for the seconds of the header Retry-After, then send the same request again.",
    500: "Send the request again, with the same Idempotency-Key if it changes something. If it goes on, report the"
    " request_id.",
    503: "Wait for the seconds of the header Retry-After, then send the same request again, with the same"
    " Idempotency-Key if it changes something.",
}


@cache
def known() -> dict[str, dict[str, str | int]]:
    """Every problem type: its title, status, meaning and remedy by code."""
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
        f"<h1>{title}</h1><p>{meaning}</p><p>{html.escape(str(kind['remedy']))}</p>"
        f"<p>Code <code>{html.escape(code)}</code>, HTTP status <code>{kind['status']}</code>."
        ' <a href="/problems">All codes</a></p></html>'
    )


def list_of_all() -> str:
    """The page that lists every code with its status, its meaning and what to do."""
    rows = "".join(
        f'<tr><td><a href="/problems/{html.escape(code)}">{html.escape(code)}</a><td>{kind["status"]}'
        f"<td>{html.escape(str(kind['meaning']))}<td>{html.escape(str(kind['remedy']))}"
        for code, kind in known().items()
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Problem types</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1rem}"
        "td,th{text-align:left;vertical-align:top;padding:.2em .6em .2em 0}</style>"
        f"<h1>Problem types</h1><table><tr><th>Code<th>Status<th>Meaning<th>What to do{rows}</table></html>"
    )


def remedy_of(status: int) -> str:
    """What a caller can do about any error of this status."""
    return _REMEDIES.get(status, _REMEDIES[400 if status < 500 else 500])
