"""`sextant` as it is installed, in a pipe or at a terminal, against the running system."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from local.running import RunningSystem
from sextant_client.cli import exits
from sextant_client.cli.app import app

SEXTANT = Path(sys.executable).with_name("sextant")


class Shell:
    """Runs `sextant` with a home of its own."""

    def __init__(self, system: RunningSystem, home: Path) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.home = home
        self.environment = {
            **kept,
            "SEXTANT_URL": system.url,
            "SEXTANT_TENANT": "shell",
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "XDG_STATE_HOME": str(home),
            "TERM": "xterm-256color",
            "COLUMNS": "120",
        }

    def data(self, *words: str, **environment: str) -> Any:
        """What a command that succeeds answers as JSON."""
        done = self.here(*words, "--json", **environment)
        assert done.returncode == exits.OK, done.stderr
        return json.loads(done.stdout)

    def here(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """As `run`, in this process: what takes its time is starting another one."""
        nothing: dict[str, str | None] = dict.fromkeys(os.environ)
        with chdir(self.home):
            done = CliRunner().invoke(app, words, env={**nothing, **self.environment, **environment})
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SEXTANT, *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.home,
            env={**self.environment, **environment},
        )

    def at_a_terminal(self, *words: str) -> tuple[int, str]:
        """The exit status, and what stands on the terminal."""
        status: list[int] = []
        shown = bytearray()

        def read(descriptor: int) -> bytes:
            content = os.read(descriptor, 65536)
            shown.extend(content)
            return content

        before, folder = dict(os.environ), Path.cwd()
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.home)
        try:
            status.append(pty.spawn([str(SEXTANT), *words], read))
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.chdir(folder)
        return os.waitstatus_to_exitcode(status[0]), shown.decode()
