"""What writes to a fresh log, and the projection that reads it."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from log_writer import LogWriter
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from projecting import Projecting

# A connection that aiokafka was still making when its client closed: its stream, its transport and its socket.
LEFT_BY_AIOKAFKA = (
    "<function StreamWriter.__del__",
    "<function _SelectorTransport.__del__",
    "<socket.socket",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Blame no test of this folder, where brokers die and workers are stopped, for what aiokafka leaves behind."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for left in LEFT_BY_AIOKAFKA:
                told = f"ignore:Exception ignored in. {left}:pytest.PytestUnraisableExceptionWarning"
                item.add_marker(pytest.mark.filterwarnings(told))


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """Find what was left behind before tests of another folder are blamed for it."""
    yield
    gc.collect()


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
