"""`python -m infra.cdk deploy --all …`: the CDK's command line, pinned, on the packaged Node; arguments are its own."""

from __future__ import annotations

import os
import sys

from infra import cdk_command
from infra.bundling import ROOT
from tools.node import node_and_npm


def main() -> None:
    node, _ = node_and_npm()
    entry = cdk_command.installed()
    os.chdir(ROOT)
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.execve(  # noqa: S606 - this process becomes the CDK
        node, [str(node), str(entry), *sys.argv[1:]], {**os.environ, "JSII_NODE": str(node), "PATH": path}
    )


if __name__ == "__main__":
    main()
