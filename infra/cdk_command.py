"""The CDK's own command line, pinned by a lock file and installed once into `.tools/cdk`."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.bundling import ROOT
from infra.node import packaged_node

_SOURCE = Path(__file__).with_name("cdk_cli")
_INSTALLED = ROOT / ".tools" / "cdk"
_LOCK = "package-lock.json"


class CdkError(RuntimeError):
    """The command line could not be installed, or a command of it failed."""


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, log: Path, directory: Path = ROOT
) -> str:
    """Run `cdk <arguments>` in `directory` with `environment` alone, its output in `log`.

    Returns what it printed. Raises `CdkError` with the end of it when the command failed.
    """
    node, entry = _node(), installed()
    with log.open("ab+") as output:
        began = output.tell()
        done = subprocess.run(
            [str(node), str(entry), *arguments],
            cwd=directory,
            env={
                **environment,
                "JSII_NODE": str(node),
                "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(began)
        printed = output.read().decode(errors="replace")
    if done.returncode:
        raise CdkError(f"cdk {' '.join(arguments[:2])} failed; its log is {log}\n" + printed[-4000:])
    return printed


def installed() -> Path:
    """The command's script, installed from the lock where it is missing or another version."""
    entry = _INSTALLED / "node_modules" / "aws-cdk" / "bin" / "cdk"
    wanted = (_SOURCE / _LOCK).read_bytes()
    if entry.exists() and (_INSTALLED / _LOCK).exists() and (_INSTALLED / _LOCK).read_bytes() == wanted:
        return entry
    shutil.rmtree(_INSTALLED, ignore_errors=True)
    _INSTALLED.mkdir(parents=True)
    for name in ("package.json", _LOCK):
        shutil.copy2(_SOURCE / name, _INSTALLED / name)
    node = _node()
    done = subprocess.run(
        [
            str(node),
            str(_npm(node)),
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel",
            "error",
        ],
        cwd=_INSTALLED,
        env=npm_environment(node),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not entry.exists():
        (_INSTALLED / _LOCK).unlink(missing_ok=True)
        raise CdkError(f"npm could not install the CDK command line:\n{done.stdout}{done.stderr}")
    return entry


def npm_environment(node: Path) -> dict[str, str]:
    """This process's environment, with `node` first on the path and the machine's certificate authorities."""
    return {**_authorities(), **os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}


def _authorities() -> dict[str, str]:
    """Node trusts the authorities that it brings, and none that the machine was given (a company's proxy's) unless told."""
    paths = ssl.get_default_verify_paths()
    for file in (Path(paths.cafile or ""), Path(paths.capath or "", "ca-certificates.crt")):
        if file.is_file():
            return {"NODE_EXTRA_CA_CERTS": str(file)}
    return {}


def node_and_npm() -> tuple[Path, Path]:
    """The Node that the command line runs on, and npm as a script for it."""
    node = _node()
    return node, _npm(node)


def _node() -> Path:
    packaged = packaged_node()
    own = shutil.which("node")
    if packaged is None and own is None:
        raise CdkError("no Node is installed; run `make setup`")
    return packaged or Path(str(own))


def _npm(node: Path) -> Path:
    """npm as a script, beside the packaged Node or the machine's."""
    beside = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    found = shutil.which("npm")
    if beside.exists() or found is None:
        return beside
    return Path(found).resolve()
