"""The policy checks: cdk-nag fails the synthesis itself; cfn-lint and checkov read what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.bundling import ROOT
from tests.infra.conftest import Assembly

CFN_LINT = Path(sys.executable).with_name("cfn-lint")
CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"

# The CDK writes dependencies that a reference implies already, which do no harm; zones are written out where the
# configuration chooses them.
_IGNORED = "W3005,W3010"


def test_cfn_lint_finds_nothing(dev: Assembly, prod: Assembly, given: Assembly) -> None:
    templates = [
        str(path) for one in (dev, prod, given) for path in sorted(one.folder.glob("*.template.json"))
    ]

    done = subprocess.run(
        [CFN_LINT, "--ignore-checks", _IGNORED, "--regions", "eu-central-1", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(templates) == 9
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_checkov_finds_nothing_that_is_not_accepted_with_a_reason(
    dev: Assembly, prod: Assembly, given: Assembly
) -> None:
    templates = [
        str(path) for one in (dev, prod, given) for path in sorted(one.folder.glob("*.template.json"))
    ]

    done = subprocess.run(
        [
            CHECKOV,
            "-f",
            *templates,
            "--framework",
            "cloudformation",
            "--skip-download",
            "-o",
            "json",
            "--quiet",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)

    failed = [
        (one["check_id"], one["resource"], one["check_name"]) for one in report["results"]["failed_checks"]
    ]
    assert failed == []
    assert report["summary"]["passed"] > 500
    assert report["summary"]["parsing_errors"] == 0


def test_every_accepted_finding_says_why(assembly: Assembly) -> None:
    reasons = [
        (resource.logical_id, skip["id"], skip["comment"])
        for resource in assembly.resources()
        for skip in resource.body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]

    assert reasons
    assert all(len(comment) > 15 for _, _, comment in reasons)


def test_a_finding_nobody_accepted_fails_the_synthesis(tmp_path: Path) -> None:
    """Given a stack with an unencrypted, public queue, the checks that guard ours refuse it."""
    from aws_cdk import App, Stack, Validations
    from aws_cdk import aws_sqs as sqs
    from cdk_nag import AwsSolutionsChecks

    app = App(outdir=str(tmp_path))
    sqs.Queue(Stack(app, "Careless"), "Queue")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert "AwsSolutions-SQS4" in (tmp_path / "validation-report.json").read_text()


def test_templates_are_within_cloudformations_limits(assembly: Assembly) -> None:
    for path in assembly.folder.glob("*.template.json"):
        template = json.loads(path.read_text())
        assert path.stat().st_size < 900_000  # of 1 MB
        assert len(template["Resources"]) < 400  # of 500
        assert len(template.get("Outputs", {})) < 150  # of 200
