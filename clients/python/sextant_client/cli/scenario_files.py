"""Scenarios as files: YAML or JSON, one or several in a file, each a whole scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FIELDS = ("name", "description", "assumptions", "parameters", "tags", "status")
_ENDINGS = (".yaml", ".yml", ".json")


def read(path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The scenarios of a file, or of all files of a folder, in the order of their names, each with its file.

    Raises `ValueError` for a file that holds none, a field that does not exist, and a name that two have.
    """
    files = sorted(each for each in path.rglob("*") if each.suffix in _ENDINGS) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"{path} has no file that ends in {', '.join(_ENDINGS)}")
    scenarios = [(file, scenario) for file in files for scenario in _of(file)]
    names: dict[str, Path] = {}
    for file, scenario in scenarios:
        name = str(scenario["name"]).casefold()
        if name in names:
            raise ValueError(f"{file}: {scenario['name']!r} is in {names[name]} too")
        names[name] = file
    return scenarios


def parsed(file: Path) -> list[Any]:
    """The documents of a YAML or JSON file. Raises `ValueError` that names line and column."""
    text = file.read_text(encoding="utf-8")
    try:
        if file.suffix == ".json":
            return [json.loads(text)]
        import yaml

        return [each for each in yaml.safe_load_all(text) if each is not None]
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    except Exception as error:
        raise ValueError(f"{file}: {error}") from error


def _of(file: Path) -> Iterator[dict[str, Any]]:
    for content in parsed(file):
        for scenario in content if isinstance(content, list) else [content]:
            if not isinstance(scenario, Mapping) or not scenario.get("name"):
                raise ValueError(f"{file}: a scenario is a mapping with a name")
            for field in scenario:
                if field not in FIELDS and not str(field).startswith("$"):
                    raise ValueError(f"{file}: a scenario has no {field!r}; it has {', '.join(FIELDS)}")
            yield {name: value for name, value in scenario.items() if name in FIELDS}
