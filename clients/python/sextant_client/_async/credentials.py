"""Where tokens come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

from sextant_client.problems import ConfigurationError, UnreachableError
from sextant_client.settings import Settings, tokens_file
from sextant_client.signing_in import (
    LOCAL_ISSUER,
    Proof,
    Provider,
    Tokens,
    is_this_machine,
    keep_tokens,
    read_tokens,
    refusal,
)
from sextant_client.waiting import sleep_async

if TYPE_CHECKING:
    import httpx2


class AsyncCredentials(Protocol):
    """Something that knows which headers say who asks."""

    async def headers(self) -> dict[str, str]:
        """The headers of the next request."""

    async def renew(self) -> bool:
        """Get another token, as the last one was refused; whether there is one."""


class AsyncToken:
    """A bearer token as it is, such as `make token` prints."""

    def __init__(self, token: str) -> None:
        self._token = token.strip()

    async def headers(self) -> dict[str, str]:
        """The headers of the next request."""
        return {"Authorization": f"Bearer {self._token}"}

    async def renew(self) -> bool:
        """Nothing renews it."""
        return False


class AsyncSignedIn:
    """Tokens of an identity provider, renewed before they end: of a person who signed in, of a program, or of the local system.

    Which of them is decided by the settings when the first token is needed: a client's secret makes a program, tokens that were
    kept by `sextant login` a person; the local system believes everybody.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file: Path = tokens_file(settings.profile)
        self._tokens: Tokens | None = None
        self._provider: Provider | None = None

    async def headers(self) -> dict[str, str]:
        """The headers of the next request. Raises `ConfigurationError` where nobody signed in."""
        if self._tokens is None and not self._settings.client_secret:
            self._tokens = read_tokens(self._file)
        if self._tokens is None or not self._tokens.holds:
            self._tokens = await self._new_tokens()
        return {"Authorization": f"Bearer {self._tokens.access_token}"} if self._tokens.access_token else {}

    async def renew(self) -> bool:
        """Get another token, as the last one was refused; whether there is one."""
        if self._tokens is not None and not self._tokens.access_token:
            return False
        self._tokens = await self._new_tokens()
        return True

    async def _new_tokens(self) -> Tokens:
        import httpx2

        async with httpx2.AsyncClient(
            timeout=20, trust_env=not is_this_machine(self._settings.url)
        ) as client:
            if self._provider is None:
                self._provider = await provider_of(client, self._settings)
            provider, settings = self._provider, self._settings
            if provider is None:
                # The deployment asks for no token.
                return Tokens("", float("inf"))
            if settings.client_secret:
                return await by_client_credentials(client, provider, settings)
            kept = self._tokens or read_tokens(self._file)
            if kept is not None and kept.refresh_token:
                tokens = await _renewed(client, provider, kept)
                if tokens is not None:
                    keep_tokens(self._file, tokens)
                    return tokens
            if provider.issuer == LOCAL_ISSUER and is_this_machine(settings.url):
                return await at_the_local_system(client, provider, settings)
        raise ConfigurationError(
            f"nobody is signed in to {settings.url}: run `sextant login`, or set SEXTANT_TOKEN, or a profile's"
            " client_id and client_secret"
        )


async def provider_of(client: httpx2.AsyncClient, settings: Settings) -> Provider | None:
    """The identity provider of a deployment, as it or the settings say; None where it asks for no token."""
    config: Mapping[str, Any] = {}
    if not settings.issuer:
        config = await _read(client, f"{settings.url.rstrip('/')}/console/config.json")
        if not config.get("issuer"):
            return None
    issuer = settings.issuer or str(config["issuer"])
    place = str(config.get("metadata_url") or f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    metadata = await _read(client, place)
    return Provider(
        issuer,
        settings.client_id or str(config.get("client_id", "")),
        settings.scope or str(config.get("scope", "openid")),
        str(metadata["token_endpoint"]),
        str(metadata.get("authorization_endpoint", "")),
        str(metadata.get("device_authorization_endpoint", "")),
    )


async def by_client_credentials(client: httpx2.AsyncClient, provider: Provider, settings: Settings) -> Tokens:
    """Tokens of a program (RFC 6749, 4.4). Raises `ConfigurationError` where it is refused."""
    form = {"grant_type": "client_credentials"}
    if settings.scope:
        form["scope"] = settings.scope
    answer = await client.post(
        provider.token_endpoint, data=form, auth=(settings.client_id, settings.client_secret)
    )
    if answer.is_error:
        raise refusal(_object(answer))
    return Tokens.of(answer.json())


async def by_code(
    client: httpx2.AsyncClient, provider: Provider, *, code: str, redirect_uri: str, proof: Proof
) -> Tokens:
    """Tokens for the code that a provider sent a browser back with. Raises `ConfigurationError` where it is refused."""
    form = {
        "grant_type": "authorization_code",
        "client_id": provider.client_id,
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": proof.verifier,
    }
    answer = await client.post(provider.token_endpoint, data=form)
    if answer.is_error:
        raise refusal(_object(answer))
    return Tokens.of(answer.json())


async def at_the_local_system(client: httpx2.AsyncClient, provider: Provider, settings: Settings) -> Tokens:
    """Tokens as whoever the settings name: the local system's provider asks for nothing else."""
    proof, redirect_uri = Proof.new(), "http://127.0.0.1/signed-in"
    form = {
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": provider.scope,
        "state": "",
        "nonce": "",
        "code_challenge": proof.challenge,
        "code_challenge_method": "S256",
        "tenant": settings.tenant,
        "role": settings.role,
    }
    answer = await client.post(provider.authorization_endpoint, data=form)
    if answer.status_code != 302:
        raise ConfigurationError(f"the local system refused to sign in: {answer.text[:200]}")
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    return await by_code(client, provider, code=code, redirect_uri=redirect_uri, proof=proof)


async def _renewed(client: httpx2.AsyncClient, provider: Provider, kept: Tokens) -> Tokens | None:
    form = {
        "grant_type": "refresh_token",
        "client_id": provider.client_id,
        "refresh_token": kept.refresh_token,
    }
    answer = await client.post(provider.token_endpoint, data=form)
    return None if answer.is_error else Tokens.of(answer.json(), kept)


async def _read(client: httpx2.AsyncClient, url: str) -> Mapping[str, Any]:
    import httpx2

    try:
        answer = await client.get(url)
    except httpx2.TransportError as error:
        raise UnreachableError(f"GET {url}: {str(error) or type(error).__name__}") from error
    if answer.is_error:
        raise ConfigurationError(f"{url} answered {answer.status_code}: is the address right?")
    return _object(answer)


def _object(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"error": answer.text[:200]}


async def by_device(client: httpx2.AsyncClient, provider: Provider, say: Callable[[str], None]) -> Tokens:
    """Tokens by a code that is entered on another device (RFC 8628). Raises `ConfigurationError` where it is refused.

    say: is told what the person has to do
    """
    if not provider.device_authorization_endpoint:
        raise ConfigurationError(f"{provider.issuer} cannot sign in by a code on another device")
    form = {"client_id": provider.client_id, "scope": provider.scope}
    answer = await client.post(provider.device_authorization_endpoint, data=form)
    if answer.is_error:
        raise refusal(_object(answer))
    device = _object(answer)
    say(
        device.get("verification_uri_complete")
        or f"{device['verification_uri']} and enter {device['user_code']}"
    )
    pause, left = float(device.get("interval", 5)), float(device["expires_in"])
    grant = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "client_id": provider.client_id,
        "device_code": str(device["device_code"]),
    }
    while left > 0:
        await sleep_async(pause)
        left -= pause
        answer = await client.post(provider.token_endpoint, data=grant)
        if not answer.is_error:
            return Tokens.of(answer.json())
        refused = _object(answer)
        if refused.get("error") == "slow_down":
            pause += 5
        elif refused.get("error") != "authorization_pending":
            raise refusal(refused)
    raise ConfigurationError("the code was not entered in time")
