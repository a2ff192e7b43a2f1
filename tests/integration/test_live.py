"""The live view on a real Kafka: what it counts, that it goes on counting after a restart, and what it shows."""

import contextlib
import html
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.identity import NotLoopbackError
from mitodoke.chassis.server import running
from mitodoke.chassis.web import WebServer
from mitodoke.contracts.custody.v1.call_pb2 import CallMade
from mitodoke.eventlog.topics import Topics, create_topics
from mitodoke.services.live.counter import CallCounter, ChangelogName, application_id, counting_application
from mitodoke.services.live.counts import Message, Slot, by_party, read_call, with_message
from mitodoke.services.live.pages import application
from mitodoke_local import Backends
from read_model import until

ANY_PORT = Address("127.0.0.1", 0)
LIMIT = 30.0


class Live:
    """The service as `run` makes it, but in the loop of the test."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self.apps: list[Any] = []
        self.counter = CallCounter(bootstrap, topics, make_application=self._application)
        self.web = WebServer(application(self.counter, SystemClock()), ANY_PORT)
        self.config = Config(kafka=bootstrap, listen=ANY_PORT, dev_secret="s")

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Live"]:
        async with running(self.config, name="live", parts=[self.counter, self.web]) as service:
            self.health_address = service.address
            yield self

    def _application(self, bootstrap: str, topics: Topics, folder: str) -> tuple[Any, Any]:
        app, table = counting_application(bootstrap, topics, folder)
        self.apps.append(app)
        return app, table

    async def parties(self) -> dict[str, dict[str, Any]]:
        answer = await self.get()
        return {each["party"]: each for each in answer.json()["parties"]}

    async def get(self, path: str = "/calls", **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(f"http://{self.web.address}{path}", headers=headers)

    async def sees(self, party: str, **counts: int) -> None:
        async def seen() -> bool:
            held = (await self.parties()).get(party, {})
            return {name: held.get(name) for name in counts} == counts

        await until(seen, f"{party} has {counts}", limit=LIMIT)


@pytest.fixture
async def producer(backends: Backends) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=backends.kafka)
    await producer.start()
    yield producer
    await producer.stop()


def call(party: str, method: str = "/mitodoke.wipe.v1.WipeService/ReportDriveWiped", **said: Any) -> CallMade:
    return CallMade(**{"party_id": party, "method": method, "outcome": "OK", **said})


async def calls_made(producer: AIOKafkaProducer, topics: Topics, *calls: CallMade) -> None:
    for each in calls:
        await producer.send_and_wait(topics.calls, each.SerializeToString(), each.party_id.encode() or None)


async def test_calls_are_counted_by_party_outcome_and_method(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    await calls_made(
        producer,
        topics,
        call("wiper"),
        call("wiper", outcome="INVALID_ARGUMENT", reason="INVALID_FIELD"),
        call("wiper", "/mitodoke.custody.v1.CustodyQuery/ListFlags"),
        call("carrier", outcome="UNAVAILABLE"),
        call("", outcome="UNAUTHENTICATED"),
        call("", outcome="UNAUTHENTICATED"),
    )
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=3, refused=1, unreadable=0)
        await live.sees("carrier", calls=1, refused=1)
        await live.sees("", calls=2, refused=2)
        wiper = (await live.parties())["wiper"]
    assert wiper["methods"] == {
        "/mitodoke.custody.v1.CustodyQuery/ListFlags": 1,
        "/mitodoke.wipe.v1.WipeService/ReportDriveWiped": 2,
    }
    assert before <= datetime.fromisoformat(wiper["last_seen"]) <= datetime.now(UTC) + timedelta(seconds=1)


async def test_the_counts_come_back_from_the_changelog_and_go_on(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    await calls_made(producer, topics, call("wiper"), call("wiper"))
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=2)
    # Stopped in order it has said how far it read: what is there now can only be from the changelog.
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=2)
        await calls_made(producer, topics, call("wiper"))
        await live.sees("wiper", calls=3)


async def test_an_application_that_crashes_is_followed_by_a_new_one_that_goes_on(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    await calls_made(producer, topics, call("wiper"))
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=1)
        await live.apps[0].crash(RuntimeError("out of the blue"))
        await calls_made(producer, topics, call("wiper"))
        await live.sees("wiper", calls=2)
        assert len(live.apps) == 2


async def test_a_setting_of_fausts_own_in_the_environment_changes_nothing(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("APP_VERSION", "7")
    app, _ = counting_application("127.0.0.1:1", topics, str(tmp_path))
    assert (app.conf.id, app.conf.version) == (application_id(topics.live_changelog), 1)


async def test_what_is_no_call_is_counted_and_passed_over_loudly(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    with structlog.testing.capture_logs() as said:
        async with Live(backends.kafka, topics).running() as live:
            for rubbish in (b"\xff\xff\xff", b"", None):
                await producer.send_and_wait(topics.calls, rubbish, b"wiper")
            await calls_made(producer, topics, call("wiper"))
            await live.sees("wiper", calls=1, unreadable=3)
    errors = [each for each in said if each["event"] == "call_unreadable"]
    assert [each["log_level"] for each in errors] == ["error"] * 3
    assert {each["party"] for each in errors} == {"wiper"}


async def test_it_makes_no_topic(backends: Backends, topics: Topics, producer: AIOKafkaProducer) -> None:
    async def existing() -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
        await admin.start()
        try:
            return {name for name in await admin.list_topics() if not name.startswith("__")}
        finally:
            await admin.close()

    before = await existing()
    await calls_made(producer, topics, call("wiper"))
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=1)
        assert await existing() == before


async def test_health_is_serving_once_the_counts_are_taken_up(backends: Backends, topics: Topics) -> None:
    live = Live(backends.kafka, topics)
    async with live.running(), grpc.aio.insecure_channel(str(live.health_address)) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)

        async def serving() -> bool:
            answer = await health.Check(health_pb2.HealthCheckRequest())
            is_serving: bool = answer.status == health_pb2.HealthCheckResponse.SERVING
            assert live.counter.slots is not None or not is_serving
            return is_serving

        await until(serving, "health is SERVING", limit=LIMIT)


async def test_the_signals_stay_the_processs_own(backends: Backends, topics: Topics) -> None:
    def handlers() -> list[Any]:
        return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)]

    before = handlers()
    async with Live(backends.kafka, topics).running() as live:
        await live.get()
        assert handlers() == before


async def test_without_a_broker_it_waits_and_says_so(topics: Topics) -> None:
    with structlog.testing.capture_logs() as said:
        async with Live("127.0.0.1:1", topics).running() as live:

            async def tried_twice() -> bool:
                return [each["event"] for each in said].count("calls_not_counted") >= 2

            await until(tried_twice, "a second try", limit=LIMIT)
            answer = await live.get()
            page = await live.get(accept="text/html")
    assert answer.status_code == page.status_code == 503
    assert answer.json()["counting"] is False
    assert "have not been taken up yet" in page.text


async def test_it_waits_for_the_set_up_to_make_its_topics(
    backends: Backends, namespace: str, producer: AIOKafkaProducer
) -> None:
    topics = Topics.named(namespace)
    with structlog.testing.capture_logs() as said:
        async with Live(backends.kafka, topics).running() as live:

            async def missed() -> bool:
                return any(topics.live_changelog in each.get("error", "") for each in said)

            await until(missed, "the missing topics are named", limit=LIMIT)
            await create_topics(backends.kafka, topics)
            await calls_made(producer, topics, call("wiper"))
            await live.sees("wiper", calls=1)


async def test_the_page_shows_counts_as_text_and_is_strict(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    await calls_made(producer, topics, call("<b>bold</b>"))
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("<b>bold</b>", calls=1)
        page = await live.get(accept="text/html,*/*")
        style = await live.get("/style.css")
        elsewhere = await live.get(host="evil.example")
    assert "&lt;b&gt;bold&lt;/b&gt;" in page.text
    assert "<b>bold" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["x-content-type-options"], page.headers["cache-control"]) == ("nosniff", "no-store")
    assert style.headers["content-type"].startswith("text/css")
    assert elsewhere.status_code == 400


async def test_the_page_groups_its_numbers_and_names_what_it_counts_in_both_languages(
    backends: Backends, topics: Topics, producer: AIOKafkaProducer
) -> None:
    wiped, nameless = call("wiper", outcome="UNAVAILABLE"), call("", outcome="UNAUTHENTICATED")
    for each, times in ((wiped, 1_234), (nameless, 1)):
        for _ in range(times):
            await producer.send(topics.calls, each.SerializeToString(), each.party_id.encode() or None)
    await producer.flush()
    async with Live(backends.kafka, topics).running() as live:
        await live.sees("wiper", calls=1_234)
        await live.sees("", calls=1)
        english = (await live.get("/calls?lang=en", accept="text/html")).text
        japanese = (await live.get("/calls?lang=ja", accept="text/html")).text
    for page in (english, japanese):
        assert page.count("1,234") == 3
        assert "1234" not in page
        assert page.count("<h1") == page.count("<table") == page.count("<caption") == 1
        assert page.count("<th ") == page.count(' scope="')
        assert re.search(r"<time datetime=\"[^\"]+Z\">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</time>", page)
    assert "caller not known" in english
    assert "直近 60 分間の相手先ごとの呼び出し" in japanese
    assert "呼び出し元不明" in japanese
    for word in ("Partner", "Refused", "not known", "As of"):
        assert word not in japanese


@contextlib.asynccontextmanager
async def page_without_a_broker() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the page, without the network in between."""
    app = application(CallCounter("127.0.0.1:1", Topics.named()), SystemClock())
    transport = httpx.ASGITransport(app)
    headers = {"accept": "text/html"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("", "ja", "ja"),
        ("", "fr;q=0.9, ja-JP;q=0.8, en;q=0.5", "ja"),
        ("?lang=en", "ja", "en"),
        ("?lang=ja", "en", "ja"),
        ("?lang=tlh", "ja", "ja"),
    ],
)
async def test_the_page_is_in_the_language_asked_for(query: str, accept: str, language: str) -> None:
    async with page_without_a_broker() as pages:
        page = await pages.get(f"/calls{query}", headers={"accept-language": accept})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert page.headers["vary"] == "accept, accept-language"
    assert ("集計はまだ始まっていません" in page.text) == (language == "ja")
    assert ("have not been taken up yet" in page.text) == (language == "en")


async def test_the_page_loads_itself_again_only_for_who_asks_it_to() -> None:
    def links(page: httpx.Response) -> dict[str, str]:
        found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page.text)
        return {text: html.unescape(href) for href, text in found}

    async with page_without_a_broker() as pages:
        still = await pages.get("/calls?lang=en")
        moving = await pages.get(links(still)["Load this page again every 10 seconds"])
        in_japanese = await pages.get(links(moving)["日本語"])
        stopped = await pages.get(links(in_japanese)["自動の再読み込みをやめる"])
    assert moving.headers["refresh"] == in_japanese.headers["refresh"] == "10"
    assert "This page loads itself again every 10 seconds." in moving.text
    assert stopped.url.query == b"lang=ja"
    for page in (still, stopped):
        assert "refresh" not in page.headers
    for page in (still, moving, in_japanese, stopped):
        # One who listens to the page is not to be thrown back to its beginning (WCAG 2.1, 2.2.1).
        assert "http-equiv" not in page.text


@pytest.mark.parametrize("every", ["", "0", "-10", "4", "3601", "ten", "1e1", "9" * 5000])
async def test_it_is_not_loaded_again_at_a_pace_that_cannot_be_meant(every: str) -> None:
    async with page_without_a_broker() as pages:
        page = await pages.get(f"/calls?every={every}")
    assert "refresh" not in page.headers
    assert "Load this page again every 10 seconds" in page.text


async def test_pages_are_for_this_machine_alone() -> None:
    server = WebServer(
        application(CallCounter("127.0.0.1:1", Topics.named()), SystemClock()), Address("0.0.0.0", 0)
    )
    with pytest.raises(NotLoopbackError, match="loopback only, not on 0\\.0\\.0\\.0:0"):
        await server.start()


def test_the_process_ends_in_order_when_it_is_told_to(
    backends: Backends, topics: Topics, namespace: str
) -> None:
    program = (
        "import os, sys; from mitodoke.chassis.config import read_config; "
        "from mitodoke.services import live; sys.exit(live.run(read_config(os.environ)))"
    )
    ports = [backends.ports.claim(f"{namespace}-{which}") for which in ("grpc", "http")]
    environment = {
        **os.environ,
        "MITODOKE_KAFKA": backends.kafka,
        "MITODOKE_LISTEN": f"127.0.0.1:{ports[0]}",
        "MITODOKE_HTTP": f"127.0.0.1:{ports[1]}",
        "MITODOKE_DEV_SECRET": "s",
        "MITODOKE_TOPIC_NAMESPACE": namespace,
    }
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if '"event": "serving"' in line:
                break
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
        process.wait()
        backends.ports.release(ports)
    assert process.returncode == 0, "".join(lines) + rest
    assert '"event": "ended"' in rest
    assert "Traceback" not in rest


# What is counted, without a broker.

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def message(offset: int, *, at: datetime = NOON, partition: int = 0, key: bytes | None = b"wiper") -> Message:
    return Message(partition, offset, at.timestamp(), key, call("wiper").SerializeToString())


def counted(*messages: Message) -> dict[str, Slot]:
    slots: dict[str, Slot] = {}
    for each in messages:
        slot = with_message(slots.get(each.slot), each, read_call(each.value))
        if slot is not None:
            slots[each.slot] = slot
    return slots


def test_a_message_that_comes_again_counts_once() -> None:
    [wiper] = by_party(counted(message(0), message(1), message(0), message(1)).items(), NOON)
    assert wiper.calls == 2


def test_calls_of_more_than_an_hour_ago_are_no_longer_counted() -> None:
    slots = counted(message(0), message(1, at=NOON + timedelta(minutes=30)))
    assert [each.calls for each in by_party(slots.items(), NOON + timedelta(minutes=59))] == [2]
    assert [each.calls for each in by_party(slots.items(), NOON + timedelta(minutes=60))] == [1]
    assert by_party(slots.items(), NOON + timedelta(minutes=91)) == []


def test_a_slot_is_used_again_after_an_hour_and_late_messages_do_not_spoil_it() -> None:
    later = NOON + timedelta(hours=1)
    slots = counted(message(0), message(1), message(2, at=later), message(3))
    assert len(slots) == 1
    assert [each.calls for each in by_party(slots.items(), later)] == [1]


def test_calls_without_a_caller_are_counted_whatever_their_partition() -> None:
    slots = counted(message(0, key=None), message(0, key=None, partition=5))
    assert [(each.party, each.calls) for each in by_party(slots.items(), NOON)] == [("", 2)]


def test_a_party_may_have_a_colon_in_its_name() -> None:
    assert [each.party for each in by_party(counted(message(0, key=b"a:b")).items(), NOON)] == ["a:b"]


@pytest.mark.parametrize("name", ["calls-changelog", "live-other-changelog", "-calls-changelog"])
def test_a_changelog_topic_that_faust_would_not_use_is_refused(name: str) -> None:
    with pytest.raises(ChangelogName, match=name):
        application_id(name)


def test_the_changelog_topic_of_any_namespace_is_the_one_that_faust_uses() -> None:
    assert application_id(Topics.named("a").live_changelog) == "a.live"
    assert application_id(Topics.named().live_changelog) == "live"
