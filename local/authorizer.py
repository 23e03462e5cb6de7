"""The JWT authorizer of an HTTP API: signature, issuer, audience and times of a bearer token.

What a function is told of a token follows what API Gateway was measured to send: every claim is text, a
list is `[a b]`, null is left out, and only nested objects are JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

_ALGORITHMS = ("RS256", "RS384", "RS512")


class UnauthorizedError(Exception):
    """The request is refused with 401; the text is the value of its `www-authenticate` header."""


@dataclass(frozen=True)
class JwtAuthorizer:
    """Accepts the tokens of one issuer for one audience, signed by a key of its JSON Web Key Set."""

    issuer: str
    audience: str
    keys: Mapping[str, jwt.PyJWK]

    @classmethod
    def from_jwks(cls, path: Path, *, issuer: str, audience: str) -> JwtAuthorizer:
        keys = jwt.PyJWKSet.from_dict(json.loads(path.read_text())).keys
        return cls(issuer, audience, {key.key_id: key for key in keys if key.key_id})

    def authorize(self, authorization: str | None) -> dict[str, Any]:
        """`requestContext.authorizer` for the value of an Authorization header. Raises UnauthorizedError."""
        if not authorization:
            raise UnauthorizedError("Bearer")
        scheme, _, rest = authorization.partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
        claims = self._verified(token)
        return {"jwt": {"claims": rendered(claims), "scopes": None}}

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                raise UnauthorizedError(_invalid("signing method is invalid"))
            key = self.keys.get(str(header.get("kid")))
            if key is None:
                raise UnauthorizedError(_invalid("unable to find a signing key that matches"))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                issuer=self.issuer,
                options={"require": ["exp"], "verify_aud": False, "verify_sub": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise UnauthorizedError(_invalid("the token has expired")) from error
        except jwt.ImmatureSignatureError as error:
            raise UnauthorizedError(_invalid("the token is not valid yet")) from error
        except jwt.InvalidIssuerError as error:
            raise UnauthorizedError(_invalid("the token does not have a valid issuer")) from error
        except jwt.InvalidTokenError as error:
            raise UnauthorizedError(_invalid("the token is malformed or its signature is invalid")) from error
        # `client_id` stands in only where there is no `aud`: Cognito's access tokens have none.
        audience = claims.get("aud", claims.get("client_id"))
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise UnauthorizedError(_invalid("the token does not have a valid audience"))
        return claims


def _invalid(description: str) -> str:
    return f'Bearer scope="" error="invalid_token" error_description="{description}"'


def rendered(claims: Mapping[str, Any]) -> dict[str, str]:
    """The claims as text."""
    return {name: _text(value) for name, value in claims.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(item) for item in value)}]"
    return json.dumps(value, separators=(",", ":"))
