"""The local gateway sends the events and gives the answers of an HTTP API."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from functions.declaration import API, FUNCTIONS, OUTPUTS_API, Function, Route
from local import tokens
from local.authorizer import JwtAuthorizer, rendered
from local.gateway import Gateway
from local.invocations import Functions
from local.processes import allow_many_connections
from local.routes import RouteTable

HTTP = Function(
    "http",
    "tests.integration.local.sample.handlers.http",
    memory=128,
    timeout=20,
    triggers=(
        Route("GET", "/public", public=True),
        Route("GET", "/things/{thing_id}/parts/{part}"),
        Route("ANY", "/{proxy+}"),
    ),
    local_concurrency=2,
)


@asynccontextmanager
async def serving(
    *, authorizer: JwtAuthorizer | None = None, patience: float = 10.0
) -> AsyncIterator[tuple[Gateway, aiohttp.ClientSession]]:
    functions = Functions([HTTP], {"http": {}}, lambda *_: None)
    gateway = Gateway(functions, RouteTable([HTTP]), authorizer, lambda _: None, timeout=patience)
    await gateway.start()
    try:
        async with aiohttp.ClientSession(gateway.url, cookie_jar=aiohttp.DummyCookieJar()) as client:
            yield gateway, client
    finally:
        await gateway.stop()
        await functions.close()


async def event_of(client: aiohttp.ClientSession, method: str, path: Any, **options: Any) -> dict[str, Any]:
    async with client.request(method, path, **options) as answer:
        assert answer.status == 201, await answer.text()
        event: dict[str, Any] = await answer.json()
        return event


# Events -----------------------------------------------------------------------------------------------


def test_an_event_has_the_form_of_the_documented_example() -> None:
    async def scenario() -> dict[str, Any]:
        async with serving() as (_, client):
            return await event_of(
                client,
                "POST",
                "/my/path?parameter1=value1&parameter1=value2&parameter2=value",
                headers=[
                    ("Header1", "value1"),
                    ("Header2", "value1"),
                    ("Header2", "value2"),
                    ("Cookie", "cookie1=a; cookie2=b"),
                    ("Content-Type", "application/json"),
                    ("User-Agent", "agent"),
                ],
                data=b'{"hello": "from client"}',
            )

    event = asyncio.run(scenario())

    assert event["version"] == "2.0"
    assert event["routeKey"] == "ANY /{proxy+}"
    assert event["rawPath"] == "/my/path"
    assert event["rawQueryString"] == "parameter1=value1&parameter1=value2&parameter2=value"
    assert event["cookies"] == ["cookie1=a", "cookie2=b"]
    assert event["headers"]["header1"] == "value1"
    assert event["headers"]["header2"] == "value1,value2"
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"] == {"parameter1": "value1,value2", "parameter2": "value"}
    assert event["pathParameters"] == {"proxy": "my/path"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"hello": "from client"}', False)
    context = event["requestContext"]
    assert set(context) == {
        *(
            "accountId",
            "apiId",
            "domainName",
            "domainPrefix",
            "http",
            "requestId",
            "routeKey",
            "stage",
            "time",
        ),
        "timeEpoch",
    }
    assert context["http"] == {
        "method": "POST",
        "path": "/my/path",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "agent",
    }
    assert context["stage"] == "$default"
    assert time.strptime(context["time"], "%d/%b/%Y:%H:%M:%S +0000")


def test_what_is_absent_from_a_request_is_absent_from_its_event() -> None:
    async def scenario() -> dict[str, Any]:
        async with serving() as (_, client):
            return await event_of(client, "GET", "/public")

    event = asyncio.run(scenario())
    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & set(event)
    assert event["rawQueryString"] == ""


def test_the_path_arrives_decoded_and_the_query_string_raw() -> None:
    async def scenario() -> dict[str, Any]:
        async with serving() as (gateway, client):
            from yarl import URL

            return await event_of(
                client, "GET", URL(f"{gateway.url}/things/a%20b/parts/%C3%BC?q=%20x", encoded=True)
            )

    event = asyncio.run(scenario())
    assert event["rawPath"] == "/things/a b/parts/ü"
    assert event["pathParameters"] == {"thing_id": "a b", "part": "ü"}
    assert event["rawQueryString"] == "q=%20x"
    assert event["queryStringParameters"] == {"q": " x"}


@pytest.mark.parametrize(
    ("content_type", "as_text"),
    [
        ("application/json; charset=utf-8", True),
        ("text/csv", True),
        ("application/octet-stream", False),
        ("application/x-www-form-urlencoded", False),
        ("application/merge-patch+json", False),
    ],
)
def test_a_body_is_text_only_for_text_types(content_type: str, as_text: bool) -> None:
    async def scenario() -> dict[str, Any]:
        async with serving() as (_, client):
            return await event_of(client, "PUT", "/x", data=b"abc", headers={"Content-Type": content_type})

    event = asyncio.run(scenario())
    assert event["isBase64Encoded"] is not as_text
    assert event["body"] == ("abc" if as_text else base64.b64encode(b"abc").decode())


def test_the_most_specific_route_of_the_declaration_wins() -> None:
    routes = RouteTable(FUNCTIONS)

    def function_of(method: str, path: str) -> str | None:
        match = routes.match(method, path)
        return match.function if match else None

    assert function_of("GET", "/v1/scenarios/7/outputs") == OUTPUTS_API.name
    assert function_of("POST", "/v1/scenarios/7/outputs") == API.name
    assert function_of("GET", "/v1/scenarios/7/runs") == API.name
    health = routes.match("GET", "/v1/health")
    assert health is not None
    assert health.route.public
    assert function_of("GET", "/") == API.name
    assert function_of("POST", "/") is None


# Answers ----------------------------------------------------------------------------------------------


def test_answers_are_passed_on_as_format_2_says() -> None:
    async def scenario() -> None:
        async with serving() as (_, client):
            async with client.get("/x?answer=plain") as answer:
                assert (answer.status, await answer.json()) == (200, {"hello": "there"})
            async with client.get("/x?answer=binary") as answer:
                assert (await answer.read(), answer.headers["Content-Type"]) == (b"\x00\x01\x02\xff", "x/y")
            async with client.get("/x?answer=cookies") as answer:
                assert answer.status == 204
                assert answer.headers.getall("Set-Cookie") == ["a=1; HttpOnly", "b=2"]
                assert answer.headers["X-One"] == "1"
                assert answer.headers["apigw-requestid"]

    asyncio.run(scenario())


@pytest.mark.parametrize("fault", ["raise", "malformed"])
def test_a_function_that_fails_is_an_internal_server_error(fault: str) -> None:
    async def scenario() -> None:
        async with serving() as (_, client), client.get(f"/x?answer={fault}") as answer:
            assert (answer.status, await answer.text()) == (500, '{"message":"Internal Server Error"}')

    asyncio.run(scenario())


def test_a_function_that_takes_too_long_is_service_unavailable() -> None:
    async def scenario() -> None:
        async with serving(patience=0.5) as (_, client), client.get("/x?answer=hang") as answer:
            assert (answer.status, await answer.text()) == (503, '{"message":"Service Unavailable"}')

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "size", [7 * 1024 * 1024, 11 * 1024 * 1024], ids=["above the payload", "above the body"]
)
def test_a_body_above_the_limits_is_refused(size: int) -> None:
    async def scenario() -> None:
        async with (
            serving() as (_, client),
            client.post("/x", data=io.BytesIO(b"a" * size), headers={"Content-Type": "text/plain"}) as answer,
        ):
            assert (answer.status, await answer.text()) == (413, '{"message":"Request Entity Too Large"}')

    asyncio.run(scenario())


def test_many_clients_at_once_are_all_served() -> None:
    allow_many_connections()

    async def scenario() -> set[int]:
        async with serving(patience=25) as (gateway, _):
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(gateway.url, connector=connector) as client:

                async def one() -> int:
                    async with client.get("/public?answer=plain") as answer:
                        await answer.read()
                        return answer.status

                return set(await asyncio.gather(*(one() for _ in range(1000))))

    assert asyncio.run(scenario()) == {200}


# Tokens -----------------------------------------------------------------------------------------------

DEMO = {"tenant": "demo", "roles": ["analyst", "viewer"]}


@pytest.fixture(scope="module")
def key_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("keys")
    tokens.ensure_key(home)
    return home


def authorizer_of(home: Path) -> JwtAuthorizer:
    return JwtAuthorizer.from_jwks(home / "jwks.json", issuer=tokens.ISSUER, audience=tokens.AUDIENCE)


def signed(home: Path, *, headers: dict[str, str] | None = None, **changed: Any) -> str:
    """A good token with some claims changed; None takes one out."""
    now = int(time.time())
    claims = {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "sub": "u", "tenant_id": "demo", "exp": now + 60}
    kept = {name: value for name, value in (claims | changed).items() if value is not None}
    key = (home / "signing-key.pem").read_bytes()
    return jwt.encode(kept, key, algorithm="RS256", headers={"kid": "local", **(headers or {})})


def test_a_good_token_gives_the_function_its_claims_as_api_gateway_writes_them(key_home: Path) -> None:
    async def scenario() -> dict[str, Any]:
        async with serving(authorizer=authorizer_of(key_home)) as (_, client):
            token = tokens.issue(key_home, tenant="demo", roles=["analyst", "viewer"])
            return await event_of(client, "GET", "/x", headers={"Authorization": f"Bearer {token}"})

    event = asyncio.run(scenario())
    found = event["requestContext"]["authorizer"]["jwt"]
    assert found["scopes"] is None
    assert found["claims"]["tenant_id"] == "demo"
    assert found["claims"]["roles"] == "[analyst viewer]"
    assert found["claims"]["exp"].isdigit()


def test_claims_become_text() -> None:
    claims = {"a": ["x", "y"], "n": 3, "t": True, "none": None, "o": {"k": [1]}, "e": []}
    assert rendered(claims) == {"a": "[x y]", "n": "3", "t": "true", "o": '{"k":[1]}', "e": "[]"}


def bad_tokens(home: Path) -> dict[str, str | None]:
    now = int(time.time())
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = signed(home)
    head, body, signature = good.split(".")
    unsigned = jwt.encode(
        {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "exp": now + 60}, "", algorithm="none"
    )
    forged = jwt.encode(
        {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "exp": now + 60}, other, algorithm="RS256"
    )
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = (
        base64.urlsafe_b64encode(json.dumps(claims | {"tenant_id": "other"}).encode()).decode().rstrip("=")
    )
    confused = jwt.encode(
        {"iss": tokens.ISSUER, "aud": tokens.AUDIENCE, "exp": now + 60}, "s" * 32, "HS256", {"kid": "local"}
    )
    return {
        "none at all": None,
        "expired": signed(home, exp=now - 5),
        "not valid yet": signed(home, nbf=now + 60),
        "without an expiry": signed(home, exp=None),
        "wrong audience": signed(home, aud="elsewhere"),
        "wrong client": signed(home, aud=None, client_id="elsewhere"),
        "wrong issuer": signed(home, iss="https://elsewhere"),
        "unknown key": signed(home, headers={"kid": "other"}),
        "another's key": forged,
        "another's key under our name": jwt.encode(
            claims, other, algorithm="RS256", headers={"kid": "local"}
        ),
        "alg none": unsigned,
        "alg confusion": confused,
        "changed claims": f"{head}.{changed}.{signature}",
        "no signature": f"{head}.{body}.",
        "not a token": "abc",
    }


def test_every_bad_token_is_refused_before_the_function_sees_anything(key_home: Path) -> None:
    async def scenario() -> dict[str, tuple[int, str]]:
        found = {}
        async with serving(authorizer=authorizer_of(key_home)) as (_, client):
            for name, token in bad_tokens(key_home).items():
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                async with client.get("/x", headers=headers) as answer:
                    found[name] = (answer.status, await answer.text())
                    assert answer.headers["www-authenticate"].startswith("Bearer")
        return found

    refused = (401, '{"message":"Unauthorized"}')
    assert asyncio.run(scenario()) == dict.fromkeys(bad_tokens(key_home), refused)


def test_other_accepted_tokens(key_home: Path) -> None:
    authorizer = authorizer_of(key_home)
    assert authorizer.authorize(f"bearer {signed(key_home)}")
    assert authorizer.authorize(signed(key_home)), "without the word Bearer, as API Gateway takes it"
    assert authorizer.authorize(signed(key_home, aud=["elsewhere", tokens.AUDIENCE]))
    assert authorizer.authorize(signed(key_home, aud=None, client_id=tokens.AUDIENCE))


def test_a_public_route_needs_no_token_and_the_signing_key_is_private(key_home: Path) -> None:
    async def scenario() -> dict[str, Any]:
        async with serving(authorizer=authorizer_of(key_home)) as (_, client):
            return await event_of(client, "GET", "/public")

    assert "authorizer" not in asyncio.run(scenario())["requestContext"]
    assert (key_home / "signing-key.pem").stat().st_mode & 0o777 == 0o600
