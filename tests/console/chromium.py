"""A real Chromium from the npm package `@sparticuz/chromium`, unpacked once into `.tools/browser`; and axe from its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from tools import node as nodes
from tools.environment import ROOT

_SOURCE = Path(__file__).with_name("browser")
_HOME = ROOT / ".tools" / "browser"
_UNPACK = """
const { createReadStream, createWriteStream } = require("fs"), { createBrotliDecompress } = require("zlib");
createReadStream(process.argv[1]).pipe(createBrotliDecompress()).pipe(createWriteStream(process.argv[2], { mode: 0o755 }));
"""
ARGUMENTS = ("--no-sandbox", "--headless=new", "--disable-gpu", "--font-render-hinting=none")


def installed() -> Path:
    """The browser, installed on first use. Raises `NodeError`."""
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for name in ("package.json", nodes.LOCK):
            shutil.copy2(_SOURCE / name, _HOME / name)
        nodes.install(_HOME)
        packed = _HOME / "node_modules" / "@sparticuz" / "chromium" / "bin"
        browser = _HOME / "chromium"
        if not browser.exists() or browser.stat().st_mtime < (packed / "chromium.br").stat().st_mtime:
            for archive in ("fonts.tar", "al2023.tar"):
                _unpack(packed / f"{archive}.br", _HOME / archive)
                with tarfile.open(_HOME / archive) as files:
                    # Python before 3.11.4 has no filters.
                    files.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
                    files.extractall(_HOME)
            _unpack(packed / "chromium.br", _HOME / "chromium.part")
            (_HOME / "chromium.part").replace(browser)
            os.utime(browser)
    return browser


def environment() -> dict[str, str | float | bool]:
    """The variables that the browser needs: where the libraries are that it brings, and fonts."""
    libraries = ":".join(filter(None, (os.environ.get("LD_LIBRARY_PATH"), str(_HOME / "lib"))))
    return {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": str(_HOME / "fonts")}


def axe() -> str:
    """axe-core's script."""
    installed()
    return (_HOME / "node_modules" / "axe-core" / "axe.min.js").read_text()


def _unpack(packed: Path, into: Path) -> None:
    node, _ = nodes.node_and_npm()
    subprocess.run([str(node), "-e", _UNPACK, str(packed), str(into)], check=True)
