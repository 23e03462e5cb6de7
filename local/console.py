"""The web console's files, served as CloudFront serves them: hashed files for ever, everything else fresh, pages by one file."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from local import tokens
from tools.console import BUILT, SECURITY_HEADERS, content_security_policy

BASE = "/console/"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_NOT_BUILT = """<!doctype html><html lang="en"><title>Sextant</title><body><h1>The console is not built</h1>
<p>npm's registry was out of reach when the system was set up. The API serves all the same:
<a href="/docs">its documentation</a>. <code>make up</code> tries again.</p></body></html>"""


class Console:
    """Routes of `/console/`. `storage` is the origin of files that the API links to."""

    def __init__(self, *, built: Path = BUILT, signs_in: bool, storage: str) -> None:
        self._built = built
        self._signs_in = signs_in
        self._headers = {
            **SECURITY_HEADERS,
            "Content-Security-Policy": content_security_policy([storage]),
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(BASE.rstrip("/"), self._to_console),
            web.get(f"{BASE}config.json", self._config),
            web.get(BASE + "{path:.*}", self._file),
        ]

    async def _to_console(self, request: web.Request) -> web.Response:
        del request
        return web.Response(status=302, headers={"Location": BASE})

    async def _config(self, request: web.Request) -> web.Response:
        origin = str(request.url.origin())
        config = {
            "issuer": tokens.ISSUER if self._signs_in else "",
            "client_id": tokens.AUDIENCE,
            "scope": "openid",
            "metadata_url": f"{origin}/oidc/.well-known/openid-configuration",
        }
        return web.json_response(config, headers={**self._headers, "Cache-Control": "no-cache"})

    async def _file(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        file = (self._built / path).resolve()
        # A page's address names no file: the console itself knows which page it is.
        if "." not in path.rpartition("/")[2]:
            file = self._built / "index.html"
        if not (self._built / "index.html").is_file():
            return web.Response(status=404, text=_NOT_BUILT, content_type="text/html")
        if not (file.is_relative_to(self._built) and file.is_file()):
            return web.Response(status=404, text="There is no such file.", headers=self._headers)
        cache = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return web.Response(
            body=file.read_bytes(),
            content_type=_TYPES.get(file.suffix, "application/octet-stream"),
            charset="utf-8" if file.suffix in (".css", ".html", ".js") else None,
            headers={**self._headers, "Cache-Control": cache},
        )
