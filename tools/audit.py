"""Known vulnerabilities in what the lock files pin: `make check` runs it.

Every lock file of the checkout must name a hash for each pin. The pins go to pip-audit, the CDK command
line's to `npm audit`; both ask a source on the network. A source that cannot be reached, or that knows
nothing of a version long known to be vulnerable (a mirror without advisories answers "none found" to
everything), has audited nothing: then this says `not audited: …` and does not fail, for an outage of a service must
not stop the work; its exit status is then 75, which tools/check.py shows as undone. A vulnerability fails it,
unless `tools/accepted_vulnerabilities.toml` gives the reason and the day until which that holds.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "tools" / "accepted_vulnerabilities.toml"
CDK_CLI = ROOT / "infra" / "cdk_cli"

# sysexits.h: the answer could not be had now, and may be later.
UNDONE = 75

_WITHIN = 300
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


class NotAuditedError(Exception):
    """The source gave no answer that could be relied on; the message says why."""


@dataclass(frozen=True, order=True)
class Pin:
    """A package at one version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Vulnerability:
    """An advisory that holds for a pin; `names` are its id and its other ids, `fixed_in` may be empty."""

    pin: Pin
    names: tuple[str, ...]
    fixed_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a source says of some pins; `unknown` are those it does not know."""

    vulnerabilities: tuple[Vulnerability, ...] = ()
    unknown: tuple[Pin, ...] = ()


class Source(Protocol):
    """Where advisories come from."""

    @property
    def name(self) -> str: ...

    @property
    def canary(self) -> Pin:
        """A pin that is known to be vulnerable, which a source worth its name reports."""
        ...

    def ask(self, pins: Sequence[Pin]) -> Answer:
        """The advisories that hold for `pins`. Raises NotAuditedError where there is no answer."""
        ...


@dataclass(frozen=True)
class PipAudit:
    """pip-audit with one of its services, `pypi` or `osv`."""

    service: str
    canary: Pin = Pin("jinja2", "2.11.2")

    @property
    def name(self) -> str:
        return f"pip-audit ({self.service})"

    def ask(self, pins: Sequence[Pin]) -> Answer:
        """One question for each set of pins in which every package stands once."""
        answers = [self._ask(once) for once in _each_once(pins)]
        return Answer(
            tuple(one for answer in answers for one in answer.vulnerabilities),
            tuple(one for answer in answers for one in answer.unknown),
        )

    def _ask(self, pins: Iterable[Pin]) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins))
            command = [str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(listed)]
            # The pins are complete and hashed where they come from: nothing is to be resolved or fetched.
            command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
            printed, complaint = _run([*command, "--vulnerability-service", self.service])
        try:
            dependencies = json.loads(printed)["dependencies"]
        except (ValueError, KeyError, TypeError):
            raise NotAuditedError(_complaint_of(complaint)) from None
        return _answer_of(dependencies)


@dataclass(frozen=True)
class NpmAudit:
    """`npm audit` of a package-lock.json; `node` and `npm` are those of the packaged Node."""

    node: Path
    npm: Path
    name: str = "npm audit"
    canary: Pin = Pin("minimist", "0.0.8")

    def ask(self, pins: Sequence[Pin]) -> Answer:
        from infra.cdk_command import npm_environment

        with tempfile.TemporaryDirectory() as folder:
            wanted = {pin.name: pin.version for pin in pins}
            Path(folder, "package.json").write_text(
                json.dumps({"name": "audited", "private": True, "dependencies": wanted})
            )
            Path(folder, "package-lock.json").write_text(json.dumps(_npm_lock(pins, wanted)))
            command = [str(self.node), str(self.npm), "audit", "--package-lock-only", "--json"]
            printed, complaint = _run(command, folder, npm_environment(self.node))
        try:
            found = json.loads(printed)["vulnerabilities"]
        except (ValueError, KeyError, TypeError):
            raise NotAuditedError(_complaint_of(complaint)) from None
        return Answer(
            tuple(Vulnerability(pin, _npm_advisories(found[pin.name])) for pin in pins if pin.name in found)
        )


def _answer_of(dependencies: Iterable[Mapping[str, Any]]) -> Answer:
    """pip-audit's JSON. A dependency it skipped has no version there, so the reason's text gives it."""
    vulnerabilities: list[Vulnerability] = []
    unknown: list[Pin] = []
    for one in dependencies:
        if "skip_reason" in one:
            version = re.search(r"\(([^()]+)\)\s*$", str(one["skip_reason"]))
            unknown.append(Pin(str(one["name"]), version[1] if version else "?"))
            continue
        pin = Pin(str(one["name"]), str(one["version"]))
        vulnerabilities += [
            Vulnerability(pin, (found["id"], *found.get("aliases", ())), tuple(found.get("fix_versions", ())))
            for found in one["vulns"]
        ]
    return Answer(tuple(vulnerabilities), tuple(unknown))


def _npm_lock(pins: Iterable[Pin], wanted: Mapping[str, str]) -> Mapping[str, Any]:
    packages: dict[str, Any] = {"": {"name": "audited", "dependencies": wanted}}
    packages |= {f"node_modules/{pin.name}": {"version": pin.version} for pin in pins}
    return {"name": "audited", "lockfileVersion": 3, "requires": True, "packages": packages}


def _npm_advisories(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of the advisories of one package, as they end their addresses."""
    urls = [str(via["url"]) for via in found.get("via", ()) if isinstance(via, Mapping) and "url" in via]
    return tuple(url.rpartition("/")[2] for url in urls) or ("unnamed",)


def audit(source: Source, pins: Sequence[Pin]) -> Answer:
    """What `source` says of `pins`, once it has shown with its canary that it knows anything.

    Raises NotAuditedError where it has not.
    """
    if not source.ask([source.canary]).vulnerabilities:
        raise NotAuditedError(f"it knows nothing of {source.canary}, which is known to be vulnerable")
    return source.ask(pins)


@dataclass(frozen=True)
class Accepted:
    """A vulnerability that is known and left for now."""

    id: str
    package: str
    reason: str
    until: dt.date


def accepted(file: Path = ACCEPTED) -> tuple[Accepted, ...]:
    """The list of `file`. Raises ValueError where an entry misses its reason or its day."""
    entries = tomllib.loads(file.read_text()).get("accepted", []) if file.exists() else []
    found: list[Accepted] = []
    for number, entry in enumerate(entries, 1):
        given = {key: entry.get(key) for key in ("id", "package", "reason", "until")}
        missing = [key for key, value in given.items() if not value]
        if missing or not isinstance(given["until"], dt.date):
            what = ", ".join(missing) or "until, a date such as 2027-01-31"
            raise ValueError(f"{file.name}: entry {number} needs {what}")
        found.append(Accepted(str(given["id"]), str(given["package"]), str(given["reason"]), given["until"]))
    return tuple(found)


def judge(
    found: Iterable[Vulnerability], list_: Iterable[Accepted], today: dt.date
) -> tuple[list[str], list[str]]:
    """Lines about what fails, and about what is accepted until a day to come."""
    entries = list(list_)
    failing: list[str] = []
    known: list[str] = []
    for one in found:
        fixed = f"; fixed in {', '.join(one.fixed_in)}" if one.fixed_in else "; no fixed version"
        line = f"{one.pin}: {' = '.join(one.names)}{fixed}"
        entry = next((a for a in entries if a.package == one.pin.name and a.id in one.names), None)
        if entry is None:
            failing.append(line)
        elif entry.until < today:
            failing.append(f"{line} (accepted until {entry.until}: {entry.reason})")
        else:
            known.append(f"{line} (accepted until {entry.until}: {entry.reason})")
    return failing, known


def locks(root: Path = ROOT) -> list[Path]:
    """Every file of the checkout that Python packages are installed from."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.txt"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return [
        root / name for name in listed if (root / name).exists() and _PIN.search((root / name).read_text())
    ]


def pins_of(files: Iterable[Path]) -> list[Pin]:
    """Every pin of the lock files once, whatever platform or Python it is for."""
    return sorted(
        {
            Pin(re.sub(r"[-_.]+", "-", name).lower(), version)
            for file in files
            for name, version in _PIN.findall(file.read_text())
        }
    )


def unhashed(files: Iterable[Path]) -> list[str]:
    """Pins without a hash, as `file: name version`."""
    found: list[str] = []
    for file in files:
        text = file.read_text()
        starts = [*_PIN.finditer(text)]
        ends = [match.start() for match in starts[1:]] + [len(text)]
        found += [
            f"{file}: {match[1]} {match[2]}"
            for match, end in zip(starts, ends, strict=True)
            if "--hash=sha256:" not in text[match.start() : end]
        ]
    return found


def npm_pins(lock: Path) -> list[Pin]:
    """The packages of a package-lock.json. Raises ValueError for one without its integrity."""
    packages: Mapping[str, Mapping[str, Any]] = json.loads(lock.read_text())["packages"]
    bare = [name for name, one in packages.items() if name and not one.get("integrity")]
    if bare:
        raise ValueError(f"{lock.name}: no integrity for {', '.join(bare)}")
    return [
        Pin(name.rpartition("node_modules/")[2], str(one["version"]))
        for name, one in packages.items()
        if name
    ]


def _each_once(pins: Sequence[Pin]) -> Iterator[list[Pin]]:
    """The pins, parted so that no part has two versions of a package."""
    left = sorted(pins)
    while left:
        part = list({pin.name: pin for pin in left}.values())
        yield part
        left = [pin for pin in left if pin not in part]


def _run(
    command: list[str], directory: str | None = None, environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=_WITHIN,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAuditedError(f"{type(error).__name__}: {error}"[:200]) from error
    return done.stdout, done.stderr


def _complaint_of(text: str) -> str:
    """What a failing command complains of, in a line, without the addresses it asked."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"[Ee]rror\b|\b[45]\d\d\b", line) and "log" not in line]
    line = (telling or lines or ["no answer"])[-1]
    return re.sub(r"https?://\S+|host='[^']*'", "…", line)[:160]


def _sources() -> Iterator[tuple[list[Source], list[Pin], str]]:
    """The ways to audit each kind of package, the first that answers being taken, and the pins of it."""
    python = pins_of(locks())
    yield [PipAudit("pypi"), PipAudit("osv")], python, "Python packages"
    from infra.cdk_command import node_and_npm

    node, npm = node_and_npm()
    yield (
        [NpmAudit(node, npm)],
        npm_pins(CDK_CLI / "package-lock.json"),
        "npm packages of the CDK command line",
    )


def main() -> int:
    files = locks()
    bare = unhashed(files)
    if bare:
        print("without a hash:", *bare, sep="\n  ")
    else:
        print(f"{len(files)} lock files, a hash for every pin")
    known = accepted()
    today = dt.datetime.now(dt.UTC).date()
    statuses = [report(sources, pins, what, known, today) for sources, pins, what in _sources()]
    return 1 if bare or 1 in statuses else max(statuses)


def report(
    sources: Sequence[Source],
    pins: Sequence[Pin],
    what: str,
    list_: Sequence[Accepted],
    today: dt.date,
) -> int:
    """Audit by the first of `sources` that answers and print how it went.

    Returns 0 when nothing is known of `pins` but what is accepted, 1 when something is, `UNDONE` when none answered.
    """
    reasons: list[str] = []
    for source in sources:
        try:
            answer = audit(source, pins)
        except NotAuditedError as error:
            reasons.append(f"{source.name}: {error}")
            continue
        failing, known = judge(answer.vulnerabilities, list_, today)
        print(f"audited by {source.name}: {len(pins) - len(answer.unknown)} {what}")
        if answer.unknown:
            print("not audited, unknown to the source:", ", ".join(map(str, answer.unknown)))
        for line in known:
            print("accepted:", line)
        for line in failing:
            print("VULNERABLE:", line)
        return 1 if failing else 0
    print(f"not audited: {len(pins)} {what}, for no source of advisories answered")
    for reason in reasons:
        print(" ", reason)
    return UNDONE


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
