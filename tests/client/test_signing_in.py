"""Signing in at an identity provider: as a program, by a code on another device, and by a browser that comes back."""

from __future__ import annotations

import json
import threading
import webbrowser
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from local.running import RunningSystem
from sextant_client import Settings, Sextant
from sextant_client._sync import credentials
from sextant_client.cli import access
from sextant_client.cli.session import Session
from sextant_client.problems import ConfigurationError
from sextant_client.settings import Settings as Loaded


class Provider(ThreadingHTTPServer):
    """An identity provider with the grants of programs (RFC 6749, 4.4) and of devices (RFC 8628); `token` is what it gives."""

    token = ""
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        here = self.server.url
        self._send(
            200,
            {
                "issuer": here,
                "token_endpoint": f"{here}/token",
                "device_authorization_endpoint": f"{here}/device",
            },
        )

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        grant = form.get("grant_type", [""])[0]
        given = {"access_token": self.server.token, "expires_in": 900}
        if self.path == "/device":
            self._send(
                200,
                {
                    "device_code": "d",
                    "user_code": "AB-12",
                    "verification_uri": "https://x",
                    "interval": 0.01,
                    "expires_in": 5,
                },
            )
        elif grant == "client_credentials":
            good = self.headers.get("Authorization", "").startswith("Basic ")
            self._send(200 if good else 401, given if good else {"error": "invalid_client"})
        else:
            self.server.asked += 1
            pending = self.server.asked < 3
            self._send(400 if pending else 200, {"error": "authorization_pending"} if pending else given)

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None: ...


@pytest.fixture
def provider(system: RunningSystem) -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Answers)
    server.token = system.token("signed-in", "viewer")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def test_a_program_signs_in_by_its_secret(system: RunningSystem, provider: Provider) -> None:
    settings = Settings(url=system.url, issuer=provider.url, client_id="nightly", client_secret="s")

    with Sextant.of(settings) as client:
        assert client.me().tenant_id == "signed-in"


def test_a_person_signs_in_by_a_code_on_another_device(provider: Provider) -> None:
    told: list[str] = []
    with httpx2.Client() as client:
        place = credentials.provider_of(client, Settings(url="http://127.0.0.1:1", issuer=provider.url))
        assert place is not None
        tokens = credentials.by_device(client, place, told.append)

    assert tokens.access_token == provider.token
    assert told == ["https://x and enter AB-12"]


def test_a_person_signs_in_by_a_browser_that_comes_back(
    system: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def browser(address: str) -> None:
        """What somebody does at the local system's page: says who they are, and is sent back."""
        place, _, query = address.partition("?")
        form = {name: values[0] for name, values in parse_qs(query).items()}
        with httpx2.Client(follow_redirects=True) as window:
            assert (
                window.post(place, data={**form, "tenant": "by-browser", "role": "viewer"}).status_code == 200
            )

    monkeypatch.setattr(webbrowser, "open", browser)
    with httpx2.Client() as client:
        place = credentials.provider_of(client, Settings(url=system.url))
        assert place is not None
        tokens = access._by_browser(client, place, Session(), opens=True)

    with Sextant(system.url, token=tokens.access_token) as sextant:
        assert sextant.me().tenant_id == "by-browser"


def test_nobody_signed_in_is_told_what_to_do(system: RunningSystem, provider: Provider) -> None:
    with (
        Sextant.of(Settings(url=system.url, issuer=provider.url)) as client,
        pytest.raises(ConfigurationError, match="sextant login"),
    ):
        client.me()


def test_a_profile_is_read_and_its_faults_are_named(home: Path) -> None:
    file = home / "sextant" / "profiles.ini"
    file.parent.mkdir()
    file.write_text("[nightly]\nurl = https://sextant.example.com\nclient_id = n\n")

    assert Loaded.load("nightly").url == "https://sextant.example.com"
    # A profile that is named goes before the environment, which fills in the rest.
    loaded = Loaded.load(
        "nightly", {"SEXTANT_PROFILES": str(file), "SEXTANT_URL": "http://x", "SEXTANT_TOKEN": "t"}
    )
    assert (loaded.url, loaded.token) == ("https://sextant.example.com", "t")
    with pytest.raises(ConfigurationError, match=r"no profile 'daily'.*there are: nightly"):
        Loaded.load("daily")
    file.write_text("[nightly]\nuri = https://sextant.example.com\n")
    with pytest.raises(ConfigurationError, match=r"\[nightly\] has no setting 'uri'"):
        Loaded.load("nightly")
