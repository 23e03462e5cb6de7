"""The virtual environments of a checkout, each with exactly what its lock file names: `.venv` for the project, one in
`.tools` for everything whose pins would hold the project's back.

    environment.py [--to-run]         makes what `make` needs, or only what running the system needs
    environment.py --lock [--upgrade] writes the lock files from the `.in` files
    environment.py uv …               runs the pinned uv with this machine's index settings

Needs nothing but Python 3.11 or newer with pip or ensurepip. pip fetches uv, pinned and by hash, and uv installs the
rest. Where uv cannot reach the registry that pip reaches, pip installs the same lock files. The user's index settings
hold for both: uv reads UV_* and its own files, and takes over what pip alone is told (PIP_INDEX_URL, pip.conf …).
"""

from __future__ import annotations

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
PROJECT = ROOT / ".venv"
PACKAGE = ROOT / "layers" / "sextant"
_PACKAGES = (PACKAGE, ROOT / "clients" / "python")
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

# Source → the lock whose pins it must agree with.
_SOURCES = {
    "requirements.in": None,
    "layers/runtime/requirements.in": "requirements.txt",
    "layers/lake/requirements.in": "requirements.txt",
    "layers/outputs/requirements.in": "requirements.txt",
    "layers/webhooks/requirements.in": "requirements.txt",
    "layers/migrations/requirements.in": "requirements.txt",
    "local/ministack.in": None,
    "tools/uv.in": None,
    "tools/native.in": None,
    "tools/clients.in": None,
    "infra/checkov.in": None,
    "dbt/requirements.in": None,
    "bench/second_opinion/requirements.in": None,
    "tests/chaos/faketime.in": None,
}


def _run(*command: str | Path) -> bool:
    """Runs a command and tells whether it ended well. Not on standard output: `TOKEN=$(make token)` reads that."""
    return subprocess.run([*map(str, command)], cwd=ROOT, check=False, stdout=sys.stderr).returncode == 0


def _answer(*command: str | Path) -> str | None:
    """What a command prints; None where it fails."""
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def _interpreter() -> str:
    """A Python that is new enough and in no virtual environment: the running one's, else the first on PATH."""
    if sys.version_info >= OLDEST_PYTHON:
        return str(getattr(sys, "_base_executable", sys.executable))
    for name in ("python3.13", "python3.12", "python3.11"):
        python = shutil.which(name)
        if python and _answer(python, "-c", "") is not None:
            return python
    sys.exit("Sextant needs Python 3.11 or newer; set PYTHON, e.g. `make setup PYTHON=/usr/bin/python3.12`.")


def _pip(python: str) -> list[str]:
    """pip as a command: the interpreter's own, or else that of a virtual environment which ensurepip fills."""
    if _answer(python, "-m", "pip", "--version") is None:
        python, base = str(TOOLS / "pip" / "bin" / "python"), python
        if not Path(python).exists() and not _run(base, "-m", "venv", TOOLS / "pip"):
            sys.exit(f"{base} has neither pip nor ensurepip: install one of them")
    return [python, "-m", "pip"]


def _use_index_settings(pip: list[str]) -> None:
    """Carries pip's index settings over for uv, where uv has none of its own."""
    # Whoever it runs as, pip changes nothing but folders of this checkout.
    os.environ.update(UV_NO_PROGRESS="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    # A busy machine takes longer than uv's minute for the largest module.
    os.environ.setdefault("UV_COMPILE_BYTECODE_TIMEOUT", "600")
    os.environ.pop("VIRTUAL_ENV", None)
    if any(name in os.environ for name in _UV_SETS_INDEX):
        return
    for line in (_answer(*pip, "config", "list") or "").splitlines():
        # Lines read `global.index-url='…'` or `:env:.index-url='…'`, the stronger source last.
        key, _, value = line.partition("=")
        variable = _PIP_TO_UV.get(key.rpartition(".")[2])
        if variable:
            os.environ.setdefault(variable, " ".join(shlex.split(value)))


def _uv(pip: list[str]) -> str | None:
    """The pinned uv, fetched when it is missing; the user's own where pip cannot fetch it; None without either."""
    folder, lock = TOOLS / "uv", ROOT / "tools" / "uv.txt"
    uv, copy = folder / "bin" / "uv", folder / "uv.txt"
    if not (uv.exists() and copy.exists() and copy.read_bytes() == lock.read_bytes()):
        shutil.rmtree(folder, ignore_errors=True)
        if not _run(*pip, "install", "--quiet", "--require-hashes", "-r", lock, "--target", folder):
            return shutil.which("uv")
        shutil.copy(lock, copy)
    return str(uv)


def _install(venv: Path, lock: Path) -> None:
    """Makes `venv` from `lock`, unless it was made from the same lock by the same interpreter."""
    python = _interpreter()
    packages = _PACKAGES if venv == PROJECT else ()
    inputs = [Path(__file__), lock, *(package / "pyproject.toml" for package in packages)]
    made_from = [
        str(Path(python).resolve()),
        str(_answer(python, "-VV")),
        *(file.read_text() for file in inputs),
    ]
    fingerprint = hashlib.sha256("\0".join(made_from).encode()).hexdigest()
    stamp, own_python = venv / "sextant-lock", venv / "bin" / "python"
    if own_python.exists() and stamp.exists() and stamp.read_text() == fingerprint:
        return
    print(f"setting up {venv.relative_to(ROOT)} from {lock.relative_to(ROOT)}", file=sys.stderr, flush=True)
    pip = _pip(python)
    _use_index_settings(pip)
    uv = _uv(pip)
    # The packages build with the backend that the lock pins, so nothing is fetched for them.
    ours = ["--quiet", "--no-deps", "--no-build-isolation"]
    for package in packages:
        ours += ["--editable", str(package)]
    by_uv = uv is not None and (
        _run(uv, "venv", "--quiet", "--clear", "--python", python, venv)
        and _run(
            uv,
            "pip",
            "sync",
            "--quiet",
            "--require-hashes",
            "--compile-bytecode",
            "--python",
            own_python,
            lock,
        )
        and (not packages or _run(uv, "pip", "install", *ours, "--python", own_python))
    )
    if not by_uv:
        print("uv could not install the requirements; pip tries", file=sys.stderr, flush=True)
        into = [*pip, "--python", str(own_python), "install"]
        by_pip = (
            _run(python, "-m", "venv", "--clear", "--without-pip", venv)
            and _run(*into, "--quiet", "--require-hashes", "-r", lock)
            and (not packages or _run(*into, *ours))
        )
        if not by_pip:
            sys.exit(f"could not install {lock.relative_to(ROOT)}; see the messages above")
    stamp.write_text(fingerprint)


def _each(*environments: tuple[Path, Path]) -> None:
    """Makes environments, one process at a time."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for venv, lock in environments:
            _install(venv, lock)


def python_of(name: str, lock: Path) -> Path:
    """The interpreter of the environment `.tools/<name>`, which is made from `lock` on first use."""
    _each((TOOLS / name, lock))
    return TOOLS / name / "bin" / "python"


def set_up(*, to_run: bool) -> None:
    running = [(PROJECT, ROOT / "requirements.txt"), (TOOLS / "ministack", ROOT / "local" / "ministack.txt")]
    checking = [
        (TOOLS / "checkov", ROOT / "infra" / "checkov.txt"),
        (TOOLS / "clients", ROOT / "tools" / "clients.txt"),
        (TOOLS / "dbt", ROOT / "dbt" / "requirements.txt"),
    ]
    _each(*running, *([] if to_run else checking))
    # Without it storages are solved in plain Python: the same results, later.
    if not _run(PROJECT / "bin" / "python", "-m", "tools.native"):
        print("no library for storages could be built; plain Python solves them", file=sys.stderr)
    if not _run(PROJECT / "bin" / "python", "-m", "tools.console", "build"):
        print("the console is not built; the API serves without it", file=sys.stderr)


def lock_all(uv: str, *options: str) -> None:
    """Writes the lock files. A pin that is there already stays, unless `--upgrade` is among the options."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url"]
    command += [
        "--no-strip-extras",
        "--python-version",
        "3.11",
        "--custom-compile-command",
        "make lock",
        *options,
    ]
    for source, agreeing in _SOURCES.items():
        target = Path(source).with_suffix(".txt")
        if not _run(
            *command, *(["--constraint", agreeing] if agreeing else []), source, "--output-file", target
        ):
            sys.exit(f"could not lock {source}")


def main(arguments: list[str]) -> None:
    if arguments[:1] not in (["uv"], ["--lock"]):
        set_up(to_run="--to-run" in arguments)
        return
    pip = _pip(_interpreter())
    _use_index_settings(pip)
    uv = _uv(pip) or sys.exit("uv is needed and could not be installed")
    if arguments[0] == "uv":
        os.execv(uv, [uv, *arguments[1:]])  # noqa: S606 - this process becomes uv
    lock_all(uv, *arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
