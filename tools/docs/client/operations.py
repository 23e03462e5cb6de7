"""The client's lower layer: a method for each operation of the document, under its id, in `AsyncApi` (and, from it, `Api`).

A method takes path, query and header parameters by name and the body as a model or a mapping, and answers with the model of the
answer. Where an operation answers with files too, a second method, `<operation>_file`, gets them.
"""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.clients import DOCUMENT
from tools.docs.client import PACKAGE, formatted
from tools.docs.client.sync import to_sync

ASYNC_API = PACKAGE / "_async" / "api.py"
SYNC_API = PACKAGE / "_sync" / "api.py"
_JSON = "application/json"
# How a file is written belongs to the method that gets it.
_OF_FILES = ("format", "separator", "decimal", "bom")
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

_HEAD = '''"""Every operation of the API under its id, made from docs/api/openapi.yaml by `python -m tools.docs client`: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sextant_client.operation import Operation

if TYPE_CHECKING:
    from sextant_client._async.transport import AsyncTransport
    from sextant_client._generated import models
    from sextant_client.files import File


class AsyncApi:
    """The operations as they are: one request each (or its repeats), answered by the whole answer with its `meta`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

'''


def files() -> Mapping[Path, str]:
    text = api(json.loads(DOCUMENT.read_text()))
    return {
        ASYNC_API: formatted(text, ASYNC_API),
        SYNC_API: formatted(to_sync(text), SYNC_API),
    }


def api(document: Mapping[str, Any]) -> str:
    """The module of `AsyncApi`."""
    methods = [
        text
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for text in _methods(path, method.upper(), operation)
    ]
    return _HEAD + "\n".join(methods)


@dataclass(frozen=True)
class _Parameter:
    name: str
    place: str
    annotation: str
    required: bool
    description: str

    @property
    def argument(self) -> str:
        name = re.sub(r"\W", "_", self.name).lower()
        return f"{name}_" if keyword.iskeyword(name) else name

    @property
    def declaration(self) -> str:
        return f"{self.argument}: {self.annotation}{'' if self.required else f'{_or_none(self.annotation)} = None'}"


def _methods(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    answers = {
        status: answer.get("content", {})
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    }
    models = [name for content in answers.values() if _JSON in content for name in _names(content[_JSON])]
    media = [each for content in answers.values() for each in content if each != _JSON]
    parameters = [_parameter(each) for each in operation.get("parameters", ())]
    of_files = media and models
    kept = [each for each in parameters if not (of_files and each.name in _OF_FILES)]
    in_answer = [name for name in dict.fromkeys(models) if not (of_files and name == "ExportEnvelope")]
    yield _method(path, method, operation, kept, answer=in_answer, media=() if models else media)
    if of_files:
        yield _method(path, method, operation, parameters, answer=(), media=media, suffix="_file")


def _method(
    path: str,
    method: str,
    operation: Mapping[str, Any],
    parameters: list[_Parameter],
    *,
    answer: list[str] | tuple[()],
    media: list[str] | tuple[()],
    suffix: str = "",
) -> str:
    body = _body(operation)
    in_path = [each for each in parameters if each.place == "path"]
    others = [each for each in parameters if each.place != "path"]
    others.sort(key=lambda each: not each.required)
    arguments = ["self", *(each.declaration for each in in_path)]
    named = [each.declaration for each in others if each.required]
    if body:
        arguments.append(body)
    named += [each.declaration for each in others if not each.required]
    if named:
        arguments += ["*", *named]
    returns = " | ".join(f"models.{name}" for name in answer) or ("File" if media else "None")
    fields = [f'"{operation["operationId"]}"', f'"{method}"', f'"{path}"']
    if answer:
        fields.append(f"answers=({', '.join(repr(name) for name in answer)},)")
    if any(each.name == "Idempotency-Key" for each in parameters):
        fields.append("has_idempotency_key=True")
    call = [f"Operation({', '.join(fields)})"]
    for place in ("path", "query", "header"):
        pairs = [f'"{each.name}": {each.argument}' for each in parameters if each.place == place]
        if pairs:
            call.append(f"{place}={{{', '.join(pairs)}}}")
    if body:
        call.append("body=body")
    function = "file" if returns == "File" else "call"
    if function == "file" and not suffix:
        call.append("as_it_is=True")
    request = f"await self._transport.{function}({', '.join(call)})"
    if returns == "None":
        last = request
    elif answer:
        last = f"answer: {returns} = {request}\n    return answer"
    else:
        last = f"return {request}"
    return textwrap.indent(
        f"async def {operation['operationId']}{suffix}({', '.join(arguments)}) -> {returns}:\n"
        f"{textwrap.indent(_docstring(operation, parameters), '    ')}\n"
        f"    {last}\n",
        "    ",
    )


def _docstring(operation: Mapping[str, Any], parameters: list[_Parameter]) -> str:
    paragraphs = [f"{operation['summary']}.", operation.get("description", "")]
    if permission := operation.get("x-required-permission"):
        paragraphs.append(f"Permission: `{permission}`.")
    if parameters:
        paragraphs.append("\n".join(f"{each.argument}: {each.description}" for each in parameters))
    text = "\n\n".join(part.strip() for part in paragraphs if part.strip()).replace("\\", "\\\\")
    return f'"""{text}{"" if text.count(chr(10)) == 0 else chr(10)}"""'


def _parameter(parameter: Mapping[str, Any]) -> _Parameter:
    schema = parameter["schema"]
    return _Parameter(
        parameter["name"],
        parameter["in"],
        "UUID | str" if parameter["in"] == "path" and schema.get("type") == "string" else _annotation(schema),
        required=parameter["in"] == "path" or bool(parameter.get("required")),
        description=" ".join(parameter.get("description", "").split()),
    )


def _annotation(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}] | str"
    if "$ref" in schema:
        return "str"
    if "anyOf" in schema:
        return " | ".join(
            dict.fromkeys(_annotation(each) for each in schema["anyOf"] if each.get("type") != "null")
        )
    match schema.get("type"), schema.get("format"):
        case "string", "uuid":
            return "UUID | str"
        case "string", "date":
            return "date | str"
        case "string", "date-time":
            return "datetime | str"
        case "array", _:
            return f"list[{_annotation(schema['items'])}]"
        case kind, _:
            return _TYPES[str(kind)]


def _or_none(annotation: str) -> str:
    return "" if annotation.endswith("None") else " | None"


def _body(operation: Mapping[str, Any]) -> str:
    """The declaration of the body's argument; empty where there is none."""
    content = operation.get("requestBody", {}).get("content", {}).get(_JSON)
    if content is None:
        return ""
    models = " | ".join(f"models.{name}" for name in _names(content))
    optional = not operation["requestBody"].get("required", False)
    return f"body: {models} | Mapping[str, Any]{' | None = None' if optional else ''}"


def _names(content: Mapping[str, Any]) -> list[str]:
    schema = content["schema"]
    return [each["$ref"].rpartition("/")[2] for each in schema.get("anyOf", [schema])]
