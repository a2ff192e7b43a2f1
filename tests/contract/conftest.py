"""A world that serves and knows its parties, fresh for every test."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from contract.world import World, populate, services_running, serving, until
from mitodoke.eventlog.topics import Topics
from mitodoke_local import Backends


@pytest.fixture
async def world(backends: Backends, topics: Topics, namespace: str) -> AsyncIterator[World]:
    async with services_running(backends.kafka, namespace) as made:
        for channel in (made.channel, made.oversight_channel):
            await until(partial(serving, channel), what="the services report SERVING")
        await populate(made)
        yield made
