"""Settings from an environment: errors that name variable, rule and value, and applications made of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from sextant import bootstrap
from sextant.config import (
    ApiSettings,
    ConfigurationError,
    Settings,
    by_suffix,
    choice,
    count,
    flag,
    nested,
    number,
    optional,
    text,
)


@dataclass(frozen=True)
class Inner(Settings):
    depth: int = count("DEPTH", "How deep", 3)


@dataclass(frozen=True)
class Sample(Settings):
    name: str = text("NAME", "Whose it is")
    password: str | None = optional("PASSWORD", "What opens it", secret=True)
    colour: str = choice("COLOUR", "How it looks", "red", ("red", "blue"))
    loud: bool = flag("LOUD", "Whether it is heard")
    share: float = number("SHARE", "How much of it", 0.5, above=0, most=1)
    urls: Mapping[str, str] = by_suffix("URL_", "Where each part is")
    inner: Inner = nested(Inner)


def test_every_kind_is_read_and_an_empty_variable_is_as_good_as_none() -> None:
    env = {
        "NAME": "ann",
        "COLOUR": "",
        "LOUD": "Yes",
        "SHARE": "1",
        "URL_RUN_PARTS": "u",
        "URL_X": "",
        "DEPTH": "7",
    }
    assert Sample.from_env(env) == Sample("ann", None, "red", True, 1.0, {"run-parts": "u"}, Inner(7))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"NAME": ""}, "NAME is not set: it must be a text"),
        ({"COLOUR": "green"}, "COLOUR must be red or blue, not 'green'"),
        ({"LOUD": "maybe"}, "LOUD must be 1, true, yes, 0, false or no, not 'maybe'"),
        ({"SHARE": "0"}, "SHARE must be a number above 0 and at most 1, not '0'"),
        ({"SHARE": "nan"}, "SHARE must be a number above 0 and at most 1, not 'nan'"),
        ({"DEPTH": "-1"}, "DEPTH must be a whole number of at least 0, not '-1'"),
    ],
)
def test_an_error_names_variable_rule_and_value(variables: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Sample.from_env({"NAME": "ann", **variables})
    assert str(refused.value) == message


def test_variables_are_listed_for_documents_and_secrets_are_not_shown() -> None:
    assert [one.name for one in Sample.variables().values()] == [
        "NAME", "PASSWORD", "COLOUR", "LOUD", "SHARE", "URL_", "DEPTH",
    ]  # fmt: skip
    assert "hunter2" not in repr(Sample("ann", "hunter2"))


def test_authentication_can_be_off_on_the_local_stage_only() -> None:
    assert ApiSettings.from_env({"SEXTANT_AUTH_DISABLED": "1"}).auth_disabled
    with pytest.raises(ConfigurationError, match="SEXTANT_AUTH_DISABLED is set on stage 'prod'"):
        ApiSettings.from_env({"SEXTANT_AUTH_DISABLED": "1", "SEXTANT_STAGE": "prod"})


class Closable:
    closed = False

    def close(self) -> None:
        self.closed = True


def test_an_application_makes_a_part_once_and_closes_it_when_it_is_replaced() -> None:
    made = bootstrap.part(Closable)
    with bootstrap.installed({}):
        outer = made()
        with bootstrap.installed({"NAME": "ann"}):
            inner = made()
            assert made() is inner
            assert bootstrap.settings(Sample).name == "ann"
        assert made() is outer
        assert (inner.closed, outer.closed) == (True, False)
    assert outer.closed
