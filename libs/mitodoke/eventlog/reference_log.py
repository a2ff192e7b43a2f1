"""Follows the reference log: one partition, read whole from its first offset into memory."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided
from mitodoke.eventlog.clients import Consumer
from mitodoke.eventlog.closing import close_consumer
from mitodoke.eventlog.cloudevents import UndecodableEvent, decode_decision_event, decode_reference_event
from mitodoke.eventlog.payloads import moment_of_milliseconds
from mitodoke.eventlog.same_log import LogMismatch, fingerprint, lost_messages, other_message
from mitodoke.lifecycle.reference import BEGINNING, Reference, ReferenceFact

_log = structlog.get_logger("mitodoke.eventlog")

_RETRY_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 0.1


class ReferenceUnavailable(Exception):
    """The reference log cannot be read to its end now; says why and what to do."""


class ReferenceFollower:
    """Everything the reference log says, kept up to date for as long as `run` runs.

    It reads without a consumer group, so that every process reads the whole log. It comes through restarts
    of the broker. A message that it cannot read stops it for good, and so does a log that is another than
    before: `ready` turns false and `failure` says what is wrong, because what comes after may rest on it.
    """

    name = "reference log"

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._partition = TopicPartition(topic, 0)
        self._reference = Reference()
        self._facts: list[tuple[int, ReferenceFact]] = []
        self._offset_of: dict[UUID, int] = {}
        self._decisions: dict[int, QuarantineDecided] = {}
        self._next_offset = 0
        self._fingerprints: dict[int, bytes] = {}
        self._next_seen: bytes | None = None
        self._looked_back = False
        self._latest = BEGINNING
        self._asking: Consumer | None = None
        self._caught_up_once = False
        self._failure: str | None = None
        self._advanced = asyncio.Condition()
        self._looking_up: asyncio.Task[int] | None = None
        self._next_look_up: asyncio.Task[int] | None = None

    @property
    def reference(self) -> Reference:
        """What has been read; it grows in place."""
        return self._reference

    @property
    def next_offset(self) -> int:
        """Every message before this offset has been taken in."""
        return self._next_offset

    @property
    def failure(self) -> str | None:
        """Why it stopped for good; None while it has not."""
        return self._failure

    @property
    def ready(self) -> bool:
        """Whether it has once read to the end that the log had when it began, and has not stopped."""
        return self._caught_up_once and self._failure is None

    def as_of(self, now: datetime) -> datetime:
        """Now, or the latest append time read if the broker's clock is ahead: what was read is known."""
        return max(now, self._latest)

    def facts_from(self, offset: int) -> Sequence[tuple[int, ReferenceFact]]:
        """The facts read at this offset and after, each with its offset, in the order of the log.

        A repeat of an event (the same event id) is not among them.
        """
        low, high = 0, len(self._facts)
        while low < high:
            middle = (low + high) // 2
            if self._facts[middle][0] < offset:
                low = middle + 1
            else:
                high = middle
        return self._facts[low:]

    def fingerprint_before(self, offset: int) -> bytes | None:
        """The fingerprint of the message before this offset; None if it has not been read."""
        return self._fingerprints.get(offset - 1)

    def require(self, read: Iterable[tuple[int, bytes | None]]) -> None:
        """Return when the log holds what was read of it at another time: up to before an offset, and its last message.

        To be asked after `read_to_end`. Raises LogMismatch.
        """
        for next_offset, expected in read:
            if next_offset > self._next_offset:
                raise lost_messages(self._partition, next_offset, 0, self._next_offset)
            stands = self.fingerprint_before(next_offset)
            if expected is not None and stands is not None and stands != expected:
                raise other_message(self._partition, next_offset - 1, expected, stands)

    @property
    def decisions(self) -> Mapping[int, QuarantineDecided]:
        """Every decision about events in quarantine that was read, by its offset."""
        return self._decisions

    def find(self, event_id: UUID) -> tuple[int, ReferenceFact] | None:
        """The fact of this event id with its offset; None if it has not been read."""
        offset = self._offset_of.get(event_id)
        return None if offset is None else self.facts_from(offset)[0]

    async def start(self) -> None:
        """Nothing waits for the broker here: `run` connects, for as long as it takes."""

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while self._failure is None:
            try:
                await self._follow()
            except LogMismatch as error:
                await self._stop_for_good(str(error))
            except UndecodableEvent as error:
                await self._stop_for_good(
                    f"{error}. Nothing after it is taken in: run a version that can read it, then start again"
                )
            except (KafkaError, OSError) as error:
                _log.warning("reference_log_unavailable", error=repr(error), retry_seconds=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)
        # Staying up, not ready, lets a person ask why; a crash loop would not.
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Nothing is left to do after `run` is cancelled."""

    async def read_to_end(self, limit: float) -> None:
        """Return when everything that the log holds now has been taken in.

        `limit` is in seconds. Calls at the same time share one question to the broker. Raises
        ReferenceUnavailable when the broker does not answer in time or the follower has stopped for good.
        """
        if self._failure is not None:
            raise ReferenceUnavailable(self._failure)
        try:
            async with asyncio.timeout(limit):
                end = await asyncio.shield(self._end_asked_from_now_on())
                async with self._advanced:
                    await self._advanced.wait_for(
                        lambda: self._next_offset >= end or self._failure is not None
                    )
        except TimeoutError:
            raise ReferenceUnavailable(
                f"The reference log could not be read to its end within {limit:g} s "
                f"(read up to offset {self._next_offset}); try again"
            ) from None
        except KafkaError as error:
            raise ReferenceUnavailable(f"The reference log does not answer: {error!r}; try again") from error
        if self._failure is not None:
            raise ReferenceUnavailable(self._failure)

    async def once_ready(self, limit: float) -> None:
        """Return when everything that the log holds now has been taken in, where `run` has only just begun.

        `limit` is in seconds. Raises TimeoutError when it does not become ready within it, and ReferenceUnavailable
        when it has stopped for good or the broker no longer answers.
        """
        async with asyncio.timeout(limit):
            while not self.ready:
                if self._failure is not None:
                    raise ReferenceUnavailable(self._failure)
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        await self.read_to_end(limit)

    def _end_asked_from_now_on(self) -> asyncio.Task[int]:
        """The look-up that this call may share: one that is not yet on its way, or its answer might be older."""
        if self._next_look_up is None or self._next_look_up.done():
            self._next_look_up = asyncio.create_task(self._look_up_after(self._looking_up))
            # Waiters see the exception; one that all waiters have given up on is nobody's.
            self._next_look_up.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._next_look_up

    async def _look_up_after(self, earlier: asyncio.Task[int] | None) -> int:
        if earlier is not None and not earlier.done():
            await asyncio.wait([earlier])
        # From here on the question is on its way: who comes later must not share it.
        self._looking_up, self._next_look_up = asyncio.current_task(), None
        if self._asking is None:
            raise ReferenceUnavailable("The reference log is not connected yet; try again")
        ends = await self._asking.end_offsets([self._partition])
        return int(ends[self._partition])

    async def _follow(self) -> None:
        common = {
            "bootstrap_servers": self._bootstrap,
            "group_id": None,
            "enable_auto_commit": False,
            "retry_backoff_ms": 100,
            "request_timeout_ms": 10_000,
        }
        async with contextlib.AsyncExitStack() as stack:
            consumer = Consumer(**common, auto_offset_reset="none", fetch_max_wait_ms=100)
            stack.push_async_callback(close_consumer, consumer)
            await consumer.start()
            # On the reader's own connection a question would wait behind a fetch that waits for something new.
            asking = Consumer(**common)
            stack.push_async_callback(close_consumer, asking)
            await asking.start()
            consumer.assign([self._partition])
            consumer.seek(self._partition, self._next_offset)
            end = (await asking.end_offsets([self._partition]))[self._partition]
            if end < self._next_offset:
                raise lost_messages(self._partition, self._next_offset, 0, end)
            self._asking = asking
            stack.callback(setattr, self, "_asking", None)
            while True:
                if not self._caught_up_once and self._next_offset >= end:
                    self._caught_up_once = True
                for records in (await consumer.getmany(self._partition, timeout_ms=1000)).values():
                    if self._must_look_back(records[0]):
                        consumer.seek(self._partition, self._next_offset - 1)
                        continue
                    for record in records:
                        self._take_in(record)
                    async with self._advanced:
                        self._advanced.notify_all()

    def _must_look_back(self, record: ConsumerRecord) -> bool:
        """Whether the message before this one must be seen again, lest the log is another than it was.

        Once that was seen, this very message is taken: what is looked back at may come alone, as it does where the log
        goes on in another file of the broker's.
        """
        if record.offset != self._next_offset or record.offset == 0:
            return False
        seen = fingerprint(record)
        if self._looked_back and seen == self._next_seen:
            return False
        self._next_seen, self._looked_back = seen, False
        return True

    def _take_in(self, record: ConsumerRecord) -> None:
        if (known := self._fingerprints.get(record.offset)) is not None:
            if (stands := fingerprint(record)) != known:
                raise other_message(self._partition, record.offset, known, stands)
            self._looked_back = True
            return
        offset = record.offset
        decision = decode_decision_event(record)
        if decision is not None:
            self._decisions[offset] = decision
        else:
            fact = decode_reference_event(record)
            if self._reference.append(fact):
                self._facts.append((offset, fact))
                self._offset_of[fact.event_id] = offset
        self._latest = max(self._latest, moment_of_milliseconds(record.timestamp))
        self._fingerprints[offset] = fingerprint(record)
        self._next_offset = offset + 1

    async def _stop_for_good(self, failure: str) -> None:
        self._failure = failure
        _log.error("reference_log_stopped", failure=failure)
        async with self._advanced:
            self._advanced.notify_all()
