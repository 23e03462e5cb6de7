"""Names whose address changes from one question to the next, asked of a real resolver: the sender reaches none that it refuses."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler
from multiprocessing import get_context
from pathlib import Path

import pytest

from functions.webhook_sender import handler as sender
from tests import own_network

BATCHES = 60


class _Consumer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.mark.skipif(not own_network.may_be_made(), reason="only root makes a network of its own")
def test_whatever_a_name_leads_to_only_public_addresses_are_reached(tmp_path: Path) -> None:
    # The network is the child's, and goes with it.
    with ProcessPoolExecutor(1, get_context("spawn")) as child:
        errors, reached, private_answers = child.submit(_sent, tmp_path).result(60)

    assert reached == []
    assert private_answers > BATCHES / 10
    kinds = {None if error is None else error.partition(":")[0] for error in errors}
    assert kinds == {None, "refused"}, kinds


def _sent(home: Path) -> tuple[list[str | None], list[str], int]:
    """What became of each batch, and where somebody was who must not be."""
    names = own_network.enter(home, _Consumer, random.Random(4711))
    names.changing = True
    url = f"https://hooks.{own_network.DOMAIN}:{own_network.PORT}/"
    requests = [{"headers": {"webhook-id": str(number)}, "body": "{}"} for number in range(2)]
    answers = [sender.send(url, requests, ordered=False) for _ in range(BATCHES)]
    return [batch[0]["error"] for batch in answers], names.reached, names.private_answers
