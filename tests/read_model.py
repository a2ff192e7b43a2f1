"""Looks into the read model's tables: everything in them, in an order that does not depend on how it came there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

KEYS = {
    "fact": 'partition, "offset"',
    "drive": "serial",
    "drive_contract": "contract, serial",
    "obligation": "serial, cycle, obligation, subject",
    "flag": "flag_id",
    "flag_history": "flag_id, sequence",
    "shipment": "shipment, contract, serial",
    "shipment_closure": "shipment, contract",
    "party": "party_id",
    "contract": "contract_id",
    "contract_party": "contract_id, party_id",
    "quarantine": 'partition, "offset"',
}

NOT_OF_THE_LOG = {"flag": {"detected_at"}}
"""Columns that say when somebody looked, which a rebuild does not repeat."""


async def contents(dsn: str, schema: str = "custody") -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that is a function of the log."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": schema, "timezone": "UTC"})
    try:
        found = {}
        for table, key in KEYS.items():
            rows = await connection.fetch(f"select * from {table} order by {key}")
            left_out = NOT_OF_THE_LOG.get(table, set())
            found[table] = [
                {column: value for column, value in row.items() if column not in left_out} for row in rows
            ]
        return found
    finally:
        await connection.close()


async def ask(dsn: str, sql: str, *arguments: Any, schema: str = "custody") -> Any:
    """The first value of the first row."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": schema, "timezone": "UTC"})
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()


async def until(condition: Callable[[], Awaitable[bool]], what: str, limit: float = 20.0) -> None:
    """Wait for a condition; fail with what was waited for when the limit (seconds) is over."""
    try:
        async with asyncio.timeout(limit):
            while not await condition():  # noqa: ASYNC110  # rows in another process's database set no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {limit:g} s: {what}") from None


async def add_open_rows(dsn: str, count: int) -> None:
    """So many more open flags and obligations of one drive of contract K-1, put straight into the tables."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody"})
    try:
        await connection.execute(
            """insert into flag select gen_random_uuid(), 'ZK80001', 'K-1', 'K-1', 'sighted', '', 1, '', 'seen',
                   now(), now(), now(), 'open', null, null, 1 from generate_series(1, $1)""",
            count,
        )
        await connection.execute(
            """insert into obligation (serial, cycle, obligation, subject, contract, state, after, expect, owed_by,
                   parties, opened_at, due_at, decided_at)
               select 'ZK80001', 'K-1', 'wipe', gen_random_uuid()::text, 'K-1', 'pending', 'DriveReturned',
                   'DriveWiped', 'sanitiser', '', now(), now(), now() from generate_series(1, $1)""",
            count,
        )
    finally:
        await connection.close()
