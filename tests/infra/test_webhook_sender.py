"""What sends webhooks stands outside the network, with nothing of ours."""

from __future__ import annotations

from functions.declaration import WEBHOOK_SENDER
from tests.infra.conftest import Assembly, listed


def test_what_sends_webhooks_has_nothing_of_ours_within_reach(variant: Assembly) -> None:
    """Whatever address it is led to, there is nothing behind it: a role that only logs, no layer, no network, no name of anything."""
    sender = variant.function(WEBHOOK_SENDER.name)

    actions = {action for one in variant.statements_of(sender) for action in listed(one["Action"])}
    assert actions == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert not {"Layers", "VpcConfig", "FileSystemConfigs"} & sender.properties.keys()
    assert sender.properties.get("TracingConfig", {}).get("Mode") != "Active"
    assert sender.properties["Environment"]["Variables"].keys() == {"SEXTANT_STAGE"}
    assert sender.properties["Environment"]["Variables"]["SEXTANT_STAGE"] != "local"
