"""Links to objects that are encrypted with a key of ours, in whatever region."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from sextant.lake.objects.store import s3_store


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1"])
def test_links_are_signed_as_s3_demands_it_of_encrypted_objects(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    s3_store.cache_clear()
    store = s3_store(region)
    s3_store.cache_clear()
    download = store.presigned_url("s3://bucket/a", expires_in=timedelta(hours=1), filename="a.csv")
    upload = store.presigned_upload("s3://bucket/b", minutes=5)
    for url, seconds in ((download, "3600"), (upload, "300")):
        signed = parse_qs(urlsplit(url).query)
        assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert signed["X-Amz-Expires"] == [seconds]
        assert f"/{region}/s3/" in signed["X-Amz-Credential"][0]
