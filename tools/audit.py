"""Known vulnerabilities in what the lock files pin: pip-audit asks for Python, `npm audit` for npm's packages.

Both ask a source of advisories on the network. A source that cannot be reached has audited nothing, and neither has one
that does not know an old vulnerability (a mirror without advisories answers "none found" to everything). Then the
exit status is 75, which tools/check.py shows as undone: the outage of a service must not stop the work. A vulnerability
fails, unless `tools/accepted_vulnerabilities.toml` gives the reason and the day until which it is accepted.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ACCEPTED = ROOT / "tools" / "accepted_vulnerabilities.toml"

# sysexits.h: the answer cannot be had now, and may be had later.
UNDONE = 75

# Versions that are known to be vulnerable, which a source worth its name reports.
_PYTHON_CANARY = "jinja2==2.11.2\n"
_NPM_CANARY = ("minimist", "0.0.8")


def accepted(today: dt.date, file: Path = ACCEPTED) -> list[str]:
    """The ids that are accepted on `today`. Raises ValueError where an entry misses one of its four fields."""
    ids: list[str] = []
    for number, entry in enumerate(tomllib.loads(file.read_text()).get("accepted", []), 1):
        missing = [key for key in ("id", "package", "reason", "until") if not entry.get(key)]
        if missing or not isinstance(entry["until"], dt.date):
            what = ", ".join(missing) or "until, a date such as 2027-01-31"
            raise ValueError(f"{file.name}: entry {number} needs {what}")
        if entry["until"] >= today:
            ids.append(entry["id"])
    return ids


def locks() -> list[Path]:
    """Every file of the checkout that Python packages are installed from."""
    return [file for file in _files("*.txt") if "--hash=" in file.read_text()]


def npm_folders() -> list[Path]:
    """Every folder of the checkout that npm's packages are installed from."""
    return [file.parent for file in _files("*package-lock.json")]


def _files(pattern: str) -> list[Path]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [ROOT / name for name in names]


def pip_audit(requirements: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """pip-audit of a lock file: it resolves and fetches nothing, and refuses a pin without a hash among others with."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--requirement", str(requirements)]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", *options]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def npm_audit(folder: Path) -> Mapping[str, Any] | None:
    """The packages of a package-lock.json that npm knows to be vulnerable; None where it has no answer."""
    from tools.node import environment, node_and_npm

    node, npm = node_and_npm()
    command = [str(node), str(npm), "audit", "--package-lock-only", "--json"]
    done = subprocess.run(
        command, cwd=folder, env=environment(node), check=False, capture_output=True, text=True
    )
    try:
        vulnerabilities: Mapping[str, Any] = json.loads(done.stdout)["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return None
    return vulnerabilities


def audit_python(files: Collection[Path], ids: Collection[str]) -> int:
    """0 where nothing is known of the pins of `files` but `ids`, 1 where something is, else UNDONE."""
    for service in ("pypi", "osv"):
        asked = ("--vulnerability-service", service)
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as canary:
            canary.write(_PYTHON_CANARY)
            canary.flush()
            if '"fix_versions"' not in pip_audit(Path(canary.name), "--format", "json", *asked).stdout:
                continue
        print(f"audited by pip-audit ({service}): {len(files)} lock files")
        ignored = [option for id_ in ids for option in ("--ignore-vuln", id_)]
        audits = [pip_audit(file, *asked, *ignored) for file in files]
        for file, done in zip(files, audits, strict=True):
            if done.returncode:
                print(f"{file}:\n{done.stdout}{done.stderr}")
        return int(any(done.returncode for done in audits))
    print("not audited: Python packages, for no source of advisories answered")
    return UNDONE


def audit_npm(folder: Path, ids: Collection[str]) -> int:
    """The same for the package-lock.json of `folder`."""
    name, version = _NPM_CANARY
    with tempfile.TemporaryDirectory() as canary:
        package = {"name": "canary", "dependencies": {name: version}}
        packages = {"": package, f"node_modules/{name}": {"version": version}}
        Path(canary, "package.json").write_text(json.dumps(package))
        Path(canary, "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))
        known = npm_audit(Path(canary))
    vulnerable = npm_audit(folder) if known else None
    if vulnerable is None:
        print(f"not audited: npm packages of {folder.name}, for no source of advisories answered")
        return UNDONE
    print(f"audited by npm audit: {folder.name}")
    advisories = {
        f"{package}: {via['title']} {via['url']}": via["url"].rpartition("/")[2]
        for package, entry in vulnerable.items()
        for via in entry["via"]
        # A text names another package of this list.
        if isinstance(via, Mapping)
    }
    failing = [line for line, id_ in advisories.items() if id_ not in ids]
    print(*failing, sep="\n", end="\n" if failing else "")
    return int(bool(failing))


def main() -> int:
    ids = accepted(dt.datetime.now(dt.UTC).date())
    statuses = (audit_python(locks(), ids), *(audit_npm(folder, ids) for folder in npm_folders()))
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
