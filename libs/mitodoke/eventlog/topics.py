"""The topics, their settings, and the one place that makes them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

_HOUR = 60 * 60 * 1000
_DAY = 24 * _HOUR
_LEADERS_WITHIN = 20.0


class TopicError(Exception):
    """A topic that could not be made, or that exists with other settings than ours."""


@dataclass(frozen=True)
class Topics:
    """The names of the topics."""

    drives: str
    reference: str
    flags: str
    calls: str
    clock: str
    live_changelog: str

    @classmethod
    def named(cls, namespace: str = "") -> "Topics":
        """The names, with "<namespace>." before each if a namespace is given."""
        prefix = f"{namespace}." if namespace else ""
        return cls(
            drives=f"{prefix}custody.drives.v1",
            reference=f"{prefix}custody.reference.v1",
            flags=f"{prefix}custody.flags.v1",
            calls=f"{prefix}custody.calls.v1",
            clock=f"{prefix}custody.clock.v1",
            live_changelog=f"{prefix}live-calls-changelog",
        )


@dataclass(frozen=True)
class TopicSpecification:
    """What one topic must be like."""

    name: str
    partitions: int
    replication: int
    settings: dict[str, str]


def specifications(
    topics: Topics, *, replication: int = 1, drive_partitions: int = 6
) -> list[TopicSpecification]:
    """What every topic must be like; more replicas are welcome.

    Facts and reference facts are kept for ever and never compacted. LogAppendTime makes the broker's clock, which
    no partner can set, the time at which a fact was recorded.
    """

    def topic(name: str, partitions: int, settings: dict[str, str]) -> TopicSpecification:
        if replication >= 3:
            settings = {**settings, "min.insync.replicas": "2"}
        return TopicSpecification(name, partitions, replication, settings)

    stamped = {"message.timestamp.type": "LogAppendTime"}
    for_ever = {"cleanup.policy": "delete", "retention.ms": "-1", **stamped}
    return [
        topic(topics.drives, drive_partitions, for_ever),
        topic(topics.reference, 1, for_ever),
        topic(topics.flags, 1, {"cleanup.policy": "compact", **stamped}),
        topic(topics.calls, 6, {"cleanup.policy": "delete", "retention.ms": str(30 * _DAY), **stamped}),
        # A worker appends a tick to learn the broker's clock; small segments let old ticks go.
        topic(
            topics.clock,
            1,
            {
                "cleanup.policy": "delete",
                "retention.ms": str(_HOUR),
                "segment.ms": str(10 * 60 * 1000),
                **stamped,
            },
        ),
        # As many partitions as calls: Faust keeps a table's changes in the partition of the message.
        topic(topics.live_changelog, 6, {"cleanup.policy": "compact"}),
    ]


async def create_topics(
    bootstrap: str, topics: Topics, *, replication: int = 1, drive_partitions: int = 6
) -> None:
    """Make the topics that are missing and check those that exist.

    `replication` is what a topic has at least; the partitions of the drives topic are fixed for ever.

    On return every partition has a leader: a producer need not wait.

    Raises TopicError for a topic with another partition count, replication or setting, naming which.
    """
    wanted = specifications(topics, replication=replication, drive_partitions=drive_partitions)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        await _create(admin, [each for each in wanted if each.name not in existing])
        await _check(admin, [each for each in wanted if each.name in existing])
        await _described(admin, [each.name for each in wanted])
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, missing: list[TopicSpecification]) -> None:
    if not missing:
        return
    answer = await admin.create_topics(
        [
            NewTopic(each.name, each.partitions, each.replication, topic_configs=each.settings)
            for each in missing
        ]
    )
    made_by_another = []
    for name, code, *message in answer.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            made_by_another.append(name)
        elif code:
            raise TopicError(
                f"Kafka did not make the topic {name}: {for_code(code).__name__} {' '.join(map(str, message))}. "
                "Check that the broker has room and as many brokers as the replication asks for."
            )
    await _check(admin, [each for each in missing if each.name in made_by_another])


async def _check(admin: AIOKafkaAdminClient, existing: list[TopicSpecification]) -> None:
    if not existing:
        return
    names = [each.name for each in existing]
    described = await _described(admin, names)
    settings: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    ):
        for _code, _message, _kind, name, entries in answer.resources:
            settings[name] = {key: value for key, value, *_ in entries}
    for each in existing:
        replicas = [len(partition["replicas"]) for partition in described[each.name]["partitions"]]
        require_like(each, replicas, settings[each.name])


def require_like(
    wanted: TopicSpecification, replicas: Sequence[int], settings: Mapping[str, str | None]
) -> None:
    """Raises TopicError when a topic is not as it must be; `replicas` are those of each of its partitions.

    More of them than are wanted are welcome.
    """
    _demand(wanted.name, "partitions", str(wanted.partitions), str(len(replicas)))
    if min(replicas) < wanted.replication:
        _demand(wanted.name, "replicas", str(wanted.replication), str(min(replicas)))
    for key, value in wanted.settings.items():
        _demand(wanted.name, key, value, settings.get(key))


async def _described(admin: AIOKafkaAdminClient, names: list[str]) -> dict[str, Any]:
    """The topics as the brokers know them, once every partition has a leader: a new topic takes a moment."""
    deadline = time.monotonic() + _LEADERS_WITHIN
    while True:
        described = {each["topic"]: each for each in await admin.describe_topics(names)}
        leaderless = [
            name
            for name, each in described.items()
            if each["error_code"] or any(partition["error_code"] for partition in each["partitions"])
        ]
        if not leaderless:
            return described
        if time.monotonic() > deadline:
            raise TopicError(
                f"No broker leads every partition of {', '.join(leaderless)} after {_LEADERS_WITHIN:.0f} s. "
                "Check that all brokers run."
            )
        await asyncio.sleep(0.05)


def _demand(topic: str, setting: str, wanted: str, found: str | None) -> None:
    if found == wanted:
        return
    advice = (
        "If it was made with as many, name them (`mitodoke setup --partitions`). If they were changed since, restore "
        "the topic: facts are placed by their key over a fixed number of partitions."
        if setting == "partitions"
        else "Set it with Kafka's kafka-configs (or kafka-reassign-partitions for replicas) and start again."
    )
    raise TopicError(f"The topic {topic} has {setting} = {found}, where {wanted} is needed. {advice}")
