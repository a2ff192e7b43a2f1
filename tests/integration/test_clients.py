"""A client whose broker is away asks for it now and then, and leaves it the processor."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from mitodoke.eventlog.clients import PAUSE_SECONDS, Producer
from mitodoke.eventlog.recorder import close_producer
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from real_backends import real_backends

# aiokafka drops a connection that was still being made when its client was closed, as happens when brokers go away.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

WATCHED_SECONDS = 1.0


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own, since they are stopped."""
    with real_backends() as running_backends:
        yield running_backends


async def test_all_topics_are_asked_for_as_one_is(backends: Backends, topics: Topics) -> None:
    async with Producer(bootstrap_servers=backends.kafka) as producer:
        assert topics.clock in (await producer.client.fetch_all_metadata()).topics()


async def test_who_leads_is_asked_again_after_a_pause_while_nobody_answers(
    backends: Backends, topics: Topics
) -> None:
    producer = Producer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topics.clock, b"")
    await asyncio.to_thread(backends.broker.stop)
    try:
        await producer.send(topics.clock, b"")
        asked = 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(WATCHED_SECONDS):
                while True:
                    asked += 1
                    # As the sender does as long as a partition that it has a batch for has no leader.
                    await producer.client.force_metadata_update()
        assert asked <= WATCHED_SECONDS / PAUSE_SECONDS
    finally:
        await asyncio.to_thread(backends.broker.start)
        await close_producer(producer)
        gc.collect()
