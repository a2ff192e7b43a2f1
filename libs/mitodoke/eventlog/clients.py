"""Kafka's clients as they are used here: one that cannot learn who leads a partition asks again after a pause.

aiokafka 0.14 asks again at once. A broker that ends in order says first that its partitions have no leader; whoever
has a message under way then asks for one a thousand times a second, for as long as the broker is away, and takes
from it the processor that it needs to come back (github.com/aio-libs/aiokafka, issue 1155, is of the same kind).
"""

import asyncio
from collections.abc import Collection
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata

PAUSE_SECONDS: Final = 0.1
"""As long as Kafka's own clients wait (`retry.backoff.ms`)."""


class _PatientClient(AIOKafkaClient):  # type: ignore[misc]  # aiokafka has no types
    async def _metadata_update(self, cluster: ClusterMetadata, topics: Collection[str] | None) -> bool:
        answered: bool = await super()._metadata_update(cluster, topics)
        if not answered or any(_has_no_leader(cluster, topic) for topic in topics or ()):
            await asyncio.sleep(PAUSE_SECONDS)
        return answered


def _has_no_leader(cluster: ClusterMetadata, topic: str) -> bool:
    # For a topic that is not there aiokafka has a pause of its own.
    return bool(cluster.partitions_for_topic(topic) != cluster.available_partitions_for_topic(topic))


# Neither takes a client as an argument. A function in the place of its method would be a circle, and keep what a
# closed client has read until the collector comes.


class Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's consumer, patient."""

    def __init__(self, *topics: str, **settings: Any) -> None:
        super().__init__(*topics, **settings)
        self._client.__class__ = _PatientClient


class Producer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's producer, patient."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.client.__class__ = _PatientClient
