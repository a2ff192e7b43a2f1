"""What runs, prepares and looks after the system's own processes."""

import asyncio
import importlib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from mitodoke.chassis.config import Config, ConfigError, read_config
from mitodoke.cli.exits import Exit, Stop

_HEALTH_SECONDS = 2.0


def serve_service(name: str) -> int:
    """Run the service until it is told to end; its exit code."""
    config = _config(os.environ)
    service = importlib.import_module(f"mitodoke.services.{name}")
    try:
        code: int = service.run(config)
    except ConfigError as error:
        raise Stop(Exit.USAGE, str(error)) from None
    return code


def check_health(address: str) -> Exit:
    """Ask once, and say the answer in one line."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    try:
        with grpc.insecure_channel(address) as channel:
            check: Any = health_pb2_grpc.HealthStub(channel)
            answer = check.Check(health_pb2.HealthCheckRequest(), timeout=_HEALTH_SECONDS)
    except grpc.RpcError as error:
        typer.echo(f"{address}: {error.code().name}: {error.details()}", err=True)
        return Exit.WRONG
    said = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    typer.echo(f"{address}: {said}")
    return Exit.FINE if answer.status == health_pb2.HealthCheckResponse.SERVING else Exit.WRONG


def set_up(replication: int, partitions: int) -> Exit:
    """Make the topics and tables that are missing; `partitions` are those of the drives topic."""
    import asyncpg
    from aiokafka.errors import KafkaError

    from mitodoke.eventlog.topics import TopicError, Topics, create_topics
    from mitodoke.readmodel.migrations import MigrationError, migrate

    # Set-up listens nowhere and speaks for nobody.
    config = _config({"MITODOKE_LISTEN": "127.0.0.1:0", "MITODOKE_DEV_SECRET": "none", **os.environ})

    async def make() -> list[str]:
        topics = Topics.named(config.topic_namespace)
        await create_topics(config.kafka, topics, replication=replication, drive_partitions=partitions)
        connection = await asyncpg.connect(config.need_database(), timeout=20)
        try:
            return await migrate(connection)
        finally:
            await connection.close()

    try:
        applied = asyncio.run(make())
    except ConfigError as error:
        raise Stop(Exit.USAGE, str(error)) from None
    except (TopicError, MigrationError) as error:
        raise Stop(Exit.WRONG, str(error)) from None
    except (KafkaError, OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise Stop(
            Exit.UNREACHABLE,
            f"Kafka at {config.kafka} or PostgreSQL does not answer: {error or type(error).__name__}. "
            "Check that both run, then run this again",
        ) from None
    typer.echo("The topics are there")
    typer.echo(f"The tables are there ({', '.join(applied) or 'no migration was missing'})")
    return Exit.FINE


def config_at_hand(connection: Path) -> Config:
    """The MITODOKE_* settings, or those of the running system where they are not set."""
    return _config(os.environ if "MITODOKE_KAFKA" in os.environ else _environment_of(connection))


def rebuild_read_model(connection: Path, *, accept_this_log: bool, publish_all_flags: bool) -> Exit:
    """Rebuild from the first fact, with the progress on standard error."""
    import gc

    import asyncpg
    import uvloop
    from aiokafka.errors import KafkaError
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from mitodoke.chassis.clock import SystemClock
    from mitodoke.chassis.logs import log_to_stderr
    from mitodoke.eventlog.topics import Topics
    from mitodoke.services.projection import COLLECT_AFTER
    from mitodoke.services.projection.rebuild import RebuildError, rebuild

    gc.set_threshold(*COLLECT_AFTER)
    # A person watches the bar; only what goes wrong is worth a line between.
    log_to_stderr("rebuild")
    logging.getLogger("mitodoke").setLevel(logging.WARNING)

    config = config_at_hand(connection)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("Judging the log again", total=None)

        def tell(read: int, to_be_read: int) -> None:
            bars.update(task, completed=read, total=to_be_read)

        try:
            done = uvloop.run(
                rebuild(
                    config.kafka,
                    config.need_database(),
                    Topics.named(config.topic_namespace),
                    SystemClock(),
                    tell=tell,
                    accept_this_log=accept_this_log,
                    publish_all_flags=publish_all_flags,
                    processes=os.cpu_count() or 1,
                )
            )
        except ConfigError as error:
            raise Stop(Exit.USAGE, str(error)) from None
        except RebuildError as error:
            raise Stop(Exit.WRONG, str(error)) from None
        except (KafkaError, OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise Stop(
                Exit.UNREACHABLE,
                f"Kafka or PostgreSQL does not answer: {error or type(error).__name__}. The old read model "
                "stays; check that both run, then run this again",
            ) from None
    typer.echo(
        f"Built again from {done.facts:,} facts about {done.drives:,} drives; "
        f"{done.changed_flags:,} flags are not as they were"
    )
    if done.lost_facts:
        typer.echo(
            f"{done.lost_facts:,} facts of the old tables are not in this log. They are kept in the schema "
            "custody_other_log, and docs/operations/backup-and-restore.md says how they are reported again"
        )
    return Exit.FINE


def _config(environment: Mapping[str, str]) -> Config:
    try:
        return read_config(environment)
    except ConfigError as error:
        raise Stop(Exit.USAGE, str(error)) from None


def _environment_of(connection: Path) -> dict[str, str]:
    from mitodoke.cli.asking import nothing_runs
    from mitodoke.client import ConnectionFileError, read_endpoints

    try:
        running = read_endpoints(connection)
    except ConnectionFileError as error:
        raise nothing_runs(error) from None
    return {
        "MITODOKE_KAFKA": running.kafka,
        "MITODOKE_DATABASE": running.database,
        "MITODOKE_LISTEN": "127.0.0.1:0",
        "MITODOKE_DEV_SECRET": running.dev_secret,
        "MITODOKE_TOPIC_NAMESPACE": running.topic_namespace,
    }
