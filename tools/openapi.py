"""Writes the OpenAPI document, or with `--check` says whether what is written is what the code says.

`docs/api/openapi.yaml` is for readers, `functions/api/openapi.json` is what the API serves, and
`functions/api/problems.json` what the pages of its problem types say.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "layers/sextant/python")]
os.environ.setdefault("DATABASE_URL", "postgresql://unused")

YAML = ROOT / "docs/api/openapi.yaml"
JSON = ROOT / "functions/api/openapi.json"
PROBLEMS = ROOT / "functions/api/problems.json"
HEAD = "# Made from the code by tools/openapi.py; `make check` fails where it has drifted.\n"


def main() -> int:
    from functions.api.http.openapi import document, problems

    made = document()
    wanted = {
        YAML: HEAD + yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=110),
        PROBLEMS: json.dumps(problems(), ensure_ascii=False, indent=1) + "\n",
        JSON: json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n",
    }
    if "--check" not in sys.argv:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    drifted = False
    for path, text in wanted.items():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there != text:
            drifted = True
            print(f"{path.relative_to(ROOT)} is not what the code says; run: python tools/openapi.py")
            changes = difflib.unified_diff(
                there.splitlines(), text.splitlines(), "written", "code", lineterm="", n=1
            )
            print("\n".join(line[:200] for line in list(changes)[:40]))
    return int(drifted)


if __name__ == "__main__":
    sys.exit(main())
