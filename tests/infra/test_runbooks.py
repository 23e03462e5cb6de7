"""What an operator is told to type works: the statements on a real database, the requests by the API's document."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.declaration import FUNCTIONS, QUEUES
from infra.bundling import ROOT

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
ALARMED = [path for path in RUNBOOKS if path.stem != "README"]
DOCUMENT = json.loads((ROOT / "functions" / "api" / "openapi.json").read_text())


def found(pattern: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in RUNBOOKS:
        for match in re.finditer(pattern, path.read_text()):
            yield path.stem, match.groups()


def statements() -> list[tuple[str, str]]:
    """Every statement that a runbook asks the database, and which runbook it is; tests/infra/test_owner.py runs them."""
    told = [(where, first or second) for where, (first, second) in found(r"`sql (?:\"([^\"]+)\"|'([^']+)')")]
    assert len(told) > 10
    return told


def test_every_request_is_one_of_the_api() -> None:
    requests = list(found(r"`api (GET|POST|PUT|DELETE|PATCH) '?(/[^' `]*)'?(?: '([^']*)')?"))

    assert len(requests) > 8
    for where, (method, path, body) in requests:
        bare, _, query = path.partition("?")
        operation = next(
            (
                methods[method.lower()]
                for known, methods in DOCUMENT["paths"].items()
                if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", known), bare) and method.lower() in methods
            ),
            None,
        )
        assert operation is not None, (where, method, path)
        known_parameters = {one["name"] for one in operation.get("parameters", [])}
        assert {one.partition("=")[0] for one in query.split("&") if one} <= known_parameters, (where, path)
        if body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
            described = DOCUMENT["components"]["schemas"][schema]
            given = json.loads(body)
            assert set(given) <= set(described["properties"]), (where, body)
            assert set(described.get("required", ())) <= set(given), (where, body)


def test_every_function_and_queue_named_is_there() -> None:
    functions = {one.name for one in FUNCTIONS}
    queues = {name for queue in QUEUES for name in (queue.name, queue.dead_letter_name)}

    for where, (_, name) in found(r"`(logs|errors|call) ([a-z-]+)[ `]"):
        assert name in functions, (where, name)
    for where, (name,) in found(r"queue ([a-z]+-dlq)"):
        assert name in queues, (where, name)


def test_what_is_pasted_first_is_a_shell_script() -> None:
    (script,) = re.findall(
        r"```bash\n(.*?)```", (ROOT / "docs" / "runbooks" / "README.md").read_text(), re.DOTALL
    )

    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("runbook", ALARMED, ids=lambda path: path.stem)
def test_a_runbook_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(runbook: Path) -> None:
    text = runbook.read_text()

    assert "**What it means for users.**" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Look",
        "## Do",
        "## Over when",
    ]
    assert text.count("`") > 6  # commands, not advice
