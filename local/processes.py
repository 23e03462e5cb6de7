"""Child processes that never outlive the one that started them.

On Linux the kernel signals a child when the *thread* that forked it ends, so children are started from a
thread that lives as long as they should: the main one. Elsewhere each child ends by itself when its parent
is gone (the functions lose their Runtime API, local AWS watches its parent).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
# Looked up once, here: after the fork nothing may be imported.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

LOOPBACK = "127.0.0.1"


class ServerError(RuntimeError):
    """A server of the local system could not be started."""


@dataclass(frozen=True)
class Account:
    """An account of the operating system."""

    uid: int
    gid: int


def end_with_parent(end_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` by which the kernel sends the child `end_signal` when its parent is gone."""
    parent = os.getpid()

    def arrange() -> None:
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, int(end_signal), 0, 0, 0)
            if os.getppid() != parent:  # it went before the call
                os.kill(os.getpid(), end_signal)

    return arrange


def start(
    command: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    end_signal: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child with its output in `log`, out of reach of the terminal's Ctrl-C.

    `account` is whom to run as, when not as ourselves; only root can name one.
    """
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        cwd=directory,
        start_new_session=True,
        preexec_fn=end_with_parent(end_signal),  # noqa: PLW1509 (started from the main thread)
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def stop(
    process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM, within: float = 10
) -> None:
    """Asks the process to end and, when it has not `within` seconds, ends it."""
    if process.poll() is not None:
        return
    process.send_signal(by)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """A server in a child process of ours; what it serves is each subclass's own."""

    end_signal = signal.SIGTERM
    """What asks it to end in order."""
    end_within: float = 10
    """Seconds that it may take for that."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ends the server in order: what it keeps is on disk then."""
        if self._process is not None:
            stop(self._process, by=self.end_signal, within=self.end_within)
            self._process = None

    def kill(self) -> None:
        """Ends the server at once, as a power failure would; for tests of what survives."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def last_lines(log: Path) -> str:
    """The end of a log, for the message about a server that did not start."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-8:])


def choose_port(fixed: int, remembered: Path) -> int:
    """`fixed`, else the port that `remembered` holds from last time, else any free one, which it then holds."""
    if fixed:
        return fixed
    if remembered.exists() and port_is_free(port := int(remembered.read_text())):
        return port
    port = free_port()
    remembered.write_text(str(port))
    return port


def free_port() -> int:
    """A TCP port of the loopback interface that nothing listens on just now.

    Below the range from which the kernel takes the ports of outgoing connections: a port remembered for the
    next start is still free then.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        if port_is_free(port):
            return port
    raise OSError("no free port between 20000 and 32000")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and whose parent has not noticed does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return sys.platform != "linux"
    return state not in "ZX"


def allow_many_connections() -> None:
    """Raises the limit of open files to what the system allows: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError):  # macOS names a limit it does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
