"""What the quarantine commands do: show what waits, take it up again, or discard it for a reason."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Config, ConfigError
from mitodoke.cli.exits import Exit, Stop
from mitodoke.cli.moments import shown, zone_named
from mitodoke.cli.processes import config_at_hand
from mitodoke.eventlog.reference_log import ReferenceUnavailable
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel.pool import SCHEMA
from mitodoke.services.projection import quarantine
from mitodoke.services.projection.quarantine import BROKEN_OFF, Decided, QuarantineError, Waiting

T = TypeVar("T")

_PLACE = re.compile(r"(?P<partition>[0-9]+)/(?P<offset>[0-9]+)")


def show_all(connection: Path, timezone: str, *, as_json: bool) -> Exit:
    """Every event that waits; WRONG when there is one."""
    held = _run(connection, lambda config: _waiting(config))
    if as_json:
        typer.echo(json.dumps([_plain(event) for event in held], ensure_ascii=False, indent=2))
    elif not held:
        typer.echo("Nothing waits in quarantine.")
    else:
        zone = zone_named(timezone)
        table = Table("event", "drive", f"recorded ({zone.key})", "what is wrong")
        for event in held:
            table.add_row(
                event.place, escape(event.serial), shown(event.recorded_at, zone), escape(event.error)
            )
        Console().print(table)
        drives = len({event.serial for event in held})
        typer.echo(
            f"{_count(len(held), 'event')} of {_count(drives, 'drive')}. "
            "What is said of a drive that waits may be wrong: `mitodoke quarantine show EVENT`, "
            "then `retry DRIVE` or `discard EVENT`"
        )
    return Exit.WRONG if held else Exit.FINE


def show_one(connection: Path, place: str, timezone: str) -> Exit:
    """One event as it is in the log."""
    partition, offset = _place(place)
    held = _run(connection, lambda config: _waiting(config))
    event = next((e for e in held if (e.partition, e.offset) == (partition, offset)), None)
    if event is None:
        raise Stop(Exit.WRONG, f"No event waits at {place}; `mitodoke quarantine list` shows where they are")
    typer.echo(f"event      {event.place}")
    typer.echo(f"drive      {event.serial}")
    typer.echo(f"recorded   {shown(event.recorded_at, zone_named(timezone))}")
    typer.echo(f"wrong      {event.error}")
    for name, value in event.headers.items():
        typer.echo(f"header     {name}: {value}")
    typer.echo(f"payload    {len(event.payload):,} bytes: {event.payload[:64].hex(' ')}")
    return Exit.FINE


def take_up(connection: Path, serial: str, by: str, why: str) -> Exit:
    """Take up what waits of the drive; WRONG when something waits still."""

    def decide(config: Config) -> Awaitable[Decided]:
        topics = Topics.named(config.topic_namespace)
        return quarantine.retry(
            config.kafka, config.need_database(), topics, SystemClock(), serial, by=by, why=why
        )

    return _said(_run(connection, decide), serial)


def throw_away(connection: Path, place: str, by: str, why: str) -> Exit:
    """Discard the event and take up what waited behind it; WRONG when something waits still."""
    partition, offset = _place(place)

    def decide(config: Config) -> Awaitable[Decided]:
        topics = Topics.named(config.topic_namespace)
        return quarantine.discard(
            config.kafka, config.need_database(), topics, SystemClock(), partition, offset, by=by, why=why
        )

    return _said(_run(connection, decide), f"the drive of {place}")


def decisions(connection: Path, timezone: str) -> Exit:
    """Who decided what, when and why, the latest first."""

    async def ask(config: Config) -> list[asyncpg.Record]:
        database = await _connected(config)
        try:
            found: list[asyncpg.Record] = await database.fetch(
                "select * from quarantine_decision order by id desc"
            )
            return found
        finally:
            await database.close()

    rows, zone = _run(connection, ask), zone_named(timezone)
    table = Table(
        f"when ({zone.key})", "event", "drive", "decision", "by", "why", "what was wrong", "and is still"
    )
    for row in rows:
        moment: datetime = row["decided_at"]
        place = f"{row['partition']}/{row['offset']}"
        told = (row[c] for c in ("serial", "decision", "decided_by", "why", "error", "error_after"))
        table.add_row(shown(moment, zone), place, *(escape(text) for text in told))
    Console().print(table)
    return Exit.FINE


def _said(done: Decided, of: str) -> Exit:
    taken = f"{_count(done.taken_up, 'event')} of {of} taken up"
    if not done.waiting:
        typer.echo(f"{taken}; nothing of it waits any more")
        return Exit.FINE
    first = done.waiting[0]
    typer.echo(
        f"{taken}; {len(done.waiting):,} wait still, the first at {first.place}: {first.error}", err=True
    )
    return Exit.WRONG


def _count(number: int, of: str) -> str:
    return f"{number:,} {of}{'' if number == 1 else 's'}"


async def _waiting(config: Config) -> list[Waiting]:
    database = await _connected(config)
    try:
        return await quarantine.waiting(database)
    finally:
        await database.close()


async def _connected(config: Config) -> asyncpg.Connection:
    return await asyncpg.connect(config.need_database(), timeout=20, server_settings={"search_path": SCHEMA})


def _place(text: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise Stop(
            Exit.USAGE, f"{text!r} is no event: write PARTITION/OFFSET as `mitodoke quarantine list` does"
        )
    return int(found["partition"]), int(found["offset"])


def _plain(event: Waiting) -> dict[str, object]:
    return {
        "event": event.place,
        "serial": event.serial,
        "recorded_at": event.recorded_at.isoformat(),
        "error": event.error,
        "headers": event.headers,
        "payload_hex": event.payload.hex(),
    }


def _run(connection: Path, ask: Callable[[Config], Awaitable[T]]) -> T:
    config = config_at_hand(connection)

    async def asked() -> T:
        return await ask(config)

    try:
        return asyncio.run(asked())
    except ConfigError as error:
        raise Stop(Exit.USAGE, str(error)) from None
    except QuarantineError as error:
        raise Stop(Exit.WRONG, str(error)) from None
    except (KafkaError, ReferenceUnavailable, *BROKEN_OFF) as error:
        raise Stop(
            Exit.UNREACHABLE,
            f"Kafka or PostgreSQL does not answer: {error or type(error).__name__}. Nothing was changed; "
            "check that both run, then run this again",
        ) from None
