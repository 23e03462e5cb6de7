"""The local OpenID provider: what it gives, and what it refuses as a user pool would."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from aiohttp import web

from local import tokens
from local.authorizer import JwtAuthorizer
from local.identity_provider import IdentityProvider

_VERIFIER = "a-verifier-that-is-long-enough-to-be-one-of-rfc-7636"
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_ASKED = {
    "client_id": tokens.AUDIENCE,
    "redirect_uri": "http://127.0.0.1:4321/callback",
    "response_type": "code",
    "scope": "openid",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": _CHALLENGE,
    "code_challenge_method": "S256",
}
_CHOSEN = {"tenant": "acme", "role": "viewer"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    app = web.Application()
    app.router.add_routes(IdentityProvider(tmp_path).routes())
    runner = web.AppRunner(app)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/oidc", trust_env=False, timeout=60) as http:
        yield http
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def code(client: httpx.Client, **others: str) -> str:
    answer = client.post("/authorize", data={**_ASKED, **_CHOSEN, **others})
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["a state"]
    return query["code"][0]


def redeem(client: httpx.Client, **others: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code_verifier": _VERIFIER}
    return client.post(
        "/token", data={**form, **{name: _ASKED[name] for name in ("client_id", "redirect_uri")}, **others}
    )


def test_a_code_is_a_token_of_the_chosen_tenant_and_role(client: httpx.Client, tmp_path: Path) -> None:
    grant = redeem(client, code=code(client)).json()

    authorizer = JwtAuthorizer.from_jwks(
        tokens.ensure_key(tmp_path), issuer=tokens.ISSUER, audience=tokens.AUDIENCE
    )
    claims = authorizer.authorize(f"Bearer {grant['access_token']}")["jwt"]["claims"]
    assert (claims["tenant_id"], claims["roles"], claims["sub"]) == ("acme", "[viewer]", "viewer@acme")
    identity = jwt.decode(grant["id_token"], options={"verify_signature": False})
    assert (identity["aud"], identity["nonce"]) == (tokens.AUDIENCE, "a nonce")
    metadata = client.get("/.well-known/openid-configuration").json()
    assert metadata["issuer"] == identity["iss"]


@pytest.mark.parametrize(
    "others",
    [
        {"code_verifier": "another verifier"},
        {"redirect_uri": "http://127.0.0.1:1/callback"},
        {"client_id": "another"},
        {"code": "none"},
    ],
    ids=["verifier", "redirect", "client", "code"],
)
def test_a_code_is_nothing_to_whom_it_was_not_given(client: httpx.Client, others: Mapping[str, str]) -> None:
    answer = redeem(client, **{"code": code(client), **others})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_and_a_refresh_token_are_good_once(client: httpx.Client) -> None:
    given = code(client)
    refresh = redeem(client, code=given).json()["refresh_token"]
    assert redeem(client, code=given).status_code == 400

    form = {"grant_type": "refresh_token", "client_id": tokens.AUDIENCE, "refresh_token": refresh}
    renewed = client.post("/token", data=form)
    assert renewed.json()["refresh_token"] != refresh
    assert client.post("/token", data=form).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "others",
    [
        {"redirect_uri": "https://elsewhere.example/callback"},
        {"client_id": "another"},
        {"response_type": "token"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
    ],
    ids=["redirect", "client", "response", "no-challenge", "plain"],
)
def test_what_no_client_of_this_machine_asks_is_refused(
    client: httpx.Client, others: Mapping[str, str]
) -> None:
    assert client.get("/authorize", params={**_ASKED, **others}).status_code == 400


def test_who_is_known_is_sent_on_at_once_until_they_sign_out(client: httpx.Client) -> None:
    code(client)
    assert client.get("/authorize", params=_ASKED).status_code == 302

    client.get("/logout", params={"post_logout_redirect_uri": "http://127.0.0.1:4321/"})
    assert client.get("/authorize", params=_ASKED).status_code == 200
