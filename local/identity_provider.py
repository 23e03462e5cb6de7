"""An OpenID provider for the local system: whoever signs in says which tenant and role they want.

Authorization code with PKCE (RFC 7636, S256 alone), one-time codes, rotated refresh tokens, and the end of the session,
for public clients on this machine (RFC 8252: a loopback address at any port). On AWS the user pool stands here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from aiohttp import web

from local import tokens

ROOM = "/oidc"
ACCESS_SECONDS = 900
_CODE_SECONDS = 60
_COOKIE = "sextant_sign_in"
_SESSION_SECONDS = 12 * 3600
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ROLES = {
    "analyst": "Writes scenarios, runs them, compares",
    "viewer": "Reads scenarios and results",
    "operator": "Also deletes, works incidents, reads the outbox",
    "admin": "Also changes the outbox, settings and states of runs",
    "super_admin": "All tenants",
}


@dataclass(frozen=True)
class Person:
    """Who signed in, as they chose."""

    tenant: str
    role: str
    subject: str


@dataclass(frozen=True)
class _Code:
    person: Person
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    expires: float


class RefusedError(Exception):
    """A request that the provider refuses: `error` of RFC 6749, and why."""

    def __init__(self, error: str, why: str) -> None:
        super().__init__(why)
        self.error, self.why = error, why


class IdentityProvider:
    """The provider's routes; it signs with the key in `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, tuple[Person, str]] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{ROOM}/.well-known/openid-configuration", self._metadata),
            web.get(f"{ROOM}/jwks.json", self._keys),
            web.get(f"{ROOM}/authorize", self._authorize),
            web.post(f"{ROOM}/authorize", self._chosen),
            web.post(f"{ROOM}/token", self._token),
            web.get(f"{ROOM}/logout", self._sign_out),
        ]

    async def _metadata(self, request: web.Request) -> web.Response:
        here = f"{request.url.origin()}{ROOM}"
        return web.json_response(
            {
                "issuer": tokens.ISSUER,
                "authorization_endpoint": f"{here}/authorize",
                "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/jwks.json",
                "end_session_endpoint": f"{here}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_methods_supported": ["none"],
                "scopes_supported": ["openid"],
            }
        )

    async def _keys(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(text=tokens.ensure_key(self._home).read_text())

    # The person's browser -----------------------------------------------------------------------------

    async def _authorize(self, request: web.Request) -> web.Response:
        """Asks who signs in; a browser that was told is sent on at once, unless `prompt` says otherwise."""
        try:
            asked = _asked(request.query)
        except RefusedError as error:
            return web.Response(status=400, text=f"{error.error}: {error.why}")
        person = self._remembered(request)
        if person is not None and request.query.get("prompt") not in ("login", "select_account"):
            return self._sent_back(asked, person)
        return _page(asked)

    async def _chosen(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        try:
            asked = _asked(form)
            person = _person(form)
        except RefusedError as error:
            return web.Response(status=400, text=f"{error.error}: {error.why}")
        answer = self._sent_back(asked, person)
        remembered = tokens.sign(
            self._home, {"aud": _COOKIE, **vars(person), "exp": int(time.time()) + _SESSION_SECONDS}
        )
        answer.set_cookie(
            _COOKIE, remembered, path=ROOM, max_age=_SESSION_SECONDS, httponly=True, samesite="Lax"
        )
        return answer

    async def _sign_out(self, request: web.Request) -> web.Response:
        back = request.query.get("post_logout_redirect_uri", "")
        answer = web.Response(status=302, headers={"Location": back if _is_ours(back) else "/console/"})
        person = self._remembered(request)
        self._refresh = {token: held for token, held in self._refresh.items() if held[0] != person}
        answer.del_cookie(_COOKIE, path=ROOM)
        return answer

    def _remembered(self, request: web.Request) -> Person | None:
        try:
            claims = jwt.decode(
                request.cookies.get(_COOKIE, ""),
                jwt.PyJWKSet.from_dict(json.loads(tokens.ensure_key(self._home).read_text())).keys[0],
                algorithms=["RS256"],
                audience=_COOKIE,
            )
            return Person(claims["tenant"], claims["role"], claims["subject"])
        except (jwt.InvalidTokenError, KeyError):
            return None

    def _sent_back(self, asked: Mapping[str, str], person: Person) -> web.Response:
        now = time.monotonic()
        self._codes = {code: held for code, held in self._codes.items() if held.expires > now}
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            person,
            asked["client_id"],
            asked["redirect_uri"],
            asked["code_challenge"],
            asked.get("nonce", ""),
            now + _CODE_SECONDS,
        )
        query = urlencode({"code": code, "state": asked.get("state", ""), "iss": tokens.ISSUER})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    # The client ---------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        headers = {"Cache-Control": "no-store"}
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    person, nonce = self._redeemed(form)
                case "refresh_token":
                    person, nonce = self._renewed(form), ""
                case other:
                    raise RefusedError(
                        "unsupported_grant_type",
                        f"{other!r} is neither 'authorization_code' nor 'refresh_token'",
                    )
        except RefusedError as error:
            answer = {"error": error.error, "error_description": error.why}
            return web.json_response(answer, status=400, headers=headers)
        return web.json_response(self._grant(person, form["client_id"], nonce), headers=headers)

    def _redeemed(self, form: Mapping[str, str]) -> tuple[Person, str]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.expires < time.monotonic():
            raise RefusedError("invalid_grant", "the code is unknown, used or expired")
        if (code.client_id, code.redirect_uri) != (form.get("client_id"), form.get("redirect_uri")):
            raise RefusedError("invalid_grant", "the code belongs to another client or redirect_uri")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise RefusedError("invalid_grant", "code_verifier does not fit the code_challenge")
        return code.person, code.nonce

    def _renewed(self, form: Mapping[str, str]) -> Person:
        held = self._refresh.pop(form.get("refresh_token", ""), None)
        if held is None or held[1] != form.get("client_id"):
            raise RefusedError("invalid_grant", "the refresh token is unknown, used or of another client")
        return held[0]

    def _grant(self, person: Person, client_id: str, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        roles = [person.role]
        access = tokens.issue(
            self._home, tenant=person.tenant, roles=roles, subject=person.subject, lifetime=ACCESS_SECONDS
        )
        identity = {"iss": tokens.ISSUER, "aud": client_id, "sub": person.subject, "iat": now}
        identity |= {"exp": now + ACCESS_SECONDS, "tenant_id": person.tenant, "roles": roles}
        if nonce:
            identity["nonce"] = nonce
        refresh = secrets.token_urlsafe(32)
        self._refresh[refresh] = (person, client_id)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ACCESS_SECONDS,
            "id_token": tokens.sign(self._home, identity),
            "refresh_token": refresh,
            "scope": "openid",
        }


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    """The parameters of an authorization request. Raises RefusedError."""
    names = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce")
    asked = {name: query.get(name, "") for name in (*names, "code_challenge", "code_challenge_method")}
    if asked["client_id"] != tokens.AUDIENCE:
        raise RefusedError("unauthorized_client", f"the client is {tokens.AUDIENCE!r}")
    if not _is_ours(asked["redirect_uri"]):
        raise RefusedError("invalid_request", "redirect_uri must be an http address of this machine")
    if asked["response_type"] != "code":
        raise RefusedError("unsupported_response_type", "response_type must be 'code'")
    if asked["code_challenge_method"] != "S256" or not asked["code_challenge"]:
        raise RefusedError("invalid_request", "code_challenge must be given, by the method S256")
    return asked


def _is_ours(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.fragment


def _person(form: Mapping[str, str]) -> Person:
    tenant, role = form.get("tenant", "").strip(), form.get("role", "")
    if role not in tokens.ROLES:
        raise RefusedError("invalid_request", f"role must be one of {', '.join(tokens.ROLES)}")
    if not tenant:
        raise RefusedError("invalid_request", "tenant must be given")
    return Person(tenant, role, form.get("subject", "").strip() or f"{role}@{tenant}")


def _page(asked: Mapping[str, str]) -> web.Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in asked.items()
    )
    roles = "".join(
        f'<label class="role"><input type="radio" name="role" value="{role}"{" checked" if role == "analyst" else ""}>'
        f"<span><b>{role.replace('_', ' ').capitalize()}</b><small>{about}</small></span></label>"
        for role, about in _ROLES.items()
    )
    nonce = secrets.token_urlsafe(12)
    back = urlsplit(asked["redirect_uri"])
    text = (
        Path(__file__)
        .with_name("sign_in.html")
        .read_text()
        .replace("{nonce}", nonce)
        .replace("{hidden}", hidden)
        .replace("{roles}", roles)
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {back.scheme}://{back.netloc}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=text, content_type="text/html", headers=headers)
