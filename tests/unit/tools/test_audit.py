"""The audit never calls unaudited what it could not ask about clean, and lets nothing pass but what is listed."""

from __future__ import annotations

import datetime as dt
import json
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools import audit
from tools.audit import (
    UNDONE,
    Accepted,
    Answer,
    NotAuditedError,
    NpmAudit,
    Pin,
    PipAudit,
    Vulnerability,
    accepted,
    judge,
    locks,
    npm_pins,
    pins_of,
    report,
    unhashed,
)

TODAY = dt.date(2026, 11, 21)
CANARY = Pin("canary", "1.0")
OURS = Pin("ours", "2.0")
HARM = Vulnerability(OURS, ("PYSEC-1", "CVE-1"), ("2.1",))


@dataclass
class Advisories:
    """A source with these advisories; it fails with `fails` where that is set."""

    known: tuple[Vulnerability, ...] = ()
    unknown: tuple[Pin, ...] = ()
    fails: str = ""
    name: str = "source"
    canary: Pin = CANARY
    asked: list[Pin] = field(default_factory=list)

    def ask(self, pins: Sequence[Pin]) -> Answer:
        if self.fails:
            raise NotAuditedError(self.fails)
        self.asked += pins
        return Answer(
            tuple(one for one in self.known if one.pin in pins),
            tuple(pin for pin in self.unknown if pin in pins),
        )


KNOWS = Vulnerability(CANARY, ("PYSEC-0",))


# What is said --------------------------------------------------------------------------------------


def test_a_source_that_answers_clean_to_everything_has_audited_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mirror = Advisories()

    assert report([mirror], [OURS], "packages", [], TODAY) == UNDONE
    printed = capsys.readouterr().out
    assert "not audited: 1 packages" in printed
    assert "it knows nothing of canary 1.0" in printed
    # Nothing of ours is asked of a source that knows nothing.
    assert mirror.asked == [CANARY]


def test_the_next_source_is_asked_when_one_does_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    status = report(
        [Advisories(fails="no route"), Advisories((KNOWS,), name="second")], [OURS], "packages", [], TODAY
    )

    assert status == 0
    assert "audited by second: 1 packages" in capsys.readouterr().out


def test_a_vulnerability_fails_and_names_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([Advisories((KNOWS, HARM))], [OURS], "packages", [], TODAY) == 1
    assert "VULNERABLE: ours 2.0: PYSEC-1 = CVE-1; fixed in 2.1" in capsys.readouterr().out


def test_what_the_source_does_not_know_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([Advisories((KNOWS,), (OURS,))], [OURS], "packages", [], TODAY) == 0
    printed = capsys.readouterr().out
    assert "audited by source: 0 packages" in printed
    assert "not audited, unknown to the source: ours 2.0" in printed


# What is accepted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("package", "identifier", "until", "fails"),
    [
        ("ours", "CVE-1", TODAY, False),
        ("ours", "PYSEC-1", TODAY + dt.timedelta(1), False),
        ("ours", "CVE-1", TODAY - dt.timedelta(1), True),
        ("ours", "CVE-2", TODAY, True),
        ("theirs", "CVE-1", TODAY, True),
    ],
)
def test_an_acceptance_holds_for_one_package_one_advisory_and_until_its_day(
    package: str, identifier: str, until: dt.date, *, fails: bool
) -> None:
    failing, known = judge([HARM], [Accepted(identifier, package, "not reachable", until)], TODAY)

    assert (bool(failing), bool(known)) == (fails, not fails)


@pytest.mark.parametrize("missing", ["id", "package", "reason", "until"])
def test_an_acceptance_without_all_its_fields_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    fields = {"id": '"CVE-1"', "package": '"ours"', "reason": '"none"', "until": "2027-01-31"}
    file = tmp_path / "accepted.toml"
    file.write_text(
        "[[accepted]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items() if key != missing)
    )

    with pytest.raises(ValueError, match=missing):
        accepted(file)


def test_the_list_of_the_checkout_can_be_read() -> None:
    assert all(one.reason for one in accepted())


# The tools asked -----------------------------------------------------------------------------------

Stand = Callable[[str, int], None]


@pytest.fixture
def pip_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """A command of pip-audit's name that prints what it is told to, beside the interpreter."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    def stand(printed: str, status: int) -> None:
        script = tmp_path / "pip-audit"
        (tmp_path / "printed").write_text(printed)
        script.write_text(
            f"#!/bin/sh\ncat {tmp_path}/printed\necho 'ConnectionError: no' >&2\nexit {status}\n"
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)

    return stand


def test_pip_audits_answer_is_read(pip_audit: Stand) -> None:
    harmed = {
        "name": "ours",
        "version": "2.0",
        "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1"]}],
    }
    skipped = {"name": "gone", "skip_reason": "Dependency not found on PyPI: gone (1.0)"}
    pip_audit(json.dumps({"dependencies": [harmed, skipped]}), 1)

    answer = PipAudit("pypi").ask([OURS, Pin("gone", "1.0")])

    assert answer == Answer((HARM,), (Pin("gone", "1.0"),))


@pytest.mark.parametrize("printed", ["", "{}", "Traceback", "[]"])
def test_a_failing_pip_audit_is_no_answer(pip_audit: Stand, printed: str) -> None:
    pip_audit(printed, 1)

    with pytest.raises(NotAuditedError, match="ConnectionError: no"):
        PipAudit("pypi").ask([OURS])


def test_the_real_pip_audit_takes_what_it_is_given() -> None:
    """Whether or not its source can be reached: it answers, or says why not."""
    pip_audit = PipAudit("pypi")
    with suppress(NotAuditedError):
        answer = pip_audit.ask([pip_audit.canary])
        assert answer.vulnerabilities or answer.unknown == (pip_audit.canary,)


def test_npms_answer_is_read_and_its_failure_is_no_answer(tmp_path: Path) -> None:
    script = tmp_path / "npm.py"
    found = {"minimist": {"via": [{"url": "https://example.test/advisories/GHSA-1"}, "other"]}}
    script.write_text(f"print('''{json.dumps({'vulnerabilities': found})}''')")

    answer = NpmAudit(Path(sys.executable), script).ask([Pin("minimist", "0.0.8"), OURS])

    assert answer == Answer((Vulnerability(Pin("minimist", "0.0.8"), ("GHSA-1",)),))
    script.write_text('print(\'{"message": "405"}\')')
    with pytest.raises(NotAuditedError):
        NpmAudit(Path(sys.executable), script).ask([OURS])
    with pytest.raises(NotAuditedError, match="FileNotFoundError"):
        NpmAudit(tmp_path / "missing", script).ask([OURS])


# The lock files ------------------------------------------------------------------------------------


def test_every_lock_of_the_checkout_is_seen_and_hashed() -> None:
    seen = {str(path.relative_to(audit.ROOT)) for path in locks()}

    assert {
        "requirements.txt",
        "layers/runtime/requirements.txt",
        "layers/lake/requirements.txt",
        "layers/migrations/requirements.txt",
        "local/ministack.txt",
        "tools/uv.txt",
        "infra/checkov.txt",
    } <= seen
    assert unhashed(locks()) == []
    assert len(pins_of(locks())) > 200
    assert npm_pins(audit.CDK_CLI / "package-lock.json")


def test_a_pin_without_a_hash_is_found_among_hashed_ones(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(
        "a==1 \\\n    --hash=sha256:00\nb[x]==2 ; python_version < '3.12'\nc==3 --hash=sha256:11\n"
    )

    assert unhashed([lock]) == [f"{lock}: b 2"]
    assert pins_of([lock]) == [Pin("a", "1"), Pin("b", "2"), Pin("c", "3")]


def test_two_versions_of_a_package_are_both_asked_about(pip_audit: Stand, tmp_path: Path) -> None:
    pip_audit('{"dependencies": []}', 0)
    script = tmp_path / "pip-audit"
    script.write_text(script.read_text().replace("#!/bin/sh", f'#!/bin/sh\ncat "$2" >> {tmp_path}/asked'))

    PipAudit("pypi").ask([Pin("a", "1"), Pin("a", "2"), Pin("b", "1")])

    assert sorted((tmp_path / "asked").read_text().split()) == ["a==1", "a==2", "b==1"]


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
