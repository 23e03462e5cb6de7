"""IAM tokens against botocore's own."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock

import boto3
import pytest

from sextant.storage.iam import token_source

MOMENT = datetime(2026, 11, 21, 12, 34, 56, tzinfo=UTC)
URL = "postgresql://sextant_app@proxy.example.eu-central-1.rds.amazonaws.com:5432/sextant?sslmode=verify-full"


@pytest.mark.parametrize("session_token", [None, "FwoGZXIvYXdzE//+a/b=="])
def test_a_token_is_what_botocore_would_sign(session_token: str | None) -> None:
    env = {
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    }
    client = boto3.client(
        "rds",
        region_name=env["AWS_REGION"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=session_token,
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=MOMENT.replace(tzinfo=None)):
        expected = client.generate_db_auth_token(
            DBHostname="proxy.example.eu-central-1.rds.amazonaws.com", Port=5432, DBUsername="sextant_app"
        )
    if session_token:
        env["AWS_SESSION_TOKEN"] = session_token
    token = token_source(URL, env, clock=lambda: MOMENT)()
    assert sorted(token.split("?")[1].split("&")) == sorted(expected.split("?")[1].split("&"))
    assert token.split("?")[0] == expected.split("?")[0]
