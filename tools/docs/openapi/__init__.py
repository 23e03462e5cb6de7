"""The OpenAPI document and the pages of its problem types.

`docs/api/openapi.yaml` is for readers, `functions/api/openapi.json` is what the API serves, and
`functions/api/problems.json` is what the pages of its problem types say.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
SERVED = ROOT / "functions/api/openapi.json"
_HEAD = "# Made from the code by `python -m tools.docs openapi`; `make check` fails where it has drifted.\n"


def files() -> Mapping[Path, str]:
    os.environ.setdefault("DATABASE_URL", "postgresql://unused")
    from tools.docs.openapi.document import document
    from tools.docs.openapi.problems import problems

    made = document()
    return {
        ROOT / "docs/api/openapi.yaml": _HEAD
        + yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=110),
        ROOT / "functions/api/problems.json": json.dumps(problems(), ensure_ascii=False, indent=1) + "\n",
        SERVED: json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n",
    }
