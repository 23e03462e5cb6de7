"""What `GET /v1/models` answers: the built-in model, and its drivers and parameters as JSON Schema.

Good enough that a form or a command line can be made from it alone: every field has a title, a type without `null`, its range,
its unit (`x-unit`), what is assumed without it (`default`, or in words `x-default`), and, where it names something of the
baseline, which list of the vocabulary has the names (`x-vocabulary`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from functions.api import models
from sextant.drivers import examples
from sextant.drivers.assumptions import PAYLOADS, Assumptions
from sextant.drivers.parameters import BuiltInParameters
from sextant.engine import model_named
from sextant.engine.merit_order import MeritOrderModel

_NAMED = {"fuel": "fuels", "technology": "technologies", "unit": "units", "profile": "profiles"}


def files() -> dict[Path, str]:
    model = model_named(MeritOrderModel.name)
    schema = TypeAdapter(Assumptions).json_schema()
    definitions = {name: _plain(item) for name, item in schema["$defs"].items()}
    for name, payload in PAYLOADS.items():
        definitions[payload.__name__]["examples"] = [examples.DRIVERS[name]]
    document = {
        "name": model.name,
        "version": model.version,
        "limits": list(model.limits),
        "drivers": {
            name: {
                "description": (payload.__doc__ or "").strip(),
                "payload": f"#/$defs/{payload.__name__}",
            }
            for name, payload in PAYLOADS.items()
        },
        "assumptions": {
            "type": "array",
            "maxItems": schema["maxItems"],
            "items": _plain(schema["items"]),
            "$defs": definitions,
        },
        "parameters": {
            **_plain(BuiltInParameters.model_json_schema()),
            "title": "Parameters",
            "examples": [examples.PARAMETERS],
        },
    }
    return {models.PATH: json.dumps(document, indent=1, ensure_ascii=False) + "\n"}


def _plain(schema: Any, field: str = "") -> Any:
    """The schema as a form wants it: of a field that may be left out only what may be given."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    choices = [item for item in schema.get("anyOf", ()) if item != {"type": "null"}]
    if "anyOf" in schema and len(choices) == 1:
        schema = {**{key: value for key, value in schema.items() if key != "anyOf"}, **choices[0]}
    if schema.get("default", ...) is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    assumed = schema.get("x-default")
    # In words ("the baseline's") it stays a remark; a value of the field's own type is its default.
    if isinstance(assumed, bool | int | float) or (
        isinstance(assumed, str) and assumed in schema.get("enum", ())
    ):
        schema = {**{key: value for key, value in schema.items() if key != "x-default"}, "default": assumed}
    if field in _NAMED and schema.get("type") == "string":
        schema = {**schema, "x-vocabulary": _NAMED[field]}
    if field == "build_mix":
        schema = {**schema, "x-vocabulary": "technologies"}
    plain = {
        key: _plain(value) for key, value in schema.items() if key not in ("properties", "discriminator")
    }
    if "properties" in schema:
        plain["properties"] = {name: _plain(item, name) for name, item in schema["properties"].items()}
    return plain
