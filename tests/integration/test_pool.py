"""Connections to a real PostgreSQL, and what the next to take one finds."""

from mitodoke.readmodel.pool import open_pool


async def test_what_was_begun_and_not_ended_is_rolled_back_before_another_takes_the_connection(
    database: str,
) -> None:
    async with await open_pool(database, most=1) as pool:
        connection = await pool.acquire()
        await connection.execute("begin")
        await connection.execute("insert into progress (partition, next_offset) values (7, 1)")
        await pool.release(connection)
        async with pool.acquire() as next_one:
            assert not next_one.is_in_transaction()
            assert not await next_one.fetchval("select exists (select from progress where partition = 7)")
