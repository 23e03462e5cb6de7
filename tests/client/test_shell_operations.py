"""Webhooks and the outbox from the shell, with a program of this machine that is told."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook as Verifier

from local.running import RunningSystem
from sextant_client.cli import exits
from tests.client.shell import SEXTANT, Shell
from tests.integration.webhooks.consumer import Consumer, Reply, consuming
from tests.waiting import until


@pytest.fixture(scope="module")
def shell(system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An operator."""
    made = Shell(system, tmp_path_factory.mktemp("home"))
    made.environment |= {"SEXTANT_ROLE": "admin", "SEXTANT_TENANT": f"shell-{uuid.uuid4().hex[:8]}"}
    return made


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with consuming() as serving:
        yield serving


def test_a_webhook_is_made_tested_paused_and_sent_again(shell: Shell, consumer: Consumer) -> None:
    made = shell.data("webhooks", "create", consumer.url, "-e", "run.failed", "--description", "pager")
    webhook = made["id"]
    assert made["secret"].startswith("whsec_")
    assert "pager" in shell.run("webhooks", "list").stdout

    # When it is tested
    tested = shell.data("webhooks", "test", webhook)
    # Then it says what came of it, and what was sent verifies
    assert (tested["state"], tested["status"]) == ("DELIVERED", 204)
    Verifier(made["secret"]).verify(consumer.received[0].body, dict(consumer.received[0].headers))
    assert webhook in shell.here("webhooks", "delivery", webhook, tested["id"]).stdout

    # A test that fails fails
    consumer.behave = lambda _: Reply(status=500)
    failed = shell.here("webhooks", "test", webhook)
    assert failed.returncode == exits.OTHER
    assert "the endpoint answered 500" in failed.stderr

    # And what it missed is sent again
    assert shell.data("webhooks", "disable", webhook)["state"] == "DISABLED"
    assert shell.data("webhooks", "resume", webhook)["state"] == "ENABLED"
    assert (
        "1 deliveries would be sent again"
        in shell.here("webhooks", "resend", webhook, "--since", "1h").stdout
    )
    consumer.behave = lambda _: Reply()
    shell.data("webhooks", "resend", webhook, "--since", "1h", "--yes")
    until(lambda: len(shell.data("webhooks", "deliveries", webhook, "--state", "DELIVERED")) == 2)
    assert shell.here("webhooks", "resend", webhook).returncode == exits.OTHER

    rotated = shell.data("webhooks", "rotate", webhook)
    assert rotated["secret"] != made["secret"]
    assert shell.data("webhooks", "pause", webhook)["state"] == "PAUSED"
    assert shell.here("webhooks", "delete", webhook).returncode == exits.OK
    assert shell.here("webhooks", "show", webhook).returncode == exits.NOT_FOUND


def test_a_public_key_is_shown_again(shell: Shell) -> None:
    made = shell.data("webhooks", "create", "http://127.0.0.1:1999/", "--ed25519")

    assert made.get("secret") is None
    assert made["public_key"] in shell.here("webhooks", "show", made["id"]).stdout
    shell.here("webhooks", "delete", made["id"])


def test_what_is_elsewhere_is_not_forwarded_to(shell: Shell) -> None:
    refused = shell.here("webhooks", "listen", "https://example.com/")

    assert refused.returncode == exits.OTHER
    assert "not on this machine" in refused.stderr


def test_events_are_forwarded_to_this_machine_and_nothing_is_left(shell: Shell, consumer: Consumer) -> None:
    name = f"told {uuid.uuid4().hex[:6]}"
    shell.data("scenario", "create", name, "-p", "start_year=2030", "-p", "end_year=2030")
    # Who listens is at a terminal, and somebody else asks for a run
    asking = 'until $0 webhooks list | grep -q PAUSED; do :; done; exec $0 run "$1"'
    ask = subprocess.Popen(
        ["sh", "-c", asking, SEXTANT, name], env=shell.environment, stdout=subprocess.DEVNULL
    )
    status, shown = shell.at_a_terminal(
        "webhook", "listen", consumer.url, "-e", "run.succeeded", "--count", "1", "--every", "0.2"
    )
    ask.wait()

    assert status == exits.OK, shown
    (received,) = consumer.received
    secret = shown.partition("verifies: ")[2].split()[0]
    told = Verifier(secret).verify(received.body, dict(received.headers))
    assert f"run.succeeded  {told['id']}  204" in shown
    assert shell.data("webhooks", "list") == []


def test_the_outbox_is_watched_and_its_quotas_changed(shell: Shell) -> None:
    tenant = shell.environment["SEXTANT_TENANT"]
    assert f"{tenant} " in shell.here("outbox", "summary").stdout
    assert shell.here("outbox", "check", "--max-pending", "100000").returncode == exits.OK
    beyond = shell.here("outbox", "check", "--max-age", "-1")
    assert (beyond.returncode, "oldest_seconds is" in beyond.stderr) == (exits.OTHER, True)

    adjusted = shell.data("outbox", "adjust", "--max-events", "500", "--reason", "a test")
    assert (adjusted["max_events"], adjusted["overridden"]) == (500, ["max_events"])
    assert "500" in shell.here("outbox", "quotas").stdout

    (event, *_) = shell.data("outbox", "list", "--after", "1h", "--limit", "1")
    assert shell.data("outbox", "show", event["id"])["event"]["id"] == event["id"]
    counted = shell.data("outbox", "replay", "--status", "SENT", "--after", "1h", "--reason", "a test")
    assert counted["preview"] is True
    assert shell.here("outbox", "list", "--after", "yesterday").returncode == exits.REFUSED
