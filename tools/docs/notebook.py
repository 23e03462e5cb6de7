"""The page of the notebook: `examples/notebook.ipynb` with the outputs that it was stored with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
_HEAD = "<!-- Made from examples/notebook.ipynb by `python -m tools.docs notebook`; `make check` fails where it has drifted. -->\n\n"


def files() -> Mapping[Path, str]:
    pictures: dict[Path, str] = {}
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    parts = [part for cell in cells for part in _parts(cell, pictures)]
    return {ROOT / "docs" / "notebook.md": _HEAD + "\n\n".join(parts) + "\n", **pictures}


def _parts(cell: Mapping[str, Any], pictures: dict[Path, str]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/svg+xml" in data:
            name = f"notebook-{len(pictures) + 1}.svg"
            pictures[ROOT / "docs" / "images" / name] = "".join(data["image/svg+xml"])
            yield f"![What the cell draws](images/{name})"
        elif text := "".join(data.get("text/plain", output.get("text", ""))).rstrip():
            yield f"```text\n{text}\n```"
