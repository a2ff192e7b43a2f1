"""How fast the projection reads, judges and writes, beside PostgreSQL's own COPY of the same facts.

    PYTHONPATH=deploy/local:tests python tests/bench/projection_speed.py [drives] [--profile FILE]

Real Kafka and PostgreSQL as the runner starts them (fsync on), one worker, the ready policy for servers of a
Japanese local government. Each drive has five facts, told stage by stage, as a return of many drives is. The
reference is the COPY of the very rows of `fact`, with the same indexes, in transactions of 2,000, in the same run.
"""

import argparse
import asyncio
import cProfile
import gc
import statistics
import time
import uuid
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from log_writer import LogWriter, now
from mitodoke.contracts.destruction.v1.destruction_pb2 import CertificateAccepted, DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled, LeaseEnded
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.readmodel.migrations import migrate
from mitodoke.services.projection import COLLECT_AFTER
from projecting import Projecting
from read_model import ask
from real_backends import real_backends

POLICY = Path(__file__).resolve().parents[2] / "deploy/policies/jp-local-government-servers.yaml"
ROWS_AT_ONCE = 2_000
REPEATS = 3


async def told(log: LogWriter, drives: int) -> int:
    """Append five facts of each drive; the answer is how many there are."""
    await log.world(document=POLICY.read_text())
    serials = [f"ZKB{n:07}" for n in range(drives)]
    stages = (
        (
            "lessor",
            [DriveEnrolled(serial=s, occurred_at=now(), media_type="MEDIA_TYPE_HDD") for s in serials],
        ),
        ("lessor", [LeaseEnded(serial=s, occurred_at=now()) for s in serials]),
        ("lessor", [DriveReturned(serial=s, occurred_at=now()) for s in serials]),
        (
            "destroyer",
            [DriveDestroyed(serial=s, occurred_at=now(), method="DESTRUCTION_METHOD_MELT") for s in serials],
        ),
        ("owner", [CertificateAccepted(serial=s, occurred_at=now(), certificate_id="C-1") for s in serials]),
    )
    for party, facts in stages:
        await log.facts(*facts, party=party)
    return len(stages) * drives


async def copied(dsn: str) -> float:
    """Seconds that COPY takes for the rows of `fact`, into a table with the same indexes."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody"})
    try:
        rows = [tuple(row) for row in await connection.fetch("select * from fact")]
        await connection.execute("create table copied (like fact including all)")
        started = time.perf_counter()
        for first in range(0, len(rows), ROWS_AT_ONCE):
            await connection.copy_records_to_table("copied", records=rows[first : first + ROWS_AT_ONCE])
        taken = time.perf_counter() - started
        await connection.execute("drop table copied")
        return taken
    finally:
        await connection.close()


async def main(drives: int, profile: str | None) -> None:
    """Measure, and print both with their ratio."""
    with real_backends() as backends:
        rates, references = [], []
        for _ in range(REPEATS):
            name = f"b{uuid.uuid4().hex[:12]}"
            topics = Topics.named(name)
            await create_topics(backends.kafka, topics)
            dsn = backends.database.create_database(name)
            connection = await asyncpg.connect(dsn)
            await migrate(connection)
            await connection.close()
            producer = AIOKafkaProducer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
            await producer.start()
            try:
                facts = await told(LogWriter(producer, topics), drives)
            finally:
                await producer.stop()
            projecting = Projecting(backends.kafka, topics, dsn)
            profiler = cProfile.Profile()
            started = time.perf_counter()
            async with projecting.worker(alone=True):
                if profile:
                    profiler.enable()
                await projecting.caught_up()
                profiler.disable()
            rates.append(facts / (time.perf_counter() - started))
            if await ask(dsn, "select count(*) from fact") != facts:
                raise SystemExit("The tables do not hold every fact: this run measured nothing")
            references.append(facts / await copied(dsn))
            if profile:
                profiler.dump_stats(profile)
    rate, reference = statistics.median(rates), statistics.median(references)
    print(f"projection   {rate:9,.0f} facts/s   {min(rates):,.0f} to {max(rates):,.0f} in {REPEATS} runs")
    print(f"COPY         {reference:9,.0f} facts/s   {min(references):,.0f} to {max(references):,.0f}")
    print(f"ratio        {rate / reference:9.2f}           bars: 0.40, and 15,000 facts/s")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("drives", type=int, nargs="?", default=5_000)
    arguments.add_argument("--profile", help="where to write what cProfile saw of the last run")
    given = arguments.parse_args()
    gc.set_threshold(*COLLECT_AFTER)
    asyncio.run(main(given.drives, given.profile))
