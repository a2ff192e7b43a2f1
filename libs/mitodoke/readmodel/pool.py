"""Connections to PostgreSQL."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection, from a pool or not."""

SCHEMA = "custody"
"""Where the live tables are. A rebuild makes its own beside it and takes the name over."""


async def open_pool(dsn: str, *, schema: str = SCHEMA, most: int = 10) -> asyncpg.Pool:
    """A pool of connections that see the tables of `schema` and speak UTC.

    It connects when it is first used, so that a service may start before its database.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=most,
        command_timeout=60,
        server_settings={
            "search_path": schema,
            "timezone": "UTC",
            "jit": "off",
            # A plan for any values looks for a thousand serials in each row one by one, and one that was made while
            # the tables were small is kept when they are not: planning each time costs a fraction of a millisecond.
            "plan_cache_mode": "force_custom_plan",
            "application_name": "mitodoke",
        },
    )
    return await pool
