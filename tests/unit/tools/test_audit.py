"""The audit never calls clean what it could not ask about, and lets nothing pass but what is listed."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import audit
from tools.audit import UNDONE, accepted, audit_npm, audit_python, locks, npm_audit, pip_audit

TODAY = dt.date(2026, 11, 21)

# What a stand-in of pip-audit says of the canary, and of everything else.
KNOWS = '{"dependencies": [{"name": "jinja2", "vulns": [{"id": "PYSEC-0", "fix_versions": ["2.11.3"]}]}]}'
KNOWS_NOT = '{"dependencies": [{"name": "jinja2", "skip_reason": "not found"}]}'

Stand = Callable[..., Path]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A command of pip-audit's name beside the interpreter; the file it returns has a line for each call."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    def stand(*, of_canary: dict[str, str], of_ours: int = 0) -> Path:
        calls, script = tmp_path / "calls", tmp_path / "pip-audit"
        calls.write_text("")
        script.write_text(
            f"""#!/usr/bin/env python3
import sys
options = sys.argv[1:]
requirements = open(options[1]).read()
open({str(calls)!r}, "a").write(" ".join(options) + "\\n")
service = options[options.index("--vulnerability-service") + 1]
if "jinja2==2.11.2" in requirements:
    print({of_canary!r}.get(service, ""))
elif {of_ours}:
    print("ours 2.0 PYSEC-1 2.1")
    sys.exit({of_ours})
"""
        )
        script.chmod(0o755)
        return calls

    return stand


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    lock = tmp_path / "ours.txt"
    lock.write_text("ours==2.0 --hash=sha256:00\n")
    return lock


# Python's packages ---------------------------------------------------------------------------------


def test_a_source_that_answers_clean_to_everything_has_audited_nothing(
    stand_in: Stand, ours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = stand_in(of_canary={"pypi": KNOWS_NOT, "osv": "Traceback"})

    assert audit_python([ours], []) == UNDONE
    assert "not audited: Python packages" in capsys.readouterr().out
    # Nothing of ours is asked of a source that knows nothing.
    assert str(ours) not in calls.read_text()


def test_the_next_source_is_asked_when_one_does_not_answer(
    stand_in: Stand, ours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(of_canary={"osv": KNOWS})

    assert audit_python([ours], []) == 0
    assert "audited by pip-audit (osv): 1 lock files" in capsys.readouterr().out


def test_a_vulnerability_fails_and_names_its_remedy(
    stand_in: Stand, ours: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in(of_canary={"pypi": KNOWS}, of_ours=1)

    assert audit_python([ours], []) == 1
    assert "ours 2.0 PYSEC-1 2.1" in capsys.readouterr().out


def test_each_lock_is_asked_about_and_what_is_accepted_is_left_out(stand_in: Stand, ours: Path) -> None:
    other = ours.with_name("other.txt")
    other.write_text("ours==1.0 --hash=sha256:00\n")
    calls = stand_in(of_canary={"pypi": KNOWS})

    audit_python([ours, other], ["CVE-1"])

    _, *asked = calls.read_text().splitlines()
    assert [line.split()[1] for line in asked] == [str(ours), str(other)]
    assert all(line.endswith("--ignore-vuln CVE-1") for line in asked)


def test_the_real_pip_audit_takes_what_it_is_given(tmp_path: Path) -> None:
    """It reads each lock, and refuses a pin without a hash among those that have one."""
    assert pip_audit(audit.ROOT / "requirements.txt", "--dry-run").returncode == 0
    bare = tmp_path / "requirements.txt"
    bare.write_text("a==1 --hash=sha256:" + "0" * 64 + "\nb==2\n")

    refused = pip_audit(bare, "--dry-run")

    assert refused.returncode == 1
    assert "b==2" in refused.stderr


def test_every_lock_of_the_checkout_is_seen_and_hashed() -> None:
    seen = {str(path.relative_to(audit.ROOT)) for path in locks()}

    assert {
        "requirements.txt",
        "layers/runtime/requirements.txt",
        "layers/lake/requirements.txt",
        "layers/outputs/requirements.txt",
        "layers/migrations/requirements.txt",
        "local/ministack.txt",
        "tools/uv.txt",
        "infra/checkov.txt",
    } <= seen
    for lock in locks():
        pins = re.findall(r"^[A-Za-z0-9][^#\n]*==.*(?:\n .*)*", lock.read_text(), re.MULTILINE)
        assert pins
        assert not [pin for pin in pins if "--hash=sha256:" not in pin], lock


# What is accepted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "holds"), [(TODAY, True), (TODAY + dt.timedelta(1), True), (TODAY - dt.timedelta(1), False)]
)
def test_an_acceptance_holds_until_its_day(tmp_path: Path, until: dt.date, *, holds: bool) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(f'[[accepted]]\nid = "CVE-1"\npackage = "ours"\nreason = "none"\nuntil = {until}\n')

    assert accepted(TODAY, file) == (["CVE-1"] if holds else [])


@pytest.mark.parametrize("missing", ["id", "package", "reason", "until"])
def test_an_acceptance_without_all_its_fields_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    fields = {"id": '"CVE-1"', "package": '"ours"', "reason": '"none"', "until": "2027-01-31"}
    file = tmp_path / "accepted.toml"
    file.write_text(
        "[[accepted]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items() if key != missing)
    )

    with pytest.raises(ValueError, match=missing):
        accepted(TODAY, file)


def test_the_list_of_the_checkout_can_be_read() -> None:
    accepted(TODAY)


# npm's packages ------------------------------------------------------------------------------------


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A script in npm's place: what it prints for the canary, and for everything else."""

    def stand(of_canary: str, of_ours: str) -> None:
        script = tmp_path / "npm.py"
        script.write_text(
            f"print({of_canary!r} if 'minimist' in open('package-lock.json').read() else {of_ours!r})"
        )
        monkeypatch.setattr("tools.node.node_and_npm", lambda: (Path(sys.executable), script))

    (tmp_path / "package-lock.json").write_text("{}")
    return stand


def vulnerable(package: str, advisory: str) -> str:
    via = [{"title": "harm", "url": f"https://example.test/advisories/{advisory}"}, "other"]
    return json.dumps({"vulnerabilities": {package: {"via": via}}})


def test_npms_answer_is_read_and_its_failure_is_no_answer(
    npm: Callable[[str, str], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    npm(vulnerable("minimist", "GHSA-0"), vulnerable("ours", "GHSA-1"))
    assert audit_npm(tmp_path, []) == 1
    assert "ours: harm https://example.test/advisories/GHSA-1" in capsys.readouterr().out
    assert audit_npm(tmp_path, ["GHSA-1"]) == 0

    npm('{"vulnerabilities": {}}', vulnerable("ours", "GHSA-1"))
    assert audit_npm(tmp_path, []) == UNDONE
    npm(vulnerable("minimist", "GHSA-0"), '{"message": "405"}')
    assert npm_audit(tmp_path) is None
    assert audit_npm(tmp_path, []) == UNDONE


@pytest.mark.parametrize("folder", audit.npm_folders(), ids=lambda folder: str(folder.name))
def test_npms_locks_name_an_integrity_for_every_package(folder: Path) -> None:
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]

    assert [name for name, package in packages.items() if name and not package.get("integrity")] == []


# How it is shown -----------------------------------------------------------------------------------


def test_an_undone_check_is_shown_as_such_and_does_not_fail() -> None:
    script = (
        "import sys; from tools import check; "
        f"check.CHECKS = (('asked', [sys.executable, '-c', 'raise SystemExit({UNDONE})']),); "
        "sys.argv[1:] = []; sys.exit(check.main())"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=audit.ROOT, check=False, capture_output=True, text=True
    )

    assert (done.returncode, "UNDONE asked" in done.stdout) == (0, True)
