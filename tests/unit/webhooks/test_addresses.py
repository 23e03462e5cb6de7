"""Where a webhook may go. The table holds what an attacker would name: what leads elsewhere than to the public internet."""

from __future__ import annotations

import pytest

from functions.addresses import (
    RefusedAddressError,
    RefusedUrlError,
    Target,
    UnresolvedError,
    addresses_of,
    is_allowed,
    refuse_own,
    target_of,
)

# Each is refused at creation and at sending: as a URL, or for the address that it leads to.
REFUSED = (
    # this machine; at Lambda the Runtime API
    *("127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"),
    # in IPv6's clothes: mapped, compatible, translated, by 6to4 and Teredo
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::ffff:0:127.0.0.1"),
    # metadata of clouds
    *("169.254.169.254", "169.254.170.2", "169.254.169.123", "fd00:ec2::254", "100.100.100.200"),
    # Lambda's own link-local addresses
    *("169.254.76.1", "169.254.79.129", "169.254.100.5"),
    # private and shared
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"),
    *("100.64.0.1", "100.127.255.255", "fc00::1", "fd12:3456:789a::1", "fe80::1", "fec0::1"),
    # for tests, documentation and protocols
    *("192.0.0.1", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
    *(
        "192.88.99.1",
        "192.31.196.1",
        "192.175.48.1",
        "2001:db8::1",
        "3fff::1",
        "2001:2::1",
        "2001:20::1",
        "100::1",
    ),
    # to many, and to nobody
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1", "5f00::1"),
)
PUBLIC = (
    "8.8.8.8",
    "93.184.215.14",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450:4001::65",
)


def test_the_table_is_long() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize("address", REFUSED)
def test_no_host_may_lead_there(address: str) -> None:
    target = target_of("https://hooks.example.com/", local=False)

    with pytest.raises(RefusedAddressError, match="not on the public internet"):
        addresses_of(target, lambda *_: [address], local=False)
    # One public address beside it makes it no better.
    with pytest.raises(RefusedAddressError):
        addresses_of(target, lambda *_: ["8.8.8.8", address], local=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_may_be_told(address: str) -> None:
    assert is_allowed(address, local=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_loopback_is_for_the_local_system_alone(address: str) -> None:
    assert is_allowed(address, local=True)
    assert not is_allowed(address, local=False)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1%eth0", "nonsense", ""]
)
def test_the_local_system_takes_nothing_else(address: str) -> None:
    assert not is_allowed(address, local=True)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("file:///etc/passwd", "https"),
        ("//example.com/", "https"),
        ("example.com/hooks", "https"),
        ("https://user:secret@example.com/", "password"),
        ("https://user@example.com/", "password"),
        ("https://@example.com/", "password"),
        ("https://example.com/#part", "fragment"),
        ("https:///hooks", "host"),
        ("https://exa mple.com/", "ASCII"),
        ("https://exämple.com/", "ASCII"),
        ("https://example.com\\@127.0.0.1/", "ASCII"),
        ("https://example.com/\r\nHost: other", "ASCII"),
        ("https://-example.com/", "host"),
        ("https://exam|ple.com/", "host"),
        ("https://[::1/", "URL"),
        ("https://[fe80::1%25eth0]/", "host|interface"),
        ("https://example.com:22/", "port"),
        ("https://example.com:99999/", "URL"),
        ("https://example.com/" + "x" * 2000, "2000"),
    ],
)
def test_no_such_url_is_taken(url: str, reason: str) -> None:
    with pytest.raises(RefusedUrlError, match=reason):
        target_of(url, local=False)


@pytest.mark.parametrize(
    "url", ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com:8080/"]
)
def test_the_local_system_takes_http_only_for_this_machine(url: str) -> None:
    with pytest.raises(RefusedUrlError, match="this machine"):
        target_of(url, local=True)


def test_what_is_taken_is_read_as_it_is_connected_to() -> None:
    assert target_of("https://Example.com/a?b=c", local=False) == Target(True, "example.com", 443, "/a?b=c")
    assert target_of("https://example.com:8443", local=False).authority == "example.com:8443"
    assert target_of("https://[2606:4700::1111]/", local=False).authority == "[2606:4700::1111]"
    assert target_of("http://127.0.0.1:8080/x", local=True) == Target(False, "127.0.0.1", 8080, "/x")


OURS = (
    "api.example.com",
    "Console.example.com.",
    "d111abcdef8.cloudfront.net",
    "[2606:4700::1]",
    "127.0.0.1:8080",
)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1/webhooks",
        "https://API.EXAMPLE.COM./",
        "https://api.example.com:8443/",
        "https://console.example.com/console/",
        "https://d111abcdef8.cloudfront.net/v1/scenarios",
        "https://[2606:4700::1]/",
        "https://[2606:4700:0:0:0:0:0:1]/",
        "http://127.0.0.1:8080/v1/scenarios",
        "http://localhost:8080/",
        "http://[::1]:8080/",
        "http://127.0.0.2:8080/",
    ],
)
def test_this_deployment_is_not_told_under_any_of_its_names(url: str) -> None:
    with pytest.raises(RefusedUrlError, match="Sextant itself"):
        refuse_own(target_of(url, local=True), OURS)


@pytest.mark.parametrize(
    "url", ["https://example.com/", "https://hooks.api.example.com/", "http://127.0.0.1:8081/"]
)
def test_neighbours_of_this_deployment_are(url: str) -> None:
    refuse_own(target_of(url, local=True), (*OURS, "", "[broken", "host:port"))


def test_a_host_without_an_address_is_told_apart() -> None:
    with pytest.raises(UnresolvedError):
        addresses_of(target_of("https://example.com/", local=False), lambda *_: [], local=False)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
def test_other_spellings_of_loopback_are_judged_by_what_they_lead_to(host: str) -> None:
    from functions.addresses import resolved

    with pytest.raises((RefusedAddressError, UnresolvedError)):
        addresses_of(target_of(f"https://{host}/", local=False), resolved, local=False)
