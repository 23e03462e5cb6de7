"""The OpenAPI document and the page to read and try it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path as File
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.api.http.routing import Router, public
from sextant.errors import NotFoundError

_DOCUMENT = File(__file__).resolve().parent / "openapi.json"
_ASSETS = {"swagger-ui-bundle.min.js": "text/javascript", "swagger-ui.min.css": "text/css"}
_CACHED = {"Cache-Control": "public, max-age=86400"}
# No script but its own file and the one of this page; nothing from elsewhere.
_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
    " script-src 'self' 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_START = (
    'SwaggerUIBundle({url: "/openapi.json", dom_id: "#ui", deepLinking: true, persistAuthorization: true,'
    " tryItOutEnabled: true})"
)
_PAGE = f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sextant API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/docs/swagger-ui.min.css">
<body><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.min.js"></script>
<script>{_START}</script>
</body></html>
"""


router = Router("Documentation")


@router.get("/", include_in_schema=False)
@public
def start() -> Response[Any]:
    """Where to go on from here."""
    places = {
        "name": "Sextant",
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "problems": "/problems",
        "health": "/v1/health",
    }
    return Response(200, "application/json", json.dumps({"data": places}))


@router.get("/openapi.json", include_in_schema=False)
@public
def openapi() -> Response[Any]:
    return Response(200, "application/json", _document())


@router.get("/docs", include_in_schema=False)
@public
def page() -> Response[Any]:
    return Response(200, "text/html; charset=utf-8", _PAGE, headers={"Content-Security-Policy": _policy()})


@router.get("/docs/<asset>", include_in_schema=False)
@public
def asset(asset: str) -> Response[Any]:
    if asset not in _ASSETS:
        raise NotFoundError
    return Response(200, f"{_ASSETS[asset]}; charset=utf-8", _text(asset), headers=dict(_CACHED))


@cache
def _document() -> str:
    return _DOCUMENT.read_text(encoding="utf-8")


@cache
def _text(asset: str) -> str:
    """An asset of Swagger UI, as Powertools ships it."""
    import aws_lambda_powertools

    folder = File(aws_lambda_powertools.__path__[0]) / "event_handler" / "openapi" / "swagger_ui"
    return (folder / asset).read_text(encoding="utf-8")


@cache
def _policy() -> str:
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(_START.encode()).digest()).decode()
    return _POLICY.format(digest=digest)
