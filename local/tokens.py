"""Bearer tokens for the local system, signed by a key that never leaves the state directory."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ISSUER = "https://sextant.local"
AUDIENCE = "sextant"
ROLES = ("viewer", "analyst", "operator", "admin", "super_admin")
_KEY_ID = "local"
_LIFETIME = 12 * 3600


def ensure_key(home: Path) -> Path:
    """Makes the signing key and the key set once; returns the key set's path."""
    key_file, key_set = home / "signing-key.pem", home / "jwks.json"
    if not (key_file.exists() and key_set.exists()):
        home.mkdir(parents=True, exist_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_file.touch(mode=0o600)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        key_set.write_text(json.dumps({"keys": [{**public, "kid": _KEY_ID, "alg": "RS256", "use": "sig"}]}))
    return key_set


def issue(home: Path, *, tenant: str, roles: list[str], subject: str = "", lifetime: int = _LIFETIME) -> str:
    """A token for a user of `tenant` with `roles`, valid for `lifetime` seconds."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject or f"{roles[0] if roles else 'user'}@{tenant}",
        "tenant_id": tenant,
        "roles": roles,
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
    }
    return sign(home, claims)


def sign(home: Path, claims: Mapping[str, Any]) -> str:
    """A token of these claims, signed by the key in `home`."""
    ensure_key(home)
    key = _private_key((home / "signing-key.pem").read_bytes())
    return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": _KEY_ID})


@lru_cache(maxsize=1)
def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """The key, read once: that takes ten times as long as a signature."""
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
