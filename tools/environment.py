"""Makes the virtual environments of a checkout: `.venv` for the project, `.tools/ministack` for local AWS,
`.tools/checkov` for the policy check of the templates (its pins would hold the project's back).

Needs nothing but Python 3.11 or newer and pip. uv is fetched from the package registry, pinned and by
hash, into `.tools/bootstrap`; should it be unable to reach the registry that pip reaches, pip installs the
same locked and hashed requirements itself. Running it again does nothing unless a lock file or the
interpreter changed. `--lock` writes the lock files anew from the `.in` files.

The user's index settings hold for both installers: uv reads UV_* and its own files, and what pip alone is
told (PIP_INDEX_URL, PIP_CERT, pip.conf …) is passed on to it.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
OLDEST_PYTHON = (3, 11)

# pip's setting → the variable by which uv takes the same.
_PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_UV_SETS_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_CONFIG_FILE")

_SYNC_OPTIONS = ("--quiet", "--require-hashes", "--compile-bytecode")

_LOCKS = (
    ("requirements.in", "requirements.txt", None),
    ("layers/runtime/requirements.in", "layers/runtime/requirements.txt", "requirements.txt"),
    ("layers/lake/requirements.in", "layers/lake/requirements.txt", "requirements.txt"),
    ("layers/migrations/requirements.in", "layers/migrations/requirements.txt", "requirements.txt"),
    ("local/ministack.in", "local/ministack.txt", None),
    ("tools/uv.in", "tools/uv.txt", None),
    ("infra/checkov.in", "infra/checkov.txt", None),
)


def _say(text: str) -> None:
    """Not on standard output: `TOKEN=$(make token)` reads that."""
    print(text, file=sys.stderr, flush=True)


def _run(command: list[str], env: dict[str, str] | None = None) -> bool:
    """Runs a command with its output shown; true when it ended well."""
    return subprocess.run(command, cwd=ROOT, env=env, check=False, stdout=sys.stderr).returncode == 0


def _interpreter() -> str:
    """A Python that is new enough: the running one, else the first of its newer names on PATH."""
    if sys.version_info >= OLDEST_PYTHON:
        return sys.executable
    for name in ("python3.13", "python3.12", "python3.11"):
        found = shutil.which(name)
        if found and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0:
            return found
    sys.exit("Sextant needs Python 3.11 or newer; set PYTHON, e.g. `make setup PYTHON=/usr/bin/python3.12`.")


def installer_environment(python: str) -> dict[str, str]:
    """The process environment, with pip's index settings carried over for uv where uv has none."""
    env = dict(os.environ, UV_NO_PROGRESS="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    env.pop("VIRTUAL_ENV", None)
    if any(name in env for name in _UV_SETS_INDEX):
        return env
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout
    for line in listed.splitlines():
        # Lines read `global.index-url='…'` or `:env:.index-url='…'`, the stronger source last.
        key, _, value = line.partition("=")
        variable = _PIP_TO_UV.get(key.rpartition(".")[2])
        if variable:
            env.setdefault(variable, " ".join(shlex.split(value)))
    return env


def _venv_python(venv: Path) -> Path:
    return venv / "bin" / "python"


def _make_bare_venv(python: str, venv: Path, env: dict[str, str]) -> bool:
    """A virtual environment with pip in it, by the standard library."""
    return _run([python, "-m", "venv", "--clear", str(venv)], env)


def _uv(python: str, env: dict[str, str]) -> str | None:
    """The pinned uv, fetched when missing; the user's own where pip can't fetch it; none when neither is there."""
    venv = TOOLS / "bootstrap"
    uv = venv / "bin" / "uv"
    wanted = _fingerprint(python, ROOT / "tools" / "uv.txt")
    if uv.exists() and _stamp(venv) == wanted:
        return str(uv)
    locked = ["install", "--quiet", "--require-hashes", "-r", str(ROOT / "tools" / "uv.txt")]
    if _make_bare_venv(python, venv, env) and _run([str(_venv_python(venv)), "-m", "pip", *locked], env):
        _write_stamp(venv, wanted)
        return str(uv)
    # Debian splits ensurepip off; pip itself may still be there and can fill a folder.
    shutil.rmtree(venv, ignore_errors=True)
    if _run([python, "-m", "pip", *locked, "--target", str(venv)], env) and uv.exists():
        _write_stamp(venv, wanted)
        return str(uv)
    return shutil.which("uv")


def _fingerprint(python: str, *files: Path) -> str:
    digest = hashlib.sha256(_version(python) + python.encode())
    for file in (Path(__file__), *files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _version(python: str) -> bytes:
    return subprocess.run([python, "-VV"], check=False, capture_output=True).stdout


def _stamp(venv: Path) -> str:
    stamp = venv / "sextant-lock"
    return stamp.read_text() if stamp.exists() else ""


def _write_stamp(venv: Path, value: str) -> None:
    (venv / "sextant-lock").write_text(value)


def _install(python: str, venv: Path, lock: Path, env: dict[str, str]) -> None:
    """Brings `venv` to exactly what `lock` names."""
    wanted = _fingerprint(python, lock)
    if _venv_python(venv).exists() and _stamp(venv) == wanted:
        return
    _say(f"setting up {venv.relative_to(ROOT)} from {lock.relative_to(ROOT)}")
    uv = _uv(python, env)
    (venv / "sextant-lock").unlink(missing_ok=True)
    if _venv_python(venv).exists() and _version(str(_venv_python(venv))) != _version(python):
        shutil.rmtree(venv)
    done = uv is not None and (
        (_venv_python(venv).exists() or _run([uv, "venv", "--quiet", "--python", python, str(venv)], env))
        and _run(
            [uv, "pip", "sync", *_SYNC_OPTIONS, "--python", str(_venv_python(venv)), str(lock)],
            env,
        )
    )
    if not done:
        _say("uv could not install the requirements; pip tries")
        shutil.rmtree(venv, ignore_errors=True)
        pip = [str(_venv_python(venv)), "-m", "pip", "install", "--quiet", "--require-hashes"]
        if not (_make_bare_venv(python, venv, env) and _run([*pip, "-r", str(lock)], env)):
            sys.exit(f"could not install {lock.relative_to(ROOT)}; see the messages above")
    if venv == ROOT / ".venv":
        _put_checkout_on_path(venv)
    _write_stamp(venv, wanted)


def _put_checkout_on_path(venv: Path) -> None:
    """`import sextant`, `import functions`, `import local` work without PYTHONPATH."""
    paths = subprocess.run(
        [str(_venv_python(venv)), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    lines = f"{ROOT}\n{ROOT / 'layers' / 'sextant' / 'python'}\n"
    (Path(paths) / "sextant-checkout.pth").write_text(lines)


def set_up(*, to_run: bool) -> None:
    python = _interpreter()
    env = installer_environment(python)
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install_all(python, env, to_run=to_run)


def _install_all(python: str, env: dict[str, str], *, to_run: bool) -> None:
    _install(python, ROOT / ".venv", ROOT / "requirements.txt", env)
    _install(python, TOOLS / "ministack", ROOT / "local" / "ministack.txt", env)
    if not to_run:
        _install(python, TOOLS / "checkov", ROOT / "infra" / "checkov.txt", env)


def lock(*, upgrade: bool) -> None:
    """Writes the lock files; pins already there are kept unless `upgrade`."""
    python = _interpreter()
    env = installer_environment(python)
    uv = _uv(python, env)
    if uv is None:
        sys.exit("uv is needed to lock and could not be installed")
    for source, target, constraints in _LOCKS:
        command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url"]
        command += ["--no-strip-extras", "--python-version", "3.11", "--custom-compile-command", "make lock"]
        command += ["--constraint", constraints] if constraints else []
        command += ["--upgrade"] if upgrade else []
        if not _run([*command, source, "--output-file", target], env):
            sys.exit(f"could not lock {source}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lock", action="store_true", help="write the lock files from the .in files")
    parser.add_argument("--upgrade", action="store_true", help="with --lock: take newer versions")
    parser.add_argument("--to-run", action="store_true", help="only what running the system needs")
    options = parser.parse_args()
    if options.lock:
        lock(upgrade=options.upgrade)
    else:
        set_up(to_run=options.to_run)


if __name__ == "__main__":
    main()
