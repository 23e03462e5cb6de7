"""The templates, synthesized once a session, and how the tests ask them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.synth import synthesize

KAFKA = {"bus": {"kind": "msk-serverless"}}
ZONES = {"network": {"zones": ["eu-central-1a", "eu-central-1c"]}}
ATHENA = {"exports": {"kind": "athena", "rows": 500_000, "scan_limit_gib": 25}}

LAYER = "arn:aws:lambda:eu-central-1:111111111111:layer:our-models:7"

# Whatever may be given by configuration, given.
GIVEN: Mapping[str, Any] = {
    "network": {
        "kind": "given",
        "vpc_id": "vpc-0123456789abcdef0",
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "availability_zones": ["eu-central-1a", "eu-central-1b"],
    },
    "bus": {
        "kind": "msk",
        "cluster_arn": "arn:aws:kafka:eu-central-1:111111111111:cluster/shared/0a-1",
        "bootstrap_servers": "b-1.example.test:9098,b-2.example.test:9098",
        "security_group_id": "sg-0123456789abcdef0",
    },
    "identity": {"kind": "issuer", "issuer": "https://login.example.test", "audience": ["sextant"]},
    "functions": {
        "log_level": "DEBUG",
        "environment": {"SEXTANT_AI_PROVIDER": "bedrock", "SEXTANT_AI_MODEL": "eu.amazon.nova-lite-v1:0"},
    },
    "api": {"cors_origins": ["https://console.example.test"]},
    "escalation": {"emails": ["duty@example.test"], "urls": ["https://pager.example.test/sns"]},
    "alarms": {"emails": ["ops@example.test"]},
    "database": {
        "restored": {"name": "after-friday", "source": "sextant-dev", "time": "2026-11-20T19:30:00+01:00"}
    },
}


@dataclass(frozen=True)
class Resource:
    """One resource of a template."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Assembly:
    """All templates of one stage."""

    folder: Path

    @property
    def templates(self) -> Mapping[str, Mapping[str, Any]]:
        """By stack: `Data`, `Service`, `Monitoring`."""
        return {
            path.name.removesuffix(".template.json")
            .removeprefix("Sextant")
            .removeprefix("Dev")
            .removeprefix("Prod"): (json.loads(path.read_text()))
            for path in sorted(self.folder.glob("*.template.json"))
        }

    def all(self, kind: str) -> list[Resource]:
        """Every resource of a type, over all stacks."""
        return [one for one in self.resources() if one.type == kind]

    def one(self, kind: str) -> Resource:
        found = self.all(kind)
        assert len(found) == 1, [one.logical_id for one in found]
        return found[0]

    def resources(self) -> Iterator[Resource]:
        for template in self.templates.values():
            for logical_id, body in template["Resources"].items():
                yield Resource(logical_id, body["Type"], body.get("Properties", {}), body)

    def function(self, name: str) -> Resource:
        """The function whose name ends so."""
        return next(
            one
            for one in self.all("AWS::Lambda::Function")
            if str(one.properties.get("FunctionName", "")).endswith(f"-{name}")
        )

    def statements_of(self, role: Resource | str) -> list[Mapping[str, Any]]:
        """Every statement of the policies attached to a role (its logical id, or its function)."""
        wanted = role if isinstance(role, str) else role.properties["Role"]["Fn::GetAtt"][0]
        return [
            statement
            for policy in self.all("AWS::IAM::Policy")
            if {"Ref": wanted} in policy.properties["Roles"]
            for statement in policy.properties["PolicyDocument"]["Statement"]
        ]


def listed(value: object) -> list[Any]:
    """A policy's `Action` or `Resource`, which may be one or many."""
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return _synthesized(tmp_path_factory, "dev", {})


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """prod, which protects its data, with Kafka as the bus and Athena for large exports."""
    return _synthesized(tmp_path_factory, "prod", {**KAFKA, **ATHENA, **ZONES})


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory, model_layer: Path) -> Assembly:
    """dev in a network, with a Kafka cluster and an issuer that exist already, and models of one's own."""
    functions = {**GIVEN["functions"], "models": [str(model_layer), LAYER]}
    return _synthesized(tmp_path_factory, "dev", {**GIVEN, "functions": functions})


@pytest.fixture(scope="session", params=["dev", "prod"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    """What must hold for every stage."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Assembly)
    return found


@pytest.fixture(scope="session", params=["dev", "prod", "given"])
def variant(request: pytest.FixtureRequest) -> Assembly:
    """What must hold whatever is configured: both stages, each bus, a network, an issuer and a restored database that are
    given, exports by Athena, browsers of other origins."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Assembly)
    return found


def _synthesized(factory: pytest.TempPathFactory, stage: str, settings: Mapping[str, Any]) -> Assembly:
    folder = factory.mktemp(f"cdk-{stage}")
    # The synthesis fails by itself on any finding of cdk-nag that is not acknowledged.
    synthesize(stage, folder, settings=json.dumps(settings))
    return Assembly(folder)
