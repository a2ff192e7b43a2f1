"""Every service as a process of its own, on running backends."""

import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.readmodel.migrations import migrate
from mitodoke_local.backends import Backends
from mitodoke_local.children import Child, Ending
from mitodoke_local.errors import NotReadyError, RunnerError
from mitodoke_local.health import Health
from mitodoke_local.parallel import blocking, side_by_side
from mitodoke_local.progress import Progress
from mitodoke_local.waiting import until

SERVICES = (
    "leasing",
    "returns",
    "wipe",
    "transport",
    "destruction",
    "oversight",
    "projection",
    "dashboard",
    "alerting",
    "live",
)
WITH_PAGES = ("dashboard", "live")
ADMINISTRATOR = "mitodoke-operator"

CommandFactory = Callable[[str], Sequence[str]]


def serve_command(service: str) -> Sequence[str]:
    """The command that runs one service."""
    return (sys.executable, "-m", "mitodoke.cli", "serve", service)


@dataclass
class _Process:
    """One process of a service: which, where it listens, and its latest incarnation."""

    service: str
    address: str
    page: str | None
    child: Child


class System:
    """The running services, each with its address; any of them can be killed, stopped and started again.

    A process goes by its service's name; a second one of the same service by `NAME-2`, and so on.
    """

    def __init__(
        self,
        backends: Backends,
        *,
        database: str,
        topic_namespace: str,
        folder: Path,
        alertmanager: str | None,
        environment: Mapping[str, str],
        command: CommandFactory,
    ) -> None:
        self.backends = backends
        self.database = database
        self.topic_namespace = topic_namespace
        self.dev_secret = secrets.token_urlsafe(32)
        self.administrator = ADMINISTRATOR
        self.folder = folder
        self.running_file = folder / "running.json"
        self._alertmanager = alertmanager
        self._environment = dict(environment)
        self._command = command
        self._processes: dict[str, _Process] = {}
        self._ports: list[int] = []

    @classmethod
    @contextmanager
    def start(
        cls,
        backends: Backends,
        *,
        services: Sequence[str] = SERVICES,
        database: str | None = None,
        topic_namespace: str = "",
        folder: Path | None = None,
        alertmanager: str | None = None,
        environment: Mapping[str, str] | None = None,
        command: CommandFactory | None = None,
        limit: float = 60.0,
        progress: Progress | None = None,
    ) -> Iterator["System"]:
        """Make topics and tables, start `services`, and wait until each reports SERVING; stop them on leaving.

        `database` is a dsn (default: the database `mitodoke` of the backends); `folder` is where logs and
        running.json go (default: the backends' folder); `environment` is added to that of every service; `command`
        gives the command of a service (default: `serve_command`).

        Raises ChildDiedError or NotReadyError with the last lines of the log of the service that failed.
        """
        progress = progress or Progress.silent()
        system = cls(
            backends,
            database=database or backends.database.create_database("mitodoke"),
            topic_namespace=topic_namespace,
            folder=folder or backends.folder.path,
            alertmanager=alertmanager,
            environment=environment or {},
            command=command or serve_command,
        )
        with progress.shown():
            with progress.step("Making topics and tables"):
                system._prepare()
            try:
                if services:
                    with progress.step("Starting the services", len(services)) as advance:
                        for service in services:
                            system._start_process(service, service)
                        system.wait_serving(limit=limit, each=advance)
                system._write_running_file()
                yield system
            finally:
                system._stop_all()

    def address(self, service: str) -> str:
        """Host and port of a service's gRPC server."""
        return self._process(service).address

    def page(self, service: str) -> str:
        """The http:// address of a service's pages."""
        page = self._process(service).page
        if page is None:
            raise RunnerError(f"{service} has no pages; those that have: {', '.join(WITH_PAGES)}")
        return f"http://{page}"

    def child(self, service: str) -> Child:
        """The process of a service."""
        return self._process(service).child

    def kill(self, service: str) -> None:
        """End a service at once (SIGKILL)."""
        self.child(service).kill()

    def stop(self, service: str) -> None:
        """Shut a service down in order (SIGTERM)."""
        self.child(service).stop()

    def restart(self, service: str, *, wait: bool = True) -> None:
        """Start a service that was killed or stopped, on the same address."""
        process = self._process(service)
        if process.child.running():
            process.child.stop()
        process.child = self._launch(service, process.service, process.address, process.page)
        if wait:
            self.wait_serving(service)

    def start_another(self, service: str, *, wait: bool = True) -> str:
        """Start one more process of a service, such as a second projection; return its name (`projection-2`)."""
        number = 2
        while f"{service}-{number}" in self._processes:
            number += 1
        name = f"{service}-{number}"
        self._start_process(name, service)
        if wait:
            self.wait_serving(name)
        return name

    def wait_serving(
        self, *services: str, limit: float = 60.0, each: Callable[[], None] = lambda: None
    ) -> None:
        """Wait until the named processes (all, if none is named) report SERVING; call `each` for every one that does.

        Raises ChildDiedError or NotReadyError with the last lines of the log of the one that failed.
        """

        def wait(name: str) -> None:
            process = self._process(name)
            child = process.child
            with Health(process.address) as health:
                served = until(lambda: not child.running() or health.serving(), limit=limit, every=0.05)
                if not child.running():
                    raise child.death()
                if not served:
                    raise NotReadyError(
                        f"{name} does not report SERVING on {process.address} after {limit:.0f} s ({health.last}). "
                        f"The last lines of {child.log}:\n\n{child.log_tail()}\n"
                    )
            each()

        names = services or tuple(self._processes)
        side_by_side([lambda name=name: wait(name) for name in names])  # type: ignore[misc]  # bound per name

    def _prepare(self) -> None:
        async def make_tables() -> None:
            connection = await asyncpg.connect(self.database)
            try:
                await migrate(connection)
            finally:
                await connection.close()

        async def make_topics() -> None:
            await create_topics(self.backends.kafka, Topics.named(self.topic_namespace))

        side_by_side([lambda: blocking(make_tables()), lambda: blocking(make_topics())])

    def _process(self, name: str) -> _Process:
        try:
            return self._processes[name]
        except KeyError:
            raise RunnerError(
                f"There is no process {name} here. Those that were started: {', '.join(self._processes)}"
            ) from None

    def _start_process(self, name: str, service: str) -> None:
        address = self._claim(name)
        page = self._claim(f"{name}-http") if service in WITH_PAGES else None
        self._processes[name] = _Process(service, address, page, self._launch(name, service, address, page))

    def _launch(self, name: str, service: str, address: str, page: str | None) -> Child:
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "MITODOKE_KAFKA": self.backends.kafka,
            "MITODOKE_DATABASE": self.database,
            "MITODOKE_LISTEN": address,
            "MITODOKE_DEV_SECRET": self.dev_secret,
            "MITODOKE_ADMINISTRATOR": self.administrator,
            "MITODOKE_TOPIC_NAMESPACE": self.topic_namespace,
        }
        if page is not None:
            environment["MITODOKE_HTTP"] = page
        if self._alertmanager is not None:
            environment["MITODOKE_ALERTMANAGER"] = self._alertmanager
        return self.backends.children.start(
            name,
            self._command(service),
            log=self.folder / "logs" / f"{name}.log",
            environment={**environment, **self._environment},
            ending=Ending(),
        )

    def _claim(self, name: str) -> str:
        port = self.backends.ports.claim(name)
        self._ports.append(port)
        return f"127.0.0.1:{port}"

    def _write_running_file(self) -> None:
        content = {
            "services": {name: process.address for name, process in self._processes.items()},
            "http": {name: f"http://{each.page}" for name, each in self._processes.items() if each.page},
            "kafka": self.backends.kafka,
            "database": self.database,
            "dev_secret": self.dev_secret,
            "administrator": self.administrator,
            "topic_namespace": self.topic_namespace,
        }
        self.backends.children.remove_at_end(self.running_file)
        new = self.running_file.with_name("running.json.new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600, exist_ok=False)
        new.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        new.replace(self.running_file)

    def _stop_all(self) -> None:
        self.running_file.unlink(missing_ok=True)
        side_by_side([process.child.stop for process in self._processes.values()])
        self.backends.ports.release(self._ports)
