"""The real broker and database, once for all tests, and a fresh corner of each for every test."""

import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.readmodel.migrations import migrate
from mitodoke_local import Backends
from real_backends import real_backends


@pytest.fixture(scope="session")
def backends() -> Iterator[Backends]:
    """Kafka and PostgreSQL, running, with their data in a folder that goes when the tests end."""
    with real_backends() as running:
        yield running


@pytest.fixture
def namespace() -> str:
    """A prefix for topics and databases that no other test has."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def topics(backends: Backends, namespace: str) -> AsyncIterator[Topics]:
    """The topics, fresh and empty; they go with the test, since a broker with thousands of them is a slow one."""
    named = Topics.named(namespace)
    await create_topics(backends.kafka, named)
    yield named
    if backends.broker.child.running():
        admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
        await admin.start()
        try:
            # A broker that stood still may not have found its controller again; then they stay.
            with contextlib.suppress(AttributeError, KafkaError):
                await admin.delete_topics(list(astuple(named)))
        finally:
            await admin.close()


@pytest.fixture
async def database(backends: Backends, namespace: str) -> AsyncIterator[str]:
    """The dsn of a fresh database with the migrations applied."""
    dsn = backends.database.create_database(namespace)
    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection)
    finally:
        await connection.close()
    yield dsn
    backends.database.drop_database(namespace)
