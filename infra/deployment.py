"""The CDK application: the stacks of one stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.bundling import ROOT, Bundler
from infra.config import StageConfig
from infra.constructs.suppressions import accept
from infra.stacks.data import DataStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.service import ServiceStack
from infra.stages import load, parse_settings


def build(app: App, config: StageConfig, *, contents: bool) -> None:
    """Add the stacks of `config` to `app`; `contents` False leaves the uploads empty (see infra.bundling)."""
    bundler = Bundler(
        python=config.functions.python,
        # An emulator runs the functions on this machine.
        architecture=None if config.stage == "local" else config.functions.architecture,
        output=ROOT / "build" / "bundles",
        contents=contents,
        sdk=config.functions.bundle_sdk,
    )
    name = config.prefix.title().replace("-", "")
    options: dict[str, Any] = {
        "env": Environment(account=config.account, region=config.region),
        "termination_protection": config.protect,
    }
    data = DataStack(app, f"{name}Data", config=config, bundler=bundler, **options)
    service = ServiceStack(app, f"{name}Service", config=config, data=data, **options)
    MonitoringStack(app, f"{name}Monitoring", config=config, data=data, service=service, **options)
    for key, value in (("project", "sextant"), ("deployment", config.prefix)):
        # CloudFormation knows no tags there, whatever the construct believes.
        Tags.of(app).add(key, value, exclude_resource_types=["AWS::RDS::DBProxyTargetGroup"])
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    accept(
        app,
        {
            "AwsSolutions-L1": "Python 3.13 is the newest version that every package we pin has wheels for and the "
            "one the bundles are compiled for; AWS maintains it until 2029"
        },
    )


def application(output: Path | None = None, **context: str) -> App:
    """The application of the stage that the context names, not yet synthesized.

    The context is that of cdk.json, then `context`, then the CDK CLI's (`-c stage=prod`,
    `-c settings='{…}'`, `-c contents=false`).
    """
    written = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(context={**written, **context}, outdir=str(output) if output else None)
    stage = str(app.node.try_get_context("stage") or "dev")
    in_file: Mapping[str, Any] = (app.node.try_get_context("sextant") or {}).get(stage, {})
    on_command_line = parse_settings(app.node.try_get_context("settings"))
    contents = str(app.node.try_get_context("contents")).lower() != "false"
    build(app, load(stage, in_file, on_command_line), contents=contents)
    return app
