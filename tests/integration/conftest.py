"""What writes to a fresh log, and the projection that reads it."""

from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from log_writer import LogWriter
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from projecting import Projecting


@pytest.fixture
async def log(backends: Backends, topics: Topics) -> AsyncIterator[LogWriter]:
    """Writes facts into this test's topics, as the recording services do."""
    producer = AIOKafkaProducer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    yield LogWriter(producer, topics)
    await producer.stop()


@pytest.fixture
def projecting(backends: Backends, topics: Topics, database: str) -> Projecting:
    """A projection of this test's topics into this test's database."""
    return Projecting(backends.kafka, topics, database)
