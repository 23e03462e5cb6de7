"""Where a webhook may go: which URLs are taken, and which addresses are never connected to.

The API asks when an endpoint is named, the sender again for the addresses that it then connects to. Standard library alone,
as the sender has nothing else.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

LONGEST_URL = 2000

# What is not the public internet, by IANA's registries of special purpose (RFC 6890) and multicast; clouds answer with the
# credentials of a machine at 169.254.169.254, fd00:ec2::254 and 100.100.100.200.
_REFUSED_4 = tuple(
    IPv4Network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
    )
)
# Of IPv6 only global unicast is public, and not all of that: what carries an IPv4 address leads to it.
_PUBLIC_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(
    IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

_HOST = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
)
_PLAIN = re.compile(r"[!-~]+")
_LEAST_PORT = 1024
_HTTPS = 443


class RefusedUrlError(ValueError):
    """The URL is not one that may be sent to; the message says why, after `url`."""


class RefusedAddressError(ValueError):
    """The host has an address that may not be connected to."""


class UnresolvedError(ValueError):
    """The host has no address."""


@dataclass(frozen=True)
class Target:
    """Where a request goes."""

    secure: bool
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """As the header `Host` has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_HTTPS if self.secure else 80) else f"{host}:{self.port}"


def target_of(url: str, *, local: bool) -> Target:
    """What a URL leads to; raises `RefusedUrlError`. `local`: http is taken too, whose host must then be this machine."""
    if len(url) > LONGEST_URL:
        raise RefusedUrlError(f"must have at most {LONGEST_URL} characters")
    if not _PLAIN.fullmatch(url) or "\\" in url:
        raise RefusedUrlError(
            "must be written in ASCII without spaces: other names in Punycode, other characters as %XX"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise RefusedUrlError("must be a URL such as https://example.com/hooks") from error
    if parts.scheme not in ("https", "http"):
        raise RefusedUrlError("must begin with https://")
    if "@" in parts.netloc:
        raise RefusedUrlError("must not have a name or password in it: a webhook is known by its signature")
    if "#" in url:
        raise RefusedUrlError("must not have a fragment")
    if ":" in host:
        _literal(host)
    elif not _HOST.fullmatch(host) or len(host) > 253:
        raise RefusedUrlError("must name a host, such as https://example.com/hooks")
    secure = parts.scheme == "https"
    if not secure and not local:
        raise RefusedUrlError("must begin with https://")
    if not secure and not _is_this_machine(host):
        raise RefusedUrlError(
            "may begin with http:// only for a host of this machine, such as http://127.0.0.1:8080/"
        )
    port = port if port is not None else (_HTTPS if secure else 80)
    if port < _LEAST_PORT and port != (_HTTPS if secure else 80):
        raise RefusedUrlError(f"must have port 443 or one from {_LEAST_PORT} up")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port, path)


def refuse_own(target: Target, own: Iterable[str]) -> None:
    """Raises `RefusedUrlError` where a target is one of our `own` hosts, each written as a header `Host` has it.

    A host with a name is ours at every port; this machine, at the local system, at that port alone, under whatever name.
    """
    for authority in own:
        try:
            parts = urlsplit(f"//{authority}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            continue
        if _is_this_machine(host):
            ours = _is_this_machine(target.host) and target.port == port
        else:
            ours = bool(host) and _canonical(target.host) == _canonical(host)
        if ours:
            raise RefusedUrlError("must not lead to this deployment of Sextant itself")


def addresses_of(target: Target, resolve: Resolve, *, local: bool) -> list[str]:
    """The addresses of the target's host, all of which may be connected to.

    Raises `RefusedAddressError` where one of them may not, and `UnresolvedError` where there is none. `local`: loopback may.
    """
    addresses = list(dict.fromkeys(resolve(target.host.rstrip("."), target.port)))
    if not addresses:
        raise UnresolvedError(f"{target.host} has no address")
    for text in addresses:
        if not is_allowed(text, local=local):
            raise RefusedAddressError(f"{target.host} leads to {text}, which is not on the public internet")
    return addresses


def is_allowed(text: str, *, local: bool) -> bool:
    """Whether an address may be connected to: one of the public internet, or where `local` one of this machine."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    if local and any(address in block for block in _LOOPBACK if block.version == address.version):
        return True
    if isinstance(address, IPv4Address):
        return not any(address in block for block in _REFUSED_4)
    return address in _PUBLIC_6 and not any(address in block for block in _REFUSED_6)


def resolved(host: str, port: int) -> list[str]:
    """The addresses that this machine's resolver gives; raises `UnresolvedError` where it gives none."""
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise UnresolvedError(f"{host} cannot be resolved: {error}") from error
    return [str(entry[4][0]) for entry in entries]


def _canonical(host: str) -> str:
    """One spelling of a name or an address."""
    try:
        return str(ip_address(host))
    except ValueError:
        return host.rstrip(".").lower()


def _literal(host: str) -> None:
    try:
        address = IPv6Address(host)
    except ValueError as error:
        raise RefusedUrlError("must name a host, such as https://example.com/hooks") from error
    if address.scope_id is not None:
        raise RefusedUrlError("must not name an interface of a machine")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in block for block in _LOOPBACK if block.version == address.version)
