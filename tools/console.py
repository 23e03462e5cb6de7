"""Builds the web console, checks it and tests it; Node comes from PyPI, its packages from `console/package-lock.json`.

`python -m tools.console build` writes `build/console`, unless it was built from the same sources: part of `make up`.
`… check` holds types and lint, `… test` runs the unit tests, `… types` writes the types of the API's document.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import node as nodes
from tools.audit import UNDONE
from tools.environment import ROOT

SOURCE = ROOT / "console"
BUILT = ROOT / "build" / "console"
_STAMP = ROOT / "build" / "console.built-from"
_SHARED = ROOT / "examples" / "first_scenarios.json"
_DOCUMENT = ROOT / "docs" / "api" / "openapi.yaml"
_TYPES = SOURCE / "src" / "api" / "schema.d.ts"
_TYPES_STAMP = SOURCE / "node_modules" / ".types-of"

# Sent with every file of the console beside its Content-Security-Policy, here as on AWS.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def content_security_policy(others: Iterable[str]) -> str:
    """Files of the same origin alone, nothing inline; `others` are the origins that are asked beside it (sign-in, stored files)."""
    asked = ["'self'", *others]
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: data:; "
        f"connect-src {' '.join(asked)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class ConsoleError(RuntimeError):
    """A tool of the console failed; the message is its own."""


def build() -> None:
    """Make `build/console` what the sources say. Raises `NodeError` and `ConsoleError`."""
    made_from = _fingerprint()
    if _STAMP.exists() and _STAMP.read_text() == made_from and (BUILT / "index.html").exists():
        return
    if not (SOURCE / "node_modules" / "typescript").exists():
        nodes.install(SOURCE, "--omit=dev")
    else:
        nodes.install(SOURCE)
    print("building the console", file=sys.stderr, flush=True)
    _run("vite/bin/vite.js", "build", "--logLevel", "warn")
    _STAMP.write_text(made_from)


def write_types() -> None:
    """Write the types of the API's document, where it has changed since. Raises `NodeError` and `ConsoleError`."""
    nodes.install(SOURCE)
    made_from = hashlib.sha256(_DOCUMENT.read_bytes()).hexdigest()
    if _TYPES.exists() and _TYPES_STAMP.exists() and _TYPES_STAMP.read_text() == made_from:
        return
    _run("openapi-typescript/bin/cli.js", str(_DOCUMENT), "--output", str(_TYPES))
    _TYPES_STAMP.write_text(made_from)


def check() -> None:
    """Types and lint. Raises `NodeError` and `ConsoleError`."""
    write_types()
    _run("typescript/bin/tsc", "--noEmit")
    _run("eslint/bin/eslint.js", ".")


def test() -> None:
    """The unit tests. Raises `NodeError` and `ConsoleError`."""
    nodes.install(SOURCE)
    _run("vitest/vitest.mjs", "run")


def _run(script: str, *arguments: str) -> None:
    node, _ = nodes.node_and_npm()
    command = [str(node), str(SOURCE / "node_modules" / script), *arguments]
    done = subprocess.run(
        command, cwd=SOURCE, env=nodes.environment(node), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise ConsoleError(f"{script} {' '.join(arguments[:1])} failed:\n{done.stdout}{done.stderr}")


def inputs() -> list[Path]:
    """All files that the build reads."""
    own = (path for path in (SOURCE / "src").rglob("*") if path.is_file() and path != _TYPES)
    named = (SOURCE / name for name in ("index.html", "vite.config.ts", "package.json", nodes.LOCK))
    return sorted([*own, *named, _SHARED])


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in inputs():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def main(command: str) -> int:
    commands = {"build": build, "check": check, "test": test, "types": write_types}
    try:
        commands[command]()
    except nodes.RegistryOutOfReachError as error:
        print(error, file=sys.stderr)
        return UNDONE
    except (nodes.NodeError, ConsoleError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
