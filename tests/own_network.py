"""A network of a process's own, in which names change their addresses: Linux' namespaces, which only root may make.

Inside it nothing but loopback exists, which has addresses of the public internet and private ones; the machine's resolver asks a DNS server
of the test, and TLS trusts the test's authority. So what is under test resolves, judges and connects as anywhere, and nothing leaves
the machine.
"""

from __future__ import annotations

import ctypes
import os
import random
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from tests.tls import certificate

DOMAIN = "rebinding.test"
PORT = 8443
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
"""Where the endpoints are."""
METADATA = "169.254.169.254"
PRIVATE = (METADATA, "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.100.100.200", "fd00:ec2::254", "fe80::1")
"""Where something listens that nobody may reach."""
_OTHER_WAYS = ("0.0.0.0", "::", f"::ffff:{METADATA}", f"64:ff9b::{METADATA}")
"""Addresses that lead there by another spelling, or would beyond a translator."""
_NEWNS, _NEWNET = 0x00020000, 0x40000000
_A, _AAAA = 1, 28


def may_be_made() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/proc/self/ns/net").exists()


@dataclass
class Rebinding:
    """A DNS server whose answers change from one question to the next, and what listens where they must not lead."""

    random: random.Random
    changing: bool = False
    """Whether names lead to addresses that are refused, too."""
    private_answers: int = 0
    reached: list[str] = field(default_factory=list)
    """The private addresses that somebody connected to."""

    def addresses(self, family: int) -> list[str]:
        """What the next question of a family is answered with: a public address, a private one, or both."""
        public, *_ = [each for each in PUBLIC if ip_address(each).version == family]
        if not self.changing or self.random.random() < 0.6:
            return [public]
        self.private_answers += 1
        others = [each for each in (*PRIVATE, *_OTHER_WAYS) if ip_address(each).version == family]
        private = self.random.choice(others)
        return self.random.sample([public, private], 2) if self.random.random() < 0.5 else [private]


def enter(home: Path, handler: type[BaseHTTPRequestHandler], draw: random.Random) -> Rebinding:
    """Bring this process into the network, before it starts another, and serve `handler` at `PUBLIC`.

    Every name under `DOMAIN` is one of those that change.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWNS | _NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no namespaces")
    authority, resolver = home / "authority.pem", home / "resolv.conf"
    chain = certificate(home, authority, f"*.{DOMAIN}")
    resolver.write_text("nameserver 127.0.0.53\n")
    _run("mount", "--make-rprivate", "/")
    _run("mount", "--bind", str(resolver), "/etc/resolv.conf")
    _run("mount", "--bind", str(authority), str(ssl.get_default_verify_paths().cafile))
    _run("ip", "link", "set", "lo", "up")
    for address in (*PUBLIC, *PRIVATE):
        length = 128 if ":" in address else 32
        _run(
            "ip", "address", "add", f"{address}/{length}", "dev", "lo", *(["nodad"] if length == 128 else [])
        )

    rebinding = Rebinding(draw)
    threading.Thread(target=_resolve, args=(_bound(), rebinding), daemon=True).start()
    for address in ("127.0.0.1", "::1", *PRIVATE):
        threading.Thread(target=_watch, args=(address, rebinding), daemon=True).start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    for address in PUBLIC:
        server = _Server((address, PORT), handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return rebinding


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)


def _bound() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.53", 53))
    return server


def _resolve(server: socket.socket, rebinding: Rebinding) -> None:
    """RFC 1035, as much of it as a question for addresses needs; nothing may be remembered."""
    while True:
        question, client = server.recvfrom(512)
        with suppress(ValueError, IndexError, struct.error):
            server.sendto(_answer(question, rebinding), client)


def _answer(question: bytes, rebinding: Rebinding) -> bytes:
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode("ascii").lower())
        at += 1 + length
    (kind,) = struct.unpack_from("!H", question, at + 1)
    ours = ".".join(labels).endswith(f".{DOMAIN}")
    family = {_A: 4, _AAAA: 6}.get(kind)
    addresses = rebinding.addresses(family) if ours and family else []
    records = b"".join(
        struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed
        for packed in (ip_address(address).packed for address in addresses)
    )
    flags = 0x8580 if ours else 0x8583  # NXDOMAIN
    head = struct.pack("!2sHHHHH", question[:2], flags, 1, len(addresses), 0, 0)
    return head + question[12 : at + 5] + records


def _watch(address: str, rebinding: Rebinding) -> None:
    """Note who connects where nobody may, by any spelling of the address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        scope = (0, socket.if_nametoindex("lo")) if address.startswith("fe80") else ()
        listener.bind((address, PORT, *scope))
        listener.listen()
        while True:
            accepted, _ = listener.accept()
            rebinding.reached.append(address)
            accepted.close()


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
