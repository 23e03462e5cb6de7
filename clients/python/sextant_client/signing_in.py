"""What signing in by OpenID Connect needs, without the requests: for both faces."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sextant_client.problems import ConfigurationError

# A token is renewed so many seconds before it ends.
_BEFORE_END = 30.0
LOCAL_ISSUER = "https://sextant.local"
"""The identity provider of the local system, which believes everybody."""


@dataclass(frozen=True)
class Provider:
    """An identity provider, and the client that people or programs are there."""

    issuer: str
    client_id: str
    scope: str
    token_endpoint: str
    authorization_endpoint: str = ""
    device_authorization_endpoint: str = ""


@dataclass(frozen=True)
class Tokens:
    """What a provider gave: the access token, when it ends (seconds since 1970), and what renews it."""

    access_token: str
    expires_at: float
    refresh_token: str = ""

    @property
    def holds(self) -> bool:
        """Whether the access token may still be used for a while."""
        return time.time() < self.expires_at - _BEFORE_END

    @classmethod
    def of(cls, grant: Mapping[str, Any], before: Tokens | None = None) -> Tokens:
        """The tokens of a provider's answer; one that gives no new refresh token means the old one to be kept."""
        return cls(
            str(grant["access_token"]),
            time.time() + float(grant.get("expires_in", 300)),
            str(grant.get("refresh_token") or (before.refresh_token if before else "")),
        )


@dataclass(frozen=True)
class Proof:
    """A secret of one sign-in and its challenge (PKCE, RFC 7636)."""

    verifier: str
    challenge: str

    @classmethod
    def new(cls) -> Proof:
        import base64
        import hashlib
        import secrets

        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        return cls(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def is_this_machine(url: str) -> bool:
    """Whether a URL is of the loopback interface."""
    import ipaddress

    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_tokens(path: Path) -> Tokens | None:
    """The tokens that were kept; None where there are none."""
    try:
        return Tokens(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def keep_tokens(path: Path, tokens: Tokens) -> None:
    """Keep tokens, for their owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half_written = path.with_suffix(".new")
    half_written.touch(mode=0o600)
    half_written.write_text(json.dumps(asdict(tokens)))
    half_written.replace(path)


def refusal(answer: Mapping[str, Any]) -> ConfigurationError:
    """What an identity provider refused, in its words."""
    why = answer.get("error_description") or answer.get("error") or "no reason was given"
    return ConfigurationError(f"the identity provider refused: {why}")
