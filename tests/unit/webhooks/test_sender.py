"""The sender against servers that behave badly, by real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.addresses import target_of
from functions.webhook_sender import connection, handler
from functions.webhook_sender.connection import Connection, SendError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok"


@contextmanager
def serving(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port at which each connection is handed to `talk`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(accepted,), daemon=True).start()

    def answer(accepted: socket.socket) -> None:
        with accepted:
            try:
                talk(accepted)
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def sent(port: int, count: int = 1, *, ordered: bool = False) -> list[dict[str, Any]]:
    requests = [{"headers": {"webhook-id": str(number)}, "body": "{}"} for number in range(count)]
    return handler.send(f"http://127.0.0.1:{port}/", requests, ordered=ordered)


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "_LOCAL", True)
    monkeypatch.setattr(connection, "ANSWER_WITHIN", 0.4)


def each(answer: bytes) -> Callable[[socket.socket], None]:
    def talk(accepted: socket.socket) -> None:
        while accepted.recv(65536):
            accepted.sendall(answer)

    return talk


def once(accepted: socket.socket) -> None:
    """Answer one request, and close."""
    accepted.recv(65536)
    accepted.sendall(OK)


def hang(accepted: socket.socket) -> None:
    accepted.recv(65536)
    threading.Event().wait(5)


def test_a_batch_goes_over_one_connection() -> None:
    connections: list[int] = []

    def talk(accepted: socket.socket) -> None:
        connections.append(accepted.getpeername()[1])
        each(OK)(accepted)

    with serving(talk) as port:
        answers = sent(port, 5)

    assert [(one["status"], one["body"], one["head"]["x-a"]) for one in answers] == [(200, "ok", "b")] * 5
    assert len(connections) == 1
    assert answers[0]["timing"].keys() == {"resolved", "connected", "first_byte", "whole"}


def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    with serving(once) as port:
        assert [one["status"] for one in sent(port, 3)] == [200, 200, 200]


def test_who_hangs_is_left_in_time_and_asked_nothing_more() -> None:
    began = time.monotonic()
    with serving(hang) as port:
        first, second = sent(port, 2)

    assert time.monotonic() - began < 2
    assert first["error"].startswith("timeout:")
    assert not second["sent"]


def test_who_drips_bytes_is_left_in_time() -> None:
    def drip(accepted: socket.socket) -> None:
        accepted.recv(65536)
        for byte in OK * 10:
            accepted.sendall(bytes([byte]))
            threading.Event().wait(0.05)

    began = time.monotonic()
    with serving(drip) as port:
        (answer,) = sent(port)
    assert answer["error"].startswith("timeout:")
    assert time.monotonic() - began < 2


def test_an_answer_is_cut() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 200_000
    with serving(each(long)) as port:
        (answer,) = sent(port)
    assert (answer["status"], len(answer["body"])) == (200, connection.MOST_BYTES)


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"",
        b"HTTP/1.1 " + b"2" * 100_000,
    ],
    ids=["no HTTP", "cut off", "nothing", "endless line"],
)
def test_a_broken_answer_is_a_failure(answer: bytes) -> None:
    def talk(accepted: socket.socket) -> None:
        accepted.recv(65536)
        accepted.sendall(answer)

    with serving(talk) as port:
        (one,) = sent(port)
    assert one["sent"]
    assert one["status"] != 200 or one["body"] == "ab"


@pytest.mark.parametrize(("status", "asked"), [(500, 3), (429, 1), (503, 1), (410, 1)])
def test_who_asks_to_be_left_alone_is(status: int, asked: int) -> None:
    with serving(each(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)) as port:
        assert sum(one["sent"] for one in sent(port, 3)) == asked


def test_in_order_means_up_to_the_first_failure() -> None:
    with serving(each(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")) as port:
        assert [one["sent"] for one in sent(port, 3, ordered=True)] == [True, False, False]


def test_a_name_that_is_rebound_leads_to_the_judged_address() -> None:
    """It is resolved once for all of a batch, and what was resolved is what is connected to."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with serving(once) as port:
        target = target_of(f"http://localhost:{port}/", local=True)
        with Connection(target, resolve, local=True) as connected:
            assert [connected.post({}, b"{}").status for _ in range(3)] == [200] * 3
    assert asked == ["localhost"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
        "https://127.0.0.1:9001/",
        "https://[::1]/",
        "https://localhost/",
    ],
)
def test_elsewhere_loopback_is_refused_before_anything_is_sent(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "_LOCAL", False)
    first, second = handler.send(url, [{"headers": {}, "body": ""}] * 2, ordered=False)
    assert first["error"].startswith("refused:")
    assert not second["sent"]


def test_the_runtime_api_is_no_endpoint_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(each(OK)) as port:
        monkeypatch.setattr(handler, "_RUNTIME_API", f"127.0.0.1:{port}")
        (answer,) = sent(port)
    assert answer["error"].startswith("refused:")


def test_a_header_with_a_line_break_is_not_sent() -> None:
    with (
        serving(each(OK)) as port,
        Connection(
            target_of(f"http://127.0.0.1:{port}/", local=True), lambda *_: ["127.0.0.1"], local=True
        ) as connected,
        pytest.raises(SendError, match="line break"),
    ):
        connected.post({"x": "a\r\nb: c"}, b"")


def test_tls_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without TLS, or with a certificate nobody vouches for, is no endpoint."""
    with serving(each(OK)) as port:
        (answer,) = handler.send(f"https://localhost:{port}/", [{"headers": {}, "body": ""}], ordered=False)
    assert answer["error"].startswith("tls:")
