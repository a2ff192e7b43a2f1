"""What was opened to the broker is closed within seconds, whatever has become of the broker."""

import asyncio
import gc
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from mitodoke.eventlog.closing import CLOSING_SECONDS, close_consumer
from mitodoke.eventlog.recorder import close_producer
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends
from read_model import until
from real_backends import real_backends

# aiokafka drops a connection that was still being made when its client was closed, as happens when brokers go away.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SOON = 3 * CLOSING_SECONDS
"""A closing has two steps of so many seconds; what is not bounded takes 40 s, or for ever."""


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    """Of their own, since they are killed and stopped."""
    with real_backends() as running_backends:
        yield running_backends


@pytest.fixture
async def broker_back(backends: Backends, topics: Topics) -> AsyncIterator[None]:
    """The broker runs again after the test, before its topics are deleted."""
    yield
    if backends.broker.child.running():
        backends.broker.child.send(signal.SIGCONT)
    else:
        await asyncio.to_thread(backends.broker.start)
    gc.collect()


async def seconds_to_close(closing: asyncio.Task[None]) -> float:
    begun = time.monotonic()
    done, _ = await asyncio.wait([closing], timeout=2 * SOON)
    if not done:
        closing.cancel()
        await asyncio.wait([closing], timeout=SOON)
    return time.monotonic() - begun


async def member_of_a_group(backends: Backends, topics: Topics) -> AIOKafkaConsumer:
    consumer = AIOKafkaConsumer(
        topics.clock, bootstrap_servers=backends.kafka, group_id=topics.clock, enable_auto_commit=False
    )
    await consumer.start()

    async def assigned() -> bool:
        return bool(consumer.assignment())

    await until(assigned, "the consumer has its partition", limit=60)
    return consumer


@pytest.mark.usefixtures("broker_back")
async def test_a_producer_whose_batch_is_never_answered_is_closed_within_seconds(
    backends: Backends, topics: Topics
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topics.clock, b"")
    await asyncio.to_thread(backends.broker.kill)
    answer = await producer.send(topics.clock, b"")
    assert await seconds_to_close(asyncio.create_task(close_producer(producer))) < SOON
    assert answer.done()
    assert producer._sender.sender_task.done()


@pytest.mark.usefixtures("broker_back")
async def test_a_consumer_whose_broker_stands_still_is_closed_within_seconds(
    backends: Backends, topics: Topics
) -> None:
    consumer = await member_of_a_group(backends, topics)
    # Half open: what is sent is taken, and nothing is answered.
    backends.broker.child.send(signal.SIGSTOP)
    assert await seconds_to_close(asyncio.create_task(close_consumer(consumer))) < SOON


@pytest.mark.usefixtures("broker_back")
async def test_a_connection_that_is_gone_keeps_nobody_from_closing(
    backends: Backends, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = await member_of_a_group(backends, topics)
    close = consumer._client.close

    async def close_and_trip() -> None:
        await close()
        # uvloop's word, where the client still writes to a connection that has just been broken.
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    monkeypatch.setattr(consumer._client, "close", close_and_trip)
    backends.broker.child.send(signal.SIGSTOP)
    closing = asyncio.create_task(close_consumer(consumer))
    assert await seconds_to_close(closing) < SOON
    assert closing.exception() is None
