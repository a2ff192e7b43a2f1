"""Connections to PostgreSQL."""

from datetime import timedelta
from typing import Final

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection, from a pool or not."""

SCHEMA = "custody"
"""Where the live tables are. A rebuild makes its own beside it and takes the name over."""

APPLICATION: Final = "mitodoke"
"""How PostgreSQL knows these connections."""

HANGS_AT_MOST: Final = timedelta(seconds=10)
"""So long PostgreSQL waits for the next word of a transaction. A worker that hangs in the middle of one, frozen or cut
off, would otherwise keep from its work whoever takes over, and even from starting, for as long as it hangs."""

WAITS_AT_MOST: Final = HANGS_AT_MOST + timedelta(seconds=5)
"""So long a lock is waited for: long enough that who holds it and hangs has been ended before."""


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Nobody here changes a setting, listens, or takes a lock beyond a transaction: there is nothing to ask
    PostgreSQL to put back each time a connection is released. An open transaction is rolled back all the same."""


async def open_pool(dsn: str, *, schema: str = SCHEMA, most: int = 10) -> asyncpg.Pool:
    """A pool of connections that see the tables of `schema` and speak UTC.

    It connects when it is first used, so that a service may start before its database.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=most,
        command_timeout=60,
        reset=_leave_as_it_is,
        server_settings={
            "search_path": schema,
            "timezone": "UTC",
            "jit": "off",
            "idle_in_transaction_session_timeout": f"{HANGS_AT_MOST.total_seconds():g}s",
            "lock_timeout": f"{WAITS_AT_MOST.total_seconds():g}s",
            # A plan for any values looks for a thousand serials in each row one by one, and one that was made while
            # the tables were small is kept when they are not: planning each time costs a fraction of a millisecond.
            "plan_cache_mode": "force_custom_plan",
            "application_name": APPLICATION,
        },
    )
    return await pool
