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
            "application_name": "mitodoke",
        },
    )
    return await pool
