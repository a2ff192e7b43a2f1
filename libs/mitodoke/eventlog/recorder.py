"""Appends events to one topic and says where each of them stands.

Every partition has a lane: a queue of its own, of which one batch at a time is under way. So the order inside a
partition holds, events of many calls share a batch, and it is known at every moment which events have been handed
over (their fate is the broker's) and which have not (they can still be taken back).

The lanes are handed over in rounds, all that are free at once: the producer sends what it is given together in one
request, and a request costs a service as much as a dozen events (docs/benchmarks/recording.md). So where many small
calls wait at once, a round lets the last one be ten milliseconds past; where few do, or there is much to send, it goes
at once.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from mitodoke.eventlog.clients import Producer
from mitodoke.eventlog.closing import CANNOT_CLOSE
from mitodoke.eventlog.cloudevents import Event
from mitodoke.eventlog.partitioning import partition_of
from mitodoke.eventlog.payloads import moment_of_milliseconds
from mitodoke.eventlog.same_log import lost_messages

_log = structlog.get_logger("mitodoke.eventlog")

LARGEST_VALUE: Final = 512 * 1024
"""Bytes of one event's value. The broker takes batches of up to 1 MiB."""
_BATCH_BYTES: Final = 384 * 1024
_HEADER_BYTES: Final = 400
"""What an event weighs beside its value, roughly."""
_ROUND_SECONDS: Final = 0.01
"""From one round to the next while many calls wait, each for little."""
_MANY_CALLS: Final = 16
_WORTH_A_ROUND: Final = 32
"""So many events of one partition are sent without waiting for more."""
_RETRY_SECONDS: Final = 0.5
_CLOSING_SECONDS: Final = 5.0
_RETRY_AFTER: Final = timedelta(seconds=1)


class LogUnavailable(Exception):
    """Nothing of the call was appended, and nothing will be: the log cannot be reached now."""


class OutcomeUnknown(Exception):
    """Some of the call was handed over and no answer came: it may be in the log, or get there yet."""


class QueueFull(Exception):
    """More is waiting than the recorder takes. Nothing of the call was appended."""

    def __init__(self, sentence: str, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(sentence)


class Receipt(NamedTuple):
    """Where an event stands in the log, and when the broker appended it."""

    partition: int
    offset: int
    recorded_at: datetime


class _Call:
    """The events of one `record`, until all are acknowledged or one is known not to be."""

    __slots__ = ("done", "handed_over", "missing", "receipts", "shares")

    def __init__(self, count: int) -> None:
        self.receipts: list[Receipt | None] = [None] * count
        self.missing = count
        self.handed_over = 0
        self.shares: list[_Share] = []
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """True when all are acknowledged, False when the caller's time is over."""


class _Share:
    """The events of one call that go to one partition, in their order; those before `next` are handed over."""

    __slots__ = ("call", "events", "next", "partition", "positions")

    def __init__(self, call: _Call, partition: int) -> None:
        self.call = call
        self.partition = partition
        self.events: list[Event] = []
        self.positions: list[int] = []
        self.next = 0


class _Piece(NamedTuple):
    """What a batch holds of a share: its events from `first` on."""

    share: _Share
    first: int
    length: int
    weight: int


class _Lane:
    """The queue of one partition. Of the log, everything before `end` was acknowledged at some time."""

    __slots__ = ("end", "queue")

    def __init__(self) -> None:
        self.queue: deque[_Share] = deque()
        self.end = 0

    def worth_a_round(self) -> bool:
        """Whether so much waits that it need not wait for more."""
        waiting = 0
        for share in self.queue:
            waiting += len(share.events) - share.next
            if waiting >= _WORTH_A_ROUND:
                return True
        return False


class Recorder:
    """Appends to one topic through an idempotent producer that waits for all replicas.

    A part of a service: while `run` runs it connects, for as long as that takes, and connects anew when the
    producer has become useless. `ready` while it is connected.

    When the log takes events where acknowledged ones stood, it is another log, or has lost them: the recorder
    then stops for good, `failure` says so, and every call is told that nothing was recorded.
    """

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        *,
        most_waiting_events: int = 100_000,
        most_waiting_bytes: int = 96 * 1024 * 1024,
    ) -> None:
        self.name = f"recorder of {topic}"
        self._bootstrap = bootstrap
        self._topic = topic
        self._room_events = most_waiting_events
        self._room_bytes = most_waiting_bytes
        self._lanes: list[_Lane] = []
        self._wake = asyncio.Event()
        self._calls = 0
        self._connected = False
        self._broken = asyncio.Event()
        self._closing: set[asyncio.Task[None]] = set()
        self._failure: str | None = None

    @property
    def failure(self) -> str | None:
        """Why it stopped for good; None while it has not."""
        return self._failure

    @property
    def ready(self) -> bool:
        """Whether a producer is connected to the log that was recorded in."""
        return self._connected and self._failure is None

    async def record(self, events: Sequence[Event], limit: float) -> list[Receipt]:
        """Append the events and return a receipt for each, when every one is acknowledged by all replicas.

        Events of one key keep their order. `limit` is in seconds. Raises QueueFull or LogUnavailable when
        surely nothing was appended, and OutcomeUnknown when something may have been: the same events may be
        sent again, since whoever reads them counts an event id once.
        """
        if not events:
            return []
        if self._failure is not None:
            raise LogUnavailable(f"Nothing was recorded. {self._failure}")
        if not self._connected:
            raise LogUnavailable(
                "The event log is not connected; nothing was recorded. Send the same request again"
            )
        weight = _weight(events)
        if len(events) > self._room_events or weight > self._room_bytes:
            raise QueueFull(
                f"{len(events)} events do not fit in what may wait for the event log; nothing was recorded. "
                "Send the same request again after the delay",
                _RETRY_AFTER,
            )
        call = self._enqueue(events, weight)
        self._calls += 1
        time_over = asyncio.get_running_loop().call_later(limit, _give_up, call)
        try:
            if await call.done:
                return call.receipts  # type: ignore[return-value]  # none of them is missing
        finally:
            self._calls -= 1
            time_over.cancel()
            if call.missing:
                self._take_back(call)
            # The shares know their call: without a circle all goes at once, and leaves the collector nothing.
            call.shares = []
        if call.handed_over:
            raise OutcomeUnknown(
                f"The event log did not acknowledge all {len(events)} events within {limit:.1f} s: some may be "
                "recorded. Send the same request, with the same request_id, again: it counts once"
            )
        raise LogUnavailable(
            f"The event log took none of the {len(events)} events within {limit:.1f} s; nothing was recorded. "
            "Send the same request again"
        )

    async def start(self) -> None:
        """Nothing waits for the broker here: `run` connects."""

    async def run(self) -> None:
        """Keep a working producer until cancelled."""
        while self._failure is None:
            producer = await self._connect()
            self._broken = broken = asyncio.Event()
            handing_over = asyncio.create_task(self._hand_over(producer, broken))
            self._connected = True
            try:
                await broken.wait()
                _log.error("producer_replaced", topic=self._topic)
            finally:
                self._connected = False
                handing_over.cancel()
                await asyncio.gather(handing_over, return_exceptions=True)
                closing = asyncio.create_task(close_producer(producer))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
        # Staying up, not ready, lets a person ask why; a crash loop would record into a log that has lost facts.
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Close what is left, for up to five seconds."""
        await asyncio.gather(*self._closing)

    async def _connect(self) -> Producer:
        while True:
            producer = Producer(
                bootstrap_servers=self._bootstrap,
                enable_idempotence=True,
                acks="all",
                max_batch_size=_BATCH_BYTES,
                request_timeout_ms=10_000,
                retry_backoff_ms=50,
            )
            connected = False
            try:
                await producer.start()
                count = len(await producer.partitions_for(self._topic))
                if not self._lanes:
                    self._lanes = [_Lane() for _ in range(count)]
                if len(self._lanes) == count:
                    connected = True
                    return producer
                # Keys would go to other partitions than before, and the order of a drive's facts would be lost.
                _log.error("partitions_changed", topic=self._topic, before=len(self._lanes), now=count)
            except (KafkaError, OSError) as error:
                _log.warning("event_log_unavailable", error=repr(error), retry_seconds=_RETRY_SECONDS)
            finally:
                if not connected:
                    await close_producer(producer)
            await asyncio.sleep(_RETRY_SECONDS)

    def _enqueue(self, events: Sequence[Event], weight: int) -> _Call:
        self._room_events -= len(events)
        self._room_bytes -= weight
        call = _Call(len(events))
        partitions = len(self._lanes)
        shares: dict[int, _Share] = {}
        for position, event in enumerate(events):
            partition = partition_of(event.key, partitions)
            share = shares.get(partition)
            if share is None:
                share = shares[partition] = _Share(call, partition)
            share.events.append(event)
            share.positions.append(position)
        call.shares = list(shares.values())
        for share in call.shares:
            self._lanes[share.partition].queue.append(share)
        self._wake.set()
        return call

    def _take_back(self, call: _Call) -> None:
        """Take what has not been handed over out of the queues."""
        for share in call.shares:
            left = share.events[share.next :]
            if left:
                self._lanes[share.partition].queue.remove(share)
                self._make_room(len(left), _weight(left))
                share.next = len(share.events)

    def _make_room(self, events: int, weight: int) -> None:
        self._room_events += events
        self._room_bytes += weight

    async def _hand_over(self, producer: Producer, broken: asyncio.Event) -> None:
        """Hand events to the producer, round by round, until it breaks."""
        clock = asyncio.get_running_loop().time
        under_way: set[int] = set()
        next_round = 0.0
        while not broken.is_set():
            self._wake.clear()
            ready = [
                (partition, lane)
                for partition, lane in enumerate(self._lanes)
                if lane.queue and partition not in under_way
            ]
            if not ready:
                await self._wake.wait()
                continue
            early = next_round - clock()
            if (
                early > 0
                and self._calls >= _MANY_CALLS
                and not any(lane.worth_a_round() for _, lane in ready)
            ):
                await asyncio.sleep(early)
                continue
            next_round = clock() + _ROUND_SECONDS
            for partition, lane in ready:
                if lane.queue and not broken.is_set():
                    under_way.add(partition)
                    await self._send(lane, partition, producer, broken, under_way)

    async def _send(
        self,
        lane: _Lane,
        partition: int,
        producer: Producer,
        broken: asyncio.Event,
        under_way: set[int],
    ) -> None:
        batch = producer.create_batch()
        pieces = _fill(batch, lane.queue)
        after = lane.end

        def settle(answer: "asyncio.Future[RecordMetadata]") -> None:
            under_way.discard(partition)
            self._wake.set()
            self._settle(lane, partition, after, pieces, broken, answer)

        try:
            # The lane has no other batch under way, so this does not wait for room in the producer.
            answer = await producer.send_batch(batch, self._topic, partition=partition)
        except KafkaError as error:
            settle(_failed(error))
        except asyncio.CancelledError:
            settle(_failed(KafkaError("the producer was replaced")))
            raise
        else:
            answer.add_done_callback(settle)

    def _settle(
        self,
        lane: _Lane,
        partition: int,
        after: int,
        pieces: Sequence[_Piece],
        broken: asyncio.Event,
        answer: "asyncio.Future[RecordMetadata]",
    ) -> None:
        """Tell the calls what became of a batch, which was handed over when the log held all before `after`."""
        self._make_room(sum(piece.length for piece in pieces), sum(piece.weight for piece in pieces))
        error: BaseException | None = None
        if answer.cancelled():
            error = asyncio.CancelledError()
        elif error := answer.exception():
            # A batch that failed leaves a gap in the producer's sequence: it will never be in order again.
            _log.error("append_failed", topic=self._topic, partition=partition, error=repr(error))
            broken.set()
        if error is not None:
            self._fail(pieces, f"The event log answered {error!r}")
            return
        metadata = answer.result()
        if metadata.offset < 0:
            # The broker has the batch from an earlier attempt and no longer knows where.
            self._fail(pieces, "The event log has the events but does not say where")
        elif metadata.timestamp_type != 1:
            _log.error("not_log_append_time", topic=self._topic)
            self._fail(pieces, f"The topic {self._topic} does not stamp what it appends (LogAppendTime)")
        elif metadata.offset < after:
            lost = lost_messages(TopicPartition(self._topic, partition), after, 0, metadata.offset)
            self._failure = str(lost)
            _log.error("log_went_back", failure=self._failure)
            broken.set()
            self._fail(pieces, f"The event log is not what it was ({lost})")
        else:
            lane.end = max(lane.end, metadata.offset + sum(piece.length for piece in pieces))
            _give_receipts(pieces, partition, metadata.offset, moment_of_milliseconds(metadata.timestamp))

    def _fail(self, pieces: Sequence[_Piece], what: str) -> None:
        for piece in pieces:
            done = piece.share.call.done
            if not done.done():
                done.set_exception(
                    OutcomeUnknown(
                        f"{what}: some of the events may be recorded. "
                        "Send the same request, with the same request_id, again: it counts once"
                    )
                )
                # A caller that has gone away reads no exception.
                done.exception()


def _weight(events: Sequence[Event]) -> int:
    return sum([len(event.value) for event in events]) + len(events) * _HEADER_BYTES


def _fill(batch: object, queue: deque[_Share]) -> list[_Piece]:
    """Move events from the front of the queue into a batch until it is full or the queue is empty."""
    append = batch.append  # type: ignore[attr-defined]  # aiokafka's builder has no types
    pieces = []
    while queue:
        share = queue[0]
        first = index = share.next
        events = share.events
        while index < len(events):
            event = events[index]
            if append(timestamp=None, key=event.key, value=event.value, headers=event.headers) is None:
                break
            index += 1
        share.next = index
        share.call.handed_over += index - first
        if index > first:
            pieces.append(_Piece(share, first, index - first, _weight(events[first:index])))
        if index < len(events):
            break
        queue.popleft()
    return pieces


def _give_receipts(pieces: Sequence[_Piece], partition: int, offset: int, recorded_at: datetime) -> None:
    for share, first, length, _ in pieces:
        call = share.call
        for position in share.positions[first : first + length]:
            call.receipts[position] = Receipt(partition, offset, recorded_at)
            offset += 1
        call.missing -= length
        if not call.missing and not call.done.done():
            call.done.set_result(True)


def _give_up(call: _Call) -> None:
    if not call.done.done():
        call.done.set_result(False)


def _failed(error: Exception) -> "asyncio.Future[RecordMetadata]":
    future: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future


async def close_producer(producer: Producer) -> None:
    """Close a producer within a few seconds, though its batches under way may never be answered."""
    stopping = asyncio.create_task(producer.stop())
    done, _ = await asyncio.wait([stopping], timeout=_CLOSING_SECONDS)
    if not done:
        # It would wait for ever for an idempotent batch, which never expires: let the batches fail.
        producer._message_accumulator.fail_all(KafkaError("the producer was closed"))
        await asyncio.wait([stopping], timeout=_CLOSING_SECONDS)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait([stopping])
    if stopping.cancelled() or stopping.exception() is not None:
        # The sender trips over batches that failed while it was sending them; what is left is the connection.
        _log.warning(
            "producer_not_closed_in_order", error=repr(None if stopping.cancelled() else stopping.exception())
        )
        with contextlib.suppress(*CANNOT_CLOSE):
            await producer.client.close()
