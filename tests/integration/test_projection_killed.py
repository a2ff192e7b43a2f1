"""The projection killed in the middle of its work: the same tables, row for row, as if nothing had happened."""

import random
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from log_writer import LogWriter, now
from mitodoke.contracts.destruction.v1.destruction_pb2 import CertificateAccepted, DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.topics import Topics
from mitodoke.readmodel.migrations import migrate
from mitodoke_local import Backends, System
from projecting import Projecting
from read_model import ask, contents, until

DRIVES = 4_500
KILLS = 4


@pytest.fixture
async def undisturbed(backends: Backends, topics: Topics, namespace: str) -> AsyncIterator[Projecting]:
    """A projection of the same log into a database of its own, which nobody disturbs."""
    name = f"{namespace}u"
    dsn = backends.database.create_database(name)
    connection = await asyncpg.connect(dsn)
    await migrate(connection)
    await connection.close()
    yield Projecting(backends.kafka, topics, dsn)
    backends.database.drop_database(name)


async def test_killed_in_the_middle_of_20_000_facts_it_writes_the_same_tables(
    backends: Backends,
    topics: Topics,
    database: str,
    namespace: str,
    log: LogWriter,
    undisturbed: Projecting,
    tmp_path: Path,
) -> None:
    facts = await _append_20_000(log)
    chance = random.Random(20_190_706)
    thresholds = sorted(chance.sample(range(1, facts - 2_000), KILLS))
    with System.start(
        backends, services=("projection",), database=database, topic_namespace=namespace, folder=tmp_path
    ) as system:
        for threshold in thresholds:

            async def read_so_far(threshold: int = threshold) -> bool:
                read = "select coalesce(sum(next_offset), 0) >= $1 from progress where partition >= 0"
                return bool(await ask(database, read, threshold))

            await until(read_so_far, f"{threshold} facts are read", limit=60)
            system.kill("projection")
            system.restart("projection", wait=False)
        disturbed = Projecting(backends.kafka, topics, database)
        await disturbed.settled()
    async with undisturbed.worker(alone=True):
        await undisturbed.settled()
    after_kills = await contents(disturbed.dsn)
    for table, rows in (await contents(undisturbed.dsn)).items():
        assert after_kills[table] == rows, table
    assert len(after_kills["fact"]) == facts - DRIVES, "each repeat counts once"


async def _append_20_000(log: LogWriter) -> int:
    await log.world(within="1s")
    serials = [f"ZK9{n:05}" for n in range(DRIVES)]
    enrolled = [DriveEnrolled(serial=s, occurred_at=now()) for s in serials]
    request = str(uuid.uuid4())
    appended = 0
    for kind, party, request_id in (
        (enrolled, "lessor", request),
        ([DriveReturned(serial=s, occurred_at=now()) for s in serials], "lessor", None),
        (enrolled, "lessor", request),
        (
            [DriveDestroyed(serial=s, occurred_at=now(), method="DESTRUCTION_METHOD_MELT") for s in serials],
            "destroyer",
            None,
        ),
        (
            [CertificateAccepted(serial=s, occurred_at=now(), certificate_id="C-1") for s in serials[::2]],
            "owner",
            None,
        ),
    ):
        await log.facts(*kind, party=party, request_id=request_id)
        appended += len(kind)
    return appended
