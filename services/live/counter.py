"""The Faust application that counts, as a part of our process: it owns no signal, no log and no topic."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, Final

import faust
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from mitodoke.eventlog.topics import Topics
from mitodoke.services.live.counts import Message, Slot, read_call, with_message

_log = structlog.get_logger("mitodoke.live")

TABLE: Final = "calls"
BACK_OFF_SECONDS: Final = 1.0
"""Between the end of one application and the start of the next."""
STOP_SECONDS: Final = 10.0
"""How long an application may take to leave its group and say how far it counted."""


class TopicsMissing(Exception):
    """The set-up has not made the topics yet."""


class ChangelogName(ValueError):
    """The changelog topic's name is none that Faust would give it."""


def application_id(changelog: str) -> str:
    """The id with which Faust names the changelog of its table so: it makes ID-TABLE-changelog of the two."""
    suffix = f"-{TABLE}-changelog"
    if not changelog.endswith(suffix) or changelog == suffix:
        raise ChangelogName(f"The changelog topic {changelog} must be called SOMETHING{suffix}")
    return changelog.removesuffix(suffix)


def counting_application(bootstrap: str, topics: Topics, folder: str) -> tuple[faust.App, Any]:
    """An application that counts calls, and its table of slots. `folder` is where Faust makes its empty folders."""
    app = faust.App(
        application_id(topics.live_changelog),
        broker=[f"kafka://{broker.strip()}" for broker in bootstrap.split(",")],
        # Faust would read settings from variables of its own, such as DEBUG: ours come from one place.
        env={},
        autodiscover=False,
        datadir=folder,
        store="memory://",
        web_enabled=False,
        # Topics are made by the project's own set-up alone, and there is nothing to lead.
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        stream_wait_empty=False,
    )
    calls = app.topic(
        topics.calls,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )
    table = app.Table(TABLE, key_type=str, help="Calls by partition, minute of the hour and party")

    @app.agent(calls)
    async def count(stream: Any) -> None:
        async for event in stream.events():
            at = event.message
            message = Message(at.partition, at.offset, at.timestamp, at.key, at.value)
            call = read_call(message.value)
            if call is None:
                _log.error("call_unreadable", partition=at.partition, offset=at.offset, party=message.party)
            slot = with_message(table.get(message.slot), message, call)
            if slot is not None:
                table[message.slot] = slot

    return app, table


MakeApplication = Callable[[str, Topics, str], tuple[faust.App, Any]]
"""`counting_application`, or what a test puts in its place."""


class CallCounter:
    """Counts for as long as it runs; a Faust application that has ended for any reason is followed by a new one.

    The new one takes the counts up from the changelog, where the old one left them.
    """

    name = "call counter"

    def __init__(
        self, bootstrap: str, topics: Topics, *, make_application: MakeApplication = counting_application
    ) -> None:
        """Raises ChangelogName when Faust cannot be brought to use the changelog topic."""
        application_id(topics.live_changelog)
        self._make_application = make_application
        self._bootstrap = bootstrap
        self._topics = topics
        self._app: faust.App | None = None
        self._slots: Mapping[str, Slot] | None = None

    @property
    def ready(self) -> bool:
        """Whether the counts of an earlier process have been taken up, and calls are counted."""
        return (
            self._app is not None
            and not self._app.should_stop
            and not self._app.rebalancing
            and not self._app.in_recovery
        )

    @property
    def slots(self) -> Mapping[str, Slot] | None:
        """The counts as they stand, by the name of the slot; None before the first were taken up."""
        return self._slots

    async def start(self) -> None:
        """Nothing waits for the broker here: `run` connects, for as long as it takes."""

    async def run(self) -> None:
        """Count until cancelled."""
        with tempfile.TemporaryDirectory(prefix="mitodoke-live-") as folder:
            while True:
                try:
                    await self._count(folder)
                except (KafkaError, OSError, TopicsMissing) as error:
                    _log.warning("calls_not_counted", error=repr(error), retry_seconds=BACK_OFF_SECONDS)
                await asyncio.sleep(BACK_OFF_SECONDS)

    async def stop(self) -> None:
        """Nothing is left to do after `run` is cancelled."""

    async def _count(self, folder: str) -> None:
        # An application that cannot start leaves an event loop behind, so the broker is asked first.
        await self._look_for_topics()
        app, table = self._make_application(self._bootstrap, self._topics, folder)
        try:
            # Returns when the counts have been taken up from the changelog.
            await app.start()
            self._app, self._slots = app, table
            await app.wait_until_stopped()
            _log.error("counting_application_ended", error=repr(app.crash_reason))
        finally:
            self._app = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await app.stop()

    async def _look_for_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            missing = {self._topics.calls, self._topics.live_changelog} - set(await admin.list_topics())
        finally:
            await admin.close()
        if missing:
            raise TopicsMissing(f"{', '.join(sorted(missing))}: run the set-up, which makes the topics")
