"""The same judgement in a Faust agent, with each drive's record in a Faust table: what the projection is held against.

    python -m bench.faust_projection BOOTSTRAP NAMESPACE FACTS

It decodes, folds and judges with the projection's own code, a fact at a time, and keeps the last verdicts at hand as
the projection does. It writes no tables of PostgreSQL and is not exactly once: it does less. Prints seconds from the
first fact to the last, and how many flags and obligations it found.
"""

import asyncio
import gc
import json
import pickle
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import faust
from faust.serializers import codecs

from bench.corner import PARTITIONS, Corner
from bench.own_process import module, printed
from mitodoke.eventlog.reference_log import ReferenceFollower
from mitodoke.eventlog.topics import Topics
from mitodoke.lifecycle.alike import Alike
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.services.projection import COLLECT_AFTER
from mitodoke.services.projection.ledger import Ledger
from mitodoke.services.projection.worker import EXAMPLES


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a run."""

    seconds: float
    flags: int
    obligations: int


class _Pickled(codecs.Codec):
    def _dumps(self, value: object) -> bytes:
        return pickle.dumps(value, protocol=5)

    def _loads(self, value: bytes) -> object:
        return pickle.loads(value)


async def ordered(place: Corner, facts: int, *, limit: float = 900.0) -> Done:
    """Let a process of its own do it. Raises Failed with what it said when it could not."""
    command = module("bench.faust_projection", place.backends.kafka, place.namespace, str(facts))
    return Done(**json.loads(await printed(command, limit=limit)))


async def _run(bootstrap: str, namespace: str, facts: int, folder: str) -> Done:
    topics = Topics.named(namespace)
    follower = ReferenceFollower(bootstrap, topics.reference)
    following = asyncio.ensure_future(follower.run())
    while not follower.ready:  # noqa: ASYNC110  # it sets no event
        await asyncio.sleep(0.02)
    codecs.register("pickled", _Pickled())
    app = faust.App(
        f"{namespace}.faust",
        broker=[f"kafka://{bootstrap}"],
        env={},
        autodiscover=False,
        datadir=folder,
        store="memory://",
        value_serializer="pickled",
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
    )
    drives = app.topic(
        topics.drives, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )
    records = app.Table("records", key_type=str, partitions=PARTITIONS)
    assert isinstance(records, faust.Table)
    # It takes no argument for it, and JSON cannot hold a record.
    records.value_serializer = "pickled"
    verdicts: dict[str, Verdict | None] = {}
    alike = Alike(EXAMPLES)
    done = asyncio.Event()
    seen = 0
    started = ended = 0.0

    @app.agent(drives)
    async def judge(stream: Any) -> None:
        nonlocal seen, started, ended
        async for event in stream.events():
            if not seen:
                started = time.perf_counter()
            at = event.message
            record = SimpleNamespace(
                topic=at.topic,
                partition=at.partition,
                offset=at.offset,
                timestamp=round(at.timestamp * 1000),
                key=at.key,
                value=at.value,
                headers=list(at.headers.items()) if isinstance(at.headers, dict) else at.headers,
            )
            serial = at.key.decode()
            state: DriveState | None = records.get(serial)
            held = {} if state is None else {serial: state._replace(verdict=verdicts.get(serial))}
            ledger = Ledger(at.partition, held, follower.reference, datetime.now(UTC), judged=alike.judge)
            ledger.take(record)
            if ledger.states:
                verdicts[serial] = ledger.states[serial].verdict
                records[serial] = ledger.states[serial]._replace(verdict=None)
            seen += 1
            if seen == facts:
                ended = time.perf_counter()
                done.set()

    await app.start()
    try:
        await done.wait()
    finally:
        await app.stop()
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    states = list(records.values())
    return Done(
        ended - started,
        sum(len(state.flags) for state in states),
        sum(len(state.obligations) for state in states),
    )


def main() -> None:
    """As the first lines say."""
    gc.set_threshold(*COLLECT_AFTER)
    bootstrap, namespace, facts = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="mitodoke-faust-") as folder:
        result = asyncio.run(_run(bootstrap, namespace, int(facts), folder))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
