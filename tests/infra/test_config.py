"""Stage settings: typed, merged group by group, refused with the name of the field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from infra.config import Aurora, GivenIssuer, load, parse_settings

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


@pytest.mark.parametrize(
    ("stage", "settings", "named"),
    [
        ("dev", {"databse": {}}, "databse"),
        ("dev", {"api": {"requests_per_second": 0}}, "requests_per_second"),
        ("dev", {"database": {"min_capacity": 0}}, "min_capacity"),
        ("dev", {"database": {"min_capacity": 8}}, "min_capacity cannot exceed max_capacity"),
        ("dev", {"network": {"endpoint_zones": 3}}, "endpoint_zones cannot exceed"),
        ("dev", {"network": None}, "Aurora needs a network"),
        ("dev", {"database": GIVEN}, "a given database is for the stage 'local'"),
        ("prod", {"protect": False}, "prod must protect its data"),
        ("prod", {"functions": {"provisioned": {"api": 2}}}, "not both: ['api']"),
        ("dev", {"functions": {"log_days": 2}}, "log_days"),
        ("dev", {"alarms": {"emails": ["nobody"]}}, "emails"),
        ("dev", {"identity": {"kind": "issuer", "issuer": "http://x", "audience": ["y"]}}, "issuer"),
    ],
)
def test_what_cannot_be_is_refused_by_name(stage: str, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(stage, settings)

    assert named in str(refused.value)


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown stage 'test': one of local, dev, prod"):
        load("test")


def test_passwords_do_not_show() -> None:
    config = load("local", {"database": {**GIVEN, "app_url": "postgresql://app:geheim@db/x"}})

    assert "geheim" not in repr(config)


def test_settings_on_the_command_line_are_a_json_object() -> None:
    assert parse_settings(None) == {}
    assert parse_settings('{"protect": true}') == {"protect": True}
    with pytest.raises(TypeError, match="JSON object"):
        parse_settings("[1]")
