"""IAM tokens as database passwords.

A token is a presigned request of Signature Version 4 for the action `rds-db:connect`; signing happens
here, without a call to AWS. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

# A token opens connections for 15 minutes; an open connection outlives it.
_VALID_SECONDS = 900

_FETCH_SECONDS = 2.0
_RENEW_BEFORE = timedelta(minutes=5)


def token_source(
    url: str,
    env: Mapping[str, str],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Callable[[], str]:
    """A function that signs a fresh token for the host, port and user of `url`.

    The credentials are those the Lambda runtime puts into the environment or, for a function that starts
    from a snapshot, hands out at the address it names there. Loading boto3 to sign would cost a cold start
    ten times what opening the connection does; a test holds this against botocore.
    """
    target = conninfo_to_dict(url)
    host, port, user = (str(target[part]) for part in ("host", "port", "user"))
    fetched: _Fetched | None = None

    def token() -> str:
        nonlocal fetched
        now = clock()
        if "AWS_ACCESS_KEY_ID" in env:
            held: Mapping[str, str] = env
        else:
            if fetched is None or fetched.expires <= now:
                fetched = _fetch(env)
            held = fetched.credentials
        return _sign(f"{host}:{port}", user, env["AWS_REGION"], held, now)

    return token


@dataclass(frozen=True)
class _Fetched:
    """Credentials by the names the environment has for them, and until when they are to be used."""

    credentials: Mapping[str, str]
    expires: datetime


def _fetch(env: Mapping[str, str]) -> _Fetched:
    """Ask the container credentials provider, as SDKs do where the environment holds no keys.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    """
    import urllib.request  # where IAM is not used, a cold start does without it

    request = urllib.request.Request(  # noqa: S310 - the runtime's own address
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={"Authorization": env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")},
    )
    with urllib.request.urlopen(request, timeout=_FETCH_SECONDS) as answer:  # noqa: S310
        credentials = json.load(answer)
    return _Fetched(
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["Token"],
        },
        datetime.fromisoformat(credentials["Expiration"]) - _RENEW_BEFORE,
    )


def _sign(endpoint: str, user: str, region: str, env: Mapping[str, str], now: datetime) -> str:
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/rds-db/aws4_request"
    query = {
        "Action": "connect",
        "DBUser": user,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{env['AWS_ACCESS_KEY_ID']}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(_VALID_SECONDS),
        "X-Amz-SignedHeaders": "host",
    }
    if session_token := env.get("AWS_SESSION_TOKEN"):
        query["X-Amz-Security-Token"] = session_token
    encoded = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
    empty_body = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{encoded}\nhost:{endpoint}\n\nhost\n{empty_body}"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{env['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{endpoint}/?{encoded}&X-Amz-Signature={signature}"
