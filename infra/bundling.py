"""What is uploaded: layers and code, made with uv for Lambda's own platform, without Docker.

A bundle's name is a digest of everything it is made from (locked requirements, sources, target), so the
same inputs give the same template on every machine and an unchanged bundle is never built or uploaded
again. Requirements come from the hashed locks beside each layer. Sources are compiled for the target's
Python: a function that has to compile at its start imports four times slower.

With `contents=False` a bundle is an empty stand-in under another digest: enough to synthesize and check
templates offline, impossible to mistake for the real one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools import console, native
from tools.node import NodeError

ROOT = Path(__file__).resolve().parent.parent
# The checkout's pinned uv, with this machine's index settings.
_UV = (sys.executable, str(ROOT / "tools" / "environment.py"), "uv")
_PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}

# Lambda's limit on a function's code and layers together, unpacked.
UNPACKED_LIMIT = 250 * 1024 * 1024

# A library that was built for this machine, beside its source: a bundle's own is built for its target.
_BUILT = "*.so.1"

# Left out of every bundle: what no import ever reads.
_LEFT_OUT = (
    "**/tests",
    "**/test",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.pyx",
    "**/*.c",
    "**/*.h",
    "**/*.hpp",
    "bin",
    "pyarrow/include",
    "pyarrow/src",
    # Arrow Flight is a network protocol, which we do not speak.
    "pyarrow/libarrow_flight*",
    "pyarrow/libarrow_python_flight*",
    "pyarrow/_flight*",
    # Arrow's own ways to object stores: ours goes through the SDK.
    "pyarrow/libarrow_s3*",
    "pyarrow/_s3fs*",
    "pyarrow/_gcsfs*",
    "pyarrow/_azurefs*",
    "pyarrow/_hdfs*",
    # Copies of a library under the names that a linker, not the loader, asks for.
    "pyarrow/libarrow*.so",
    "pyarrow/libarrow*.so.*.*.*",
    "pyarrow/_pyarrow_cpp_tests*",
    "numpy/f2py",
    "numpy/distutils",
    # The clients of other catalogues, and what pyiceberg's command line draws with.
    "hive_metastore",
    "fb303",
    "pyiceberg/cli",
    "rich",
    "pygments",
    "markdown_it",
    "mdurl",
    # zstandard's second implementation, for interpreters without C extensions.
    "zstandard/_cffi*",
)


_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
# Every service's description would count against the limit that the runtime's own SDK does not.
_SDK_SERVICES = {
    *("athena", "cloudwatch", "dynamodb", "glue", "kafka", "kms", "lambda", "logs", "rds", "rds-data", "s3"),
    *("secretsmanager", "sns", "sqs", "sts"),
}

Fill = Callable[[Path], None]


class BundlingError(RuntimeError):
    """A bundle could not be made; the message says what is missing."""


@dataclass(frozen=True)
class Bundle:
    """A folder, the archive of it that is uploaded, and the digest that names both."""

    path: Path
    digest: str

    @property
    def archive(self) -> Path:
        """The folder, packed: the same bytes for the same files, whenever they were written."""
        return self.path.with_name(f"{self.path.name}.zip")

    def unpacked_size(self) -> int:
        """Bytes the bundle takes once unpacked."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())


@dataclass(frozen=True)
class Bundler:
    """Makes bundles for one target under `output`.

    `architecture` None means the platform of this machine, for an emulator that runs functions here.
    `sdk` adds boto3 where the runtime has none of its own.
    """

    python: str
    architecture: str | None
    output: Path
    contents: bool = True
    sdk: bool = False
    root: Path = field(default=ROOT)

    def layer(self, name: str) -> Bundle:
        """The dependency layer `layers/<name>`: its locked requirements, without those the runtime layer has."""
        folder = self.root / "layers" / name
        if name == "sextant":
            return self._bundle(
                name,
                [folder / "python", self.root / "migrations", *native.inputs(self.root)],
                self._fill_own,
                layer=True,
            )
        lock = folder / "requirements.txt"
        carried = (
            () if name == "runtime" else tuple(_names(self.root / "layers" / "runtime" / "requirements.txt"))
        )
        inputs = [lock]
        if name == "runtime" and self.sdk:
            inputs.append(self.root / "requirements.txt")

        def fill(into: Path) -> None:
            python = into / "python"
            self._install(_without(lock.read_text(), carried), python)
            if name == "runtime" and self.sdk:
                self._install_sdk(python)
            _leave_out(python)

        return self._bundle(name, inputs, fill, layer=True, note=",".join(carried))

    def _fill_own(self, into: Path) -> None:
        """The package, and beside it the migrations: every function can ask what its release expects of the database."""
        _copy(self.root / "layers" / "sextant" / "python", into / "python")
        _copy(self.root / "migrations", into / "python" / "migrations")
        if not native.source_in(into / "python").exists():
            return
        try:
            native.build(self.architecture, into / "python")
        except native.NotBuiltError as error:
            raise BundlingError(str(error)) from error

    def function(self, package: str) -> Bundle:
        """The code of one function package, `functions/<package>`, importable as in the repository."""
        functions = self.root / "functions"
        shared = sorted(functions.glob("*.py"))

        def fill(into: Path) -> None:
            _copy(functions / package, into / "functions" / package)
            for file in shared:
                shutil.copy2(file, into / "functions" / file.name)

        return self._bundle(f"function-{package}", [functions / package, *shared], fill)

    def support(self) -> Bundle:
        """The handlers of the deployment itself, importable as in the repository."""
        handlers = self.root / "infra" / "handlers"
        lock = self.root / "requirements.txt"

        def fill(into: Path) -> None:
            if self.sdk:
                self._install_sdk(into)
            _copy(handlers, into / "infra" / "handlers")

        return self._bundle("support", [handlers, lock] if self.sdk else [handlers], fill)

    def console(self) -> Bundle:
        """The web console, built."""

        def fill(into: Path) -> None:
            try:
                console.build()
            except (console.ConsoleError, NodeError) as error:
                raise BundlingError(str(error)) from error
            shutil.copytree(console.BUILT, into, dirs_exist_ok=True)

        return self._bundle("console", console.inputs(), fill)

    def _bundle(
        self, name: str, inputs: Iterable[Path], fill: Fill, *, layer: bool = False, note: str = ""
    ) -> Bundle:
        digest = self._digest(name, inputs, note)
        path = self.output / f"{name}-{digest[:16]}"
        bundle = Bundle(path, digest)
        if bundle.archive.exists() and path.exists():
            return bundle
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        if self.contents:
            fill(path)
            self._compile(path, "/opt" if layer else "/var/task")
        else:
            (path / "NOT-BUNDLED").write_text("Made for synthesis only; deploy without contents=false.\n")
        _pack(path, bundle.archive)
        return bundle

    def _digest(self, name: str, inputs: Iterable[Path], note: str) -> str:
        digest = hashlib.sha256()
        # This file too: it may come to make something else of the same inputs.
        digest.update(Path(__file__).read_bytes())
        target = (
            name,
            self.python,
            self.architecture or sys.platform,
            str(self.contents),
            str(self.sdk),
            note,
        )
        digest.update("\0".join(target).encode())
        for path in inputs:
            for file in _sources(path):
                digest.update(f"\0{file.relative_to(self.root)}\0".encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def _install(self, requirements: str, into: Path) -> None:
        into.mkdir(parents=True, exist_ok=True)
        listed = into.parent / f"{into.name}.requirements"
        listed.write_text(requirements)
        platform = ["--python-platform", _PLATFORMS[self.architecture]] if self.architecture else []
        command = [
            *(*_UV, "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--target", str(into), "--python-version", self.python, *platform),
            *("--requirement", str(listed)),
        ]
        # No machine's caches or links into them: the copy is what is uploaded.
        environment = {**os.environ, "UV_LINK_MODE": "copy", "NO_COLOR": "1"}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise BundlingError(f"uv could not install the requirements of {into}:\n{done.stderr}")
        listed.unlink()
        (into / ".lock").unlink(missing_ok=True)

    def _install_sdk(self, into: Path) -> None:
        self._install(_only(self.root / "requirements.txt", _SDK), into)
        for described in (into / "botocore" / "data").iterdir():
            if described.is_dir() and described.name not in _SDK_SERVICES:
                shutil.rmtree(described)

    def _compile(self, path: Path, unpacked_at: str) -> None:
        """Compile for the target's Python; checked against nothing at import, since the bundle never changes.

        The bytecode names its source as Lambda unpacks it, not as it lies here.
        """
        command = [str(self._interpreter()), "-m", "compileall", "-q", "-j", "0"]
        done = subprocess.run(
            [
                *command,
                "--invalidation-mode",
                "unchecked-hash",
                "-s",
                str(path),
                "-p",
                unpacked_at,
                str(path),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise BundlingError(f"sources of {path.name} do not compile:\n{done.stdout}{done.stderr}")

    def _interpreter(self) -> Path:
        """A Python of the target's version, which alone writes the bytecode that version reads."""
        if self.python == f"{sys.version_info.major}.{sys.version_info.minor}":
            return Path(sys.executable)
        found = shutil.which(f"python{self.python}")
        candidates = [Path(found)] if found else []
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        candidates += sorted(pyenv.glob(f"{self.python}.*/bin/python"))
        managed = subprocess.run(
            [*_UV, "python", "find", self.python], check=False, capture_output=True, text=True
        )
        if managed.returncode == 0 and managed.stdout.strip():
            candidates.append(Path(managed.stdout.strip()))
        for candidate in candidates:
            if _version(candidate) == self.python:
                return candidate
        raise BundlingError(
            f"Python {self.python} is needed to compile for it: install it (`uv python install {self.python}`)"
        )


def _version(python: Path) -> str | None:
    script = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([str(python), "-c", script], check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def _sources(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts and not file.match(_BUILT):
            yield file


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*", _BUILT))


def _leave_out(folder: Path) -> None:
    libraries: set[str] = set()
    for pattern in _LEFT_OUT:
        for path in list(folder.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                if ".so" in path.suffixes:
                    libraries.add(path.name)
                path.unlink()
    for path in folder.rglob("*.so*"):
        # A library names those it needs as text of their own.
        content = path.read_bytes()
        missing = [name for name in libraries if f"\0{name}\0".encode() in content and name != path.name]
        if missing:
            raise BundlingError(f"{path.name} needs {', '.join(missing)}, which the bundle leaves out")


def _pack(folder: Path, archive: Path) -> None:
    """Write `archive` whole or not at all: its presence says that the bundle is complete."""
    unfinished = archive.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            entry.external_attr = (0o755 if ".so" in file.suffixes else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes())
    unfinished.replace(archive)


def _blocks(lock: str) -> Iterator[tuple[str, str]]:
    """Each requirement of a lock file: its normalised name, and its lines with their hashes."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        match = re.match(r"([A-Za-z0-9._-]+)", block)
        if match and "==" in block.splitlines()[0]:
            yield re.sub(r"[-_.]+", "-", match[1]).lower(), block.rstrip()


def _names(lock: Path) -> Iterator[str]:
    return (name for name, _ in _blocks(lock.read_text()))


def _without(lock: str, names: Iterable[str]) -> str:
    left_out = set(names)
    return "\n".join(block for name, block in _blocks(lock) if name not in left_out) + "\n"


def _only(lock: Path, names: Iterable[str]) -> str:
    wanted = set(names)
    return "\n".join(block for name, block in _blocks(lock.read_text()) if name in wanted) + "\n"
