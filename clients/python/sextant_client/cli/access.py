"""Signing in, who one is, and whether everything works."""

from __future__ import annotations

import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import typer

import sextant_client
from sextant_client._sync import credentials
from sextant_client.cli import exits
from sextant_client.cli.session import Session, command
from sextant_client.problems import ConfigurationError, SextantError
from sextant_client.settings import profiles_file, read_profiles, tokens_file, write_profile
from sextant_client.signing_in import LOCAL_ISSUER, Proof, Provider, Tokens, is_this_machine, keep_tokens

_SIGN_IN_SECONDS = 300.0
_PAGE = b"<!doctype html><title>Sextant</title><p>Signed in. You may close this window."


def add_to(app: typer.Typer) -> None:
    """Add the commands to the root."""
    command(app, "login")(login)
    command(app, "logout")(logout)
    command(app, "whoami")(whoami)
    command(app, "doctor")(doctor)


def login(
    session: Session,
    *,
    tenant: Annotated[str, typer.Option(help="At the local system: as whose user.")] = "demo",
    role: Annotated[str, typer.Option(help="At the local system: in which role.")] = "analyst",
    device: Annotated[bool, typer.Option("--device", help="Show a code to enter on another device.")] = False,
    browser: Annotated[bool, typer.Option(help="Open a browser; else the address is only shown.")] = True,
) -> None:
    """Sign in, and keep the tokens and the address under the profile.

    A browser opens at the deployment's identity provider (authorization code with PKCE). --device is for machines without one,
    where the provider can do it. The local system asks nobody: there --tenant and --role say who you are.
    """
    import httpx2

    session.makes_profile = True
    settings = replace(session.settings, tenant=tenant, role=role)
    with httpx2.Client(timeout=20) as client:
        provider = credentials.provider_of(client, settings)
        if provider is None:
            raise ConfigurationError(f"{settings.url} asks for no token")
        if provider.issuer == LOCAL_ISSUER and is_this_machine(settings.url):
            tokens = credentials.at_the_local_system(client, provider, settings)
        elif device:
            tokens = credentials.by_device(client, provider, session.say)
        else:
            tokens = _by_browser(client, provider, session, opens=browser)
    keep_tokens(tokens_file(settings.profile), tokens)
    known = read_profiles().get(settings.profile, {})
    given = {"url": settings.url, "tenant": tenant, "role": role}
    if provider.issuer != LOCAL_ISSUER:
        given = {"url": settings.url}
    path = write_profile(settings.profile, {**known, **given})
    session.say(f"profile {settings.profile!r} in {path}")
    whoami(session)


def logout(session: Session) -> None:
    """Forget the tokens of the profile."""
    path = tokens_file(session.settings.profile)
    path.unlink(missing_ok=True)
    session.answer({"profile": session.settings.profile}, lambda: f"signed out of {session.settings.url}")


def whoami(session: Session) -> None:
    """Show who the token is of, and what they may do."""
    me = session.client.me()

    def text() -> Any:
        return session.fields(
            {
                "subject": me.subject,
                "tenant": me.tenant_id,
                "roles": ", ".join(me.roles),
                "permissions": ", ".join(me.permissions),
                "at": session.settings.url,
            }
        )

    session.answer(me, text)


def doctor(session: Session) -> None:
    """Check what can be wrong between this machine and the API, and say what helps."""
    findings: list[dict[str, Any]] = []

    def note(what: str, *, good: bool, told: str) -> None:
        findings.append({"check": what, "good": good, "told": told})

    version = ".".join(map(str, sys.version_info[:3]))
    note("client", good=True, told=f"sextant-client {sextant_client.__version__}, Python {version}")
    there = "is there" if profiles_file().exists() else "is not there, which is fine"
    note(
        "profile",
        good=True,
        told=f"{session.settings.profile} ({profiles_file()} {there}), {session.settings.url}",
    )
    for what, look in (
        ("API", lambda: session.client.api.get_health().status),
        ("database", lambda: session.client.api.get_readiness().status),
        ("signed in", lambda: _whose(session.client.me())),
        ("scenarios", lambda: f"{len(session.client.api.list_scenarios(limit=1).data)} or more can be read"),
        ("clock", lambda: _clock(session)),
    ):
        good, told = _looked(look)
        note(what, good=good, told=told)
    session.answer(
        findings,
        lambda: session.table(
            ["", "CHECK", "TOLD"],
            (("ok" if each["good"] else "NO", each["check"], each["told"]) for each in findings),
        ),
    )
    if not all(each["good"] for each in findings):
        raise typer.Exit(exits.OTHER)


def _looked(look: Callable[[], str]) -> tuple[bool, str]:
    try:
        return True, str(look())
    except (SextantError, OSError) as error:
        return False, str(error)


def _whose(me: Any) -> str:
    return f"{me.subject} of {me.tenant_id} as {', '.join(me.roles)}"


def _clock(session: Session) -> str:
    from email.utils import parsedate_to_datetime

    answer = session.client.transport.request("GET", "/v1/health")
    if "Date" not in answer.headers:
        return "the answer has no date to compare with"
    apart = abs(parsedate_to_datetime(answer.headers["Date"]).timestamp() - time.time())
    if apart > 60:
        raise ConfigurationError(
            f"this machine's clock is {apart:.0f} s from the service's: tokens will not hold"
        )
    return f"{apart:.0f} s from the service's"


def _by_browser(client: Any, provider: Provider, session: Session, *, opens: bool) -> Tokens:
    """Tokens by authorization code with PKCE, the browser coming back to this machine (RFC 8252)."""
    import http.server
    import webbrowser

    proof, state = Proof.new(), secrets.token_urlsafe(16)
    answers: list[dict[str, list[str]]] = []
    arrived = threading.Event()

    class Back(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if query.get("state") != [state]:
                self.send_error(404)
                return
            answers.append(query)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_PAGE)
            arrived.set()

        def log_message(self, format: str, *arguments: Any) -> None:
            del format, arguments

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        redirect_uri = f"http://127.0.0.1:{server.server_port}/signed-in"
        query = {
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": provider.scope,
            "state": state,
            "code_challenge": proof.challenge,
            "code_challenge_method": "S256",
        }
        address = f"{provider.authorization_endpoint}?{urlencode(query)}"
        session.say(f"sign in at {address}")
        if opens:
            webbrowser.open(address)
        if not arrived.wait(_SIGN_IN_SECONDS):
            raise ConfigurationError(
                "not signed in: nobody came back from the identity provider in five minutes"
            )
    finally:
        server.shutdown()
        server.server_close()
    if "code" not in answers[0]:
        raise ConfigurationError(
            f"not signed in: {answers[0].get('error_description', answers[0].get('error'))}"
        )
    return credentials.by_code(
        client, provider, code=answers[0]["code"][0], redirect_uri=redirect_uri, proof=proof
    )
