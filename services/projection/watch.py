"""The stream of flag changes, read from the flags topic at the pace of its caller."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from mitodoke.chassis.errors import Reason, Refusal, Violation, refused_fields
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.eventlog.clients import Consumer
from mitodoke.eventlog.topics import Topics

MOST_STREAMS: Final = 100
RETRY_AFTER: Final = timedelta(seconds=10)
PARTITION: Final = 0
"""The flags topic has one, so that a resume token is an offset."""


class FlagWatch:
    """Opens streams, up to a number. What a slow caller has not read stays in the log, not in memory."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._streams = 0

    async def changes(
        self, resume_token: str, shown: Callable[[str], bool], admit: Callable[[], Awaitable[None]]
    ) -> AsyncGenerator[query_pb2.WatchFlagsResponse, None]:
        """Every change from the token on, or from now on without one, of the contracts that `shown` says yes to.

        `admit` is asked before each change, and every second where there is none; what it raises ends the stream.
        Raises Refusal: too many streams, a token of elsewhere, or a broker that is away.
        """
        if self._streams >= MOST_STREAMS:
            raise Refusal(
                Reason.QUEUE_FULL,
                f"{MOST_STREAMS} streams are open already; close one, or try again later",
                retry_after=RETRY_AFTER,
            )
        self._streams += 1
        partition = TopicPartition(self._topics.flags, PARTITION)
        consumer = Consumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            fetch_max_wait_ms=100,
            # What a relay did not finish counts for nothing.
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            consumer.seek(partition, _resume_at(resume_token, end))
            while True:
                await admit()
                for record in (await consumer.getmany(partition, timeout_ms=1000)).get(partition, ()):
                    # Again: it may have waited long behind the changes before it, for a caller that reads slowly.
                    await admit()
                    change = flag_pb2.FlagChanged.FromString(record.value)
                    if shown(change.flag.contract_id):
                        yield query_pb2.WatchFlagsResponse(change=change, resume_token=str(record.offset + 1))
        except KafkaError as error:
            raise Refusal(
                Reason.LOG_UNAVAILABLE,
                f"The flags topic cannot be read now ({type(error).__name__}); call again with the last resume token",
            ) from error
        finally:
            self._streams -= 1
            await consumer.stop()


def _resume_at(token: str, end: int) -> int:
    if not token:
        return end
    if not token.isascii() or not token.isdecimal() or int(token) > end:
        raise refused_fields(
            Reason.INVALID_FIELD,
            [
                Violation(
                    "resume_token",
                    "is not one that an earlier answer of this system gave; leave it out to start now",
                )
            ],
        )
    return int(token)
