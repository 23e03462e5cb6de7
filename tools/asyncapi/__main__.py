"""Holds the AsyncAPI document against AsyncAPI's own parser, which must take it whole, without a warning.

`.tools/asyncapi` has the parser, from this folder's package-lock.json.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools import node as nodes
from tools.audit import UNDONE

FOLDER = Path(__file__).resolve().parent
DOCUMENT = FOLDER.parents[1] / "docs" / "api" / "asyncapi.yaml"


def refusals(document: Path = DOCUMENT) -> str:
    """What the parser says against the document; empty where it takes it. Raises `NodeError` where it cannot be installed."""
    installed = nodes.installed(FOLDER)
    node, _ = nodes.node_and_npm()
    script = installed / "validate.js"
    script.write_bytes((FOLDER / "validate.js").read_bytes())
    done = subprocess.run(
        [node, script, document], env=nodes.environment(node), check=False, capture_output=True, text=True
    )
    return done.stdout + done.stderr if done.returncode else ""


def main() -> int:
    try:
        said = refusals()
    except nodes.RegistryOutOfReachError as unreachable:
        print(unreachable, file=sys.stderr)
        return UNDONE
    print(said, end="", file=sys.stderr)
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
