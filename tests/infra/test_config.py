"""Stage settings: typed, merged group by group, refused with the name of the field."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.config import Aurora, GivenIssuer
from infra.stages import ConfigurationError, load, parse_settings

GIVEN = {
    "kind": "given",
    "app_url": "postgresql://a",
    "platform_url": "postgresql://b",
    "admin_url": "postgresql://c",
}


def test_each_stage_stands_on_its_own_defaults() -> None:
    assert not load("dev").protect
    assert load("prod").protect
    assert load("local", {"database": GIVEN}).network is None


def test_later_overrides_win_and_leave_their_neighbours_alone() -> None:
    config = load("dev", {"database": {"max_capacity": 8}}, {"database": {"max_capacity": 12}})

    assert isinstance(config.database, Aurora)
    assert (config.database.max_capacity, config.database.min_capacity) == (12, 0.5)


def test_a_group_of_another_kind_replaces_the_whole_group() -> None:
    issuer = {"kind": "issuer", "issuer": "https://login.example", "audience": ["sextant"]}

    config = load("dev", {"identity": {"mfa": "required"}}, {"identity": issuer})

    assert config.identity == GivenIssuer(issuer="https://login.example", audience=("sextant",))


KAFKA = {
    "kind": "msk",
    "cluster_arn": "arn:aws:kafka:eu-central-1:111111111111:cluster/a/b",
    "bootstrap_servers": "b:9098",
    "security_group_id": "sg-0123456789abcdef0",
}
NETWORK = {
    "kind": "given",
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}


@pytest.mark.parametrize(
    ("stage", "settings", "said"),
    [
        ("dev", {"databse": {}}, "databse: there is no such setting"),
        ("dev", {"stage": "prod"}, "the stage is chosen by the context value 'stage', not by a setting"),
        ("dev", {"api": {"requests_per_second": 0}}, "api.requests_per_second: should be greater"),
        (
            "dev",
            {"database": {"min_capacity": 0}},
            "database.min_capacity: should be greater than or equal to 0.5",
        ),
        ("dev", {"database": {"min_capacity": 8}}, "database: min_capacity cannot exceed max_capacity"),
        (
            "dev",
            {"network": {"endpoint_zones": 3}},
            "network: endpoint_zones cannot exceed availability_zones",
        ),
        (
            "dev",
            {"network": {"zones": ["eu-central-1a"]}},
            "network: zones must name availability_zones (2) different ones, and names 1",
        ),
        ("dev", {"network": {"cidr": "10.0.0.0/8"}}, "network.cidr: should match pattern"),
        (
            "dev",
            {"network": {**NETWORK, "availability_zones": ["a", "b", "c"]}},
            "one zone for each of subnet_ids",
        ),
        ("dev", {"network": NETWORK}, "network.availability_zones: must be given"),
        ("dev", {"network": None}, "Aurora needs a network"),
        ("dev", {"database": GIVEN}, "a given database is for the stage 'local'"),
        ("dev", {"bus": {"kind": "kafka"}}, "bus: kind must be one of 'sqs', 'msk-serverless', 'msk'"),
        ("dev", {"bus": KAFKA}, "set network.kind to 'given'"),
        ("dev", {"bus": {"kind": "msk-serverless", "minimum_pollers": 3}}, "minimum_pollers cannot exceed"),
        ("prod", {"protect": False}, "prod must protect its data"),
        ("prod", {"functions": {"provisioned": {"api": 2}}}, "not both: ['api']"),
        (
            "dev",
            {"functions": {"snapstart": ["apii"]}},
            "functions: snapstart names no function of ours: apii",
        ),
        (
            "dev",
            {"functions": {"environment": {"SEXTANT_STAGE": "local"}}},
            "environment cannot set SEXTANT_STAGE",
        ),
        (
            "dev",
            {"functions": {"snapstart": ["committer"]}},
            "snapstart is for api and baselines-api and changes-api and outputs-api: the others",
        ),
        ("dev", {"functions": {"log_days": 2}}, "functions.log_days: should be 1, 3, 5"),
        ("dev", {"alarms": {"emails": ["nobody"]}}, "alarms.emails.0: should match"),
        ("dev", {"escalation": {"urls": ["http://x"]}}, "escalation.urls.0: should match"),
        (
            "dev",
            {"identity": {"kind": "issuer", "issuer": "http://x", "audience": ["y"]}},
            "identity.issuer:",
        ),
        (
            "dev",
            {"network": {"kind": "own", "cird": "x"}, "api": {"brust": 1}},
            "api.brust: there is no such",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_rule(stage: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(stage, settings)

    assert said in str(refused.value)
    assert "pydantic" not in str(refused.value)


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown stage 'test': one of local, dev, prod"):
        load("test")


def test_whoever_deploys_reads_lines_and_no_traceback(tmp_path: Path) -> None:
    context = {"stage": "dev", "settings": json.dumps({"database": {"max_capcity": 8}})}

    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-3:] == [
        "the settings of stage 'dev' do not hold:",
        "  database.max_capcity: there is no such setting",
        "Every setting is explained in docs/deploy.md.",
    ]


def test_a_layer_of_models_is_a_folder_with_one_or_an_arn(tmp_path: Path, model_layer: Path) -> None:
    arn = "arn:aws:lambda:eu-central-1:111111111111:layer:our-models:7"
    assert load("dev", {"functions": {"models": [str(model_layer), arn]}}).functions.models == (
        str(model_layer),
        arn,
    )
    (tmp_path / "python").mkdir()
    with pytest.raises(ConfigurationError, match=r"functions.models: .*is no layer of models"):
        load("dev", {"functions": {"models": [str(tmp_path)]}})


def test_passwords_do_not_show() -> None:
    config = load("local", {"database": {**GIVEN, "app_url": "postgresql://app:geheim@db/x"}})

    assert "geheim" not in repr(config)
    with pytest.raises(ConfigurationError) as refused:
        load("local", {"database": {"kind": "given", "app_url": "postgresql://app:geheim@db/x"}})
    assert "geheim" not in str(refused.value)


def test_settings_on_the_command_line_are_a_json_object() -> None:
    assert parse_settings(None) == {}
    assert parse_settings('{"protect": true}') == {"protect": True}
    with pytest.raises(ConfigurationError, match="JSON object"):
        parse_settings("[1]")
    with pytest.raises(ConfigurationError, match="not JSON: Expecting"):
        parse_settings("{protect: true}")


def test_the_guide_explains_every_setting() -> None:
    from tools.docs.deployment_settings import PAGE, settings_table
    from tools.docs.marks import read

    table = read(PAGE.read_text(), "settings")

    assert table.splitlines() == settings_table().splitlines(), "run `python -m tools.docs`"
