"""`python -m infra.synth [--stage prod] [--output folder]`: the templates, offline.

Needs no credentials, no Docker, no network and no Node of the machine. The functions' uploads are left
empty (`cdk deploy` makes them, see infra.bundling); the policy checks run as they do on deployment.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.node import use_packaged_node


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.synth", description=__doc__)
    parser.add_argument("--stage", default="dev", choices=("dev", "prod"))
    parser.add_argument("--output", type=Path, default=Path("cdk.out"))
    arguments = parser.parse_args()
    from infra.stages import ConfigurationError

    try:
        synthesize(arguments.stage, arguments.output)
    except ConfigurationError as error:
        sys.exit(f"{error}\nEvery setting is explained in docs/deploy.md.")
    for template in sorted(arguments.output.glob("*.template.json")):
        print(f"{template}  {template.stat().st_size // 1024} KiB")  # noqa: T201 - what the command is for


def synthesize(stage: str, output: Path, **context: str) -> None:
    """Write the cloud assembly of `stage` into `output`."""
    use_packaged_node()
    from infra.deployment import application

    application(output, stage=stage, contents="false", **context).synth()


if __name__ == "__main__":
    main()
