"""Kafka and PostgreSQL together, started side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mitodoke_local import jars
from mitodoke_local.broker import Broker
from mitodoke_local.children import Children
from mitodoke_local.database import Database
from mitodoke_local.folder import DataFolder
from mitodoke_local.parallel import side_by_side
from mitodoke_local.ports import Ports
from mitodoke_local.progress import Progress


@dataclass(frozen=True)
class Backends:
    """A running broker and database, the folder they live in, and what starts more children beside them."""

    folder: DataFolder
    children: Children
    ports: Ports
    broker: Broker
    database: Database

    @classmethod
    @contextmanager
    def start(cls, data: Path, *, progress: Progress | None = None) -> Iterator["Backends"]:
        """Fetch what is missing, start both, and take both down on leaving; the data stay in `data`."""
        progress = progress or Progress.silent()
        class_path = jars.class_path(progress)
        folder = DataFolder(data)
        with folder.held(), Children.guarded(folder.lock) as children:
            ports = Ports(remembered=folder.path / "ports.json")
            broker = Broker(
                folder.path / "kafka",
                jars=class_path,
                log=folder.logs / "kafka.log",
                children=children,
                ports=ports,
            )
            database = Database(
                folder.path / "postgres", log=folder.logs / "postgres.log", children=children, ports=ports
            )

            def start_broker() -> None:
                with progress.step("Starting Kafka"):
                    broker.start()

            def start_database() -> None:
                with progress.step("Starting PostgreSQL"):
                    database.start()

            with progress.shown():
                side_by_side([start_broker, start_database])
            try:
                yield cls(folder, children, ports, broker, database)
            finally:
                children.stop_all()  # before their ports are given back
                broker.keep_what_was_learnt()
                ports.release_all()

    @property
    def kafka(self) -> str:
        """The broker's host and port."""
        return self.broker.address
