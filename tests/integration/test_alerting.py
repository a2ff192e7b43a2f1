"""Alerting on a real PostgreSQL and a real Alertmanager: open flags are there, others are not, whatever restarts."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import httpx
import pytest
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from judged_drives import JudgedDrives
from log_writer import LogWriter, now
from mitodoke.chassis.clock import SystemClock
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.parts import Part
from mitodoke.chassis.server import running
from mitodoke.contracts.destruction.v1.destruction_pb2 import DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import DriveEnrolled
from mitodoke.contracts.oversight.v1.oversight_pb2 import DriveSighted, FlagAcknowledged
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.eventlog.cloudevents import timestamp_of
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import Flag
from mitodoke.readmodel import store
from mitodoke.readmodel.drive_state import StoredFlag
from mitodoke.readmodel.migrations import migrate
from mitodoke.readmodel.pool import open_pool
from mitodoke.readmodel.queries import FlagOf
from mitodoke.services.alerting.alerts import alert_of
from mitodoke.services.alerting.poster import AT_ONCE, Nowhere, Poster, pause
from mitodoke.services.alerting.reading import PAGE, is_behind
from mitodoke.services.projection.quarantine import Waiting, discard, waiting
from mitodoke_local import Backends
from projecting import Projecting
from read_model import until

TOOL = Path(__file__).parents[2] / ".mitodoke" / "tools" / "bin" / "prometheus-alertmanager"
EVERY = timedelta(seconds=0.4)
STEADY = timedelta(seconds=1)
"""Where no alert may be seen to end: on a busy machine too, each is posted again within three of these."""

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "alertmanager" / "alertmanager.yml"

NOW = datetime.now(UTC).replace(microsecond=0)
RETURNED = NOW - timedelta(days=50)


class Alertmanager:
    """A real one, that can be stopped and started again; nothing is kept in between."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "alertmanager.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    TOOL,
                    f"--config.file={CONFIGURATION}",
                    f"--storage.path={self._folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def answers(self) -> None:
        async def ready() -> bool:
            if self._process is not None and self._process.poll() is not None:
                log = (self._folder / "alertmanager.log").read_text()
                raise AssertionError(f"{TOOL} ended by itself; the last of what it said:\n{log[-1000:]}")
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    return (await client.get(f"{self.url}/-/ready")).is_success
                except httpx.HTTPError:
                    return False

        await until(ready, f"Alertmanager is ready; see {self._folder}/alertmanager.log")

    async def alerts(self) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{self.url}/api/v2/alerts")
            answer.raise_for_status()
            found: list[dict[str, Any]] = answer.json()
            return found

    async def ends(self) -> dict[str, datetime]:
        """When each alert ends by itself."""
        return {
            alert["fingerprint"]: datetime.fromisoformat(alert["endsAt"]) for alert in await self.alerts()
        }

    async def outlived(self, rounds: int = 4) -> None:
        """Wait until each alert stands so many rounds longer than it did: it is posted on."""
        ends = await self.ends()

        async def later() -> bool:
            now = await self.ends()
            assert now.keys() >= ends.keys(), "an alert has ended"
            return all(now[alert] > end + rounds * EVERY for alert, end in ends.items())

        await until(later, f"the {len(ends)} alerts are posted on")

    async def shows(self, *expected: tuple[str, str]) -> None:
        """Wait until exactly these (alertname, serial) are alerts."""

        async def there() -> bool:
            try:
                alerts = await self.alerts()
            except httpx.TransportError:
                return False
            return sorted((a["labels"]["alertname"], a["labels"]["serial"]) for a in alerts) == sorted(
                expected
            )

        await until(there, f"Alertmanager shows {len(expected)} alerts, such as {expected[:3]}")


@pytest.fixture
def alertmanager(backends: Backends, namespace: str, tmp_path: Path) -> Iterator[Alertmanager]:
    if not TOOL.exists():
        lacks = f"{TOOL} is missing: run scripts/tools.sh, which brings it"
        if os.environ.get("CI") == "true":
            pytest.fail(lacks)
        pytest.skip(lacks)
    port = backends.ports.claim(namespace)
    real = Alertmanager(tmp_path, port)
    yield real
    real.stop()
    backends.ports.release([port])


@pytest.fixture
async def drives(database: str) -> JudgedDrives:
    """A contract, and Z1, whose destruction is overdue by five days."""
    drives = JudgedDrives(database)
    drives.agreed("K-1", RETURNED - timedelta(days=1))
    for serial in ("Z1", "Z2"):
        drives.report(DriveEnrolled(serial=serial, occurred_at=timestamp_of(RETURNED)), party="lessor")
    drives.report(DriveReturned(serial="Z1", occurred_at=timestamp_of(RETURNED)), party="lessor")
    await drives.write(NOW)
    return drives


@contextlib.asynccontextmanager
async def alerting(
    dsn: str, part: Callable[[asyncpg.Pool], Part]
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The service, in the loop of the test; what it yields asks for its health."""
    config = Config(kafka="127.0.0.1:1", listen=Address("127.0.0.1", 0), dev_secret="s")
    async with (
        await open_pool(dsn) as pool,
        running(config, name="alerting", parts=[part(pool)]) as service,
        grpc.aio.insecure_channel(str(service.address)) as channel,
    ):
        health: Any = health_pb2_grpc.HealthStub(channel)

        async def serving() -> bool:
            answer = await health.Check(health_pb2.HealthCheckRequest())
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

        yield serving


def posting_to(url: str, every: timedelta = EVERY) -> Callable[[asyncpg.Pool], Part]:
    return lambda pool: Poster(pool, url, SystemClock(), every=every)


async def test_an_open_flag_is_an_alert_with_all_that_a_receiver_needs(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    async with alerting(drives.dsn, posting_to(alertmanager.url)) as serving:
        await alertmanager.shows(("overdue", "Z1"))
        await until(serving, "health is SERVING")
        [alert] = await alertmanager.alerts()
    flag_id = alert["labels"].pop("flag_id")
    assert len(flag_id) == 36
    assert alert["labels"] == {
        "alertname": "overdue",
        "serial": "Z1",
        "contract": "K-1",
        "severity": "major",
        "party": "recycler",
        "subject": "destruction",
    }
    assert alert["annotations"]["summary"].startswith("DriveDestroyed was owed by the destroyer by ")
    # 45 days later it fell due, and with its grace of none it was evident at the end of that day.
    started = datetime.fromisoformat(alert["startsAt"])
    assert timedelta(days=45) <= started - RETURNED < timedelta(days=46)
    assert datetime.fromisoformat(alert["endsAt"]) <= datetime.now(UTC) + 3 * EVERY


def test_what_a_flag_does_not_say_is_no_label() -> None:
    flag = Flag(
        flag_id=UUID(int=1),
        contract="K-1",
        cycle="K-1",
        kind="suspect_serial",
        subject="",
        severity=Severity.WARNING,
        party="",
        message="QM00001 looks like the number of a virtual disk",
        raised_at=NOW,
        evident_at=NOW,
    )
    alert = alert_of(FlagOf("QM00001", StoredFlag(flag, NOW, 1)), NOW)
    assert alert["labels"] == {
        "alertname": "suspect_serial",
        "flag_id": str(UUID(int=1)),
        "serial": "QM00001",
        "contract": "K-1",
        "severity": "warning",
    }


async def test_a_resolved_flag_goes_away_and_a_new_one_comes(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    async with alerting(drives.dsn, posting_to(alertmanager.url)):
        await alertmanager.shows(("overdue", "Z1"))
        drives.report(DriveDestroyed(serial="Z1", occurred_at=timestamp_of(NOW)), party="recycler")
        drives.report(DriveSighted(serial="Z2", occurred_at=timestamp_of(NOW)), party="owner")
        await drives.write(NOW)
        await alertmanager.shows(("sighted", "Z2"))


async def test_a_parked_drive_is_an_alert_that_says_what_to_do_until_it_is_taken_up(
    log: LogWriter, projecting: Projecting, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    await log.world()
    await log.facts(DriveEnrolled(serial="ZK80001", occurred_at=now()))
    for serial in ("ZK80001", "ZK80002"):
        for value in (b"\xff\xff", b"\xff"):
            await log.producer.send_and_wait(log.topics.drives, value, key=serial.encode(), headers=[])
    async with (
        projecting.worker(),
        alerting(projecting.dsn, posting_to(alertmanager.url)) as serving,
    ):
        await alertmanager.shows(("parked", "ZK80001"), ("parked", "ZK80002"))
        await until(serving, "health is SERVING all the same")
        first, second = sorted(await alertmanager.alerts(), key=lambda alert: str(alert["labels"]["serial"]))
        assert first["labels"] == {
            "alertname": "parked",
            "serial": "ZK80001",
            "contract": "K-1",
            "severity": "critical",
        }
        # Of what cannot be read nobody knows under which contract it was said.
        assert "contract" not in second["labels"]
        assert first["receivers"] == [{"name": "page"}]
        bad = await _first_waiting(projecting.dsn, "ZK80001")
        assert f"The event {bad.place} of this drive" in first["annotations"]["summary"]
        assert bad.error in first["annotations"]["summary"]
        assert "1 wait behind it" in first["annotations"]["summary"]
        assert "`mitodoke quarantine list`" in first["annotations"]["next"]
        assert datetime.fromisoformat(first["startsAt"]) == bad.recorded_at
        for _ in range(2):
            bad = await _first_waiting(projecting.dsn, "ZK80001")
            await discard(
                projecting.bootstrap,
                projecting.dsn,
                projecting.topics,
                SystemClock(),
                bad.partition,
                bad.offset,
                by="sato",
                why="not a fact",
            )
        await alertmanager.shows(("parked", "ZK80002"))


async def _first_waiting(dsn: str, serial: str) -> Waiting:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "custody"})
    try:
        return (await waiting(connection, serial))[0]
    finally:
        await connection.close()


async def test_more_parked_drives_than_one_query_asks_for_all_are_alerts(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    connection = await asyncpg.connect(drives.dsn, server_settings={"search_path": "custody"})
    try:
        await connection.execute(
            "insert into quarantine select 0, n, 'ZK' || n / 2, 'unreadable', '{}', '', now()"
            " from generate_series(0, $1) as n",
            2 * PAGE + 1,
        )
    finally:
        await connection.close()
    alertmanager.start()
    await alertmanager.answers()
    async with alerting(drives.dsn, posting_to(alertmanager.url, every=timedelta(seconds=5))):
        parked = [("parked", f"ZK{number}") for number in range(PAGE + 1)]
        await alertmanager.shows(("overdue", "Z1"), *parked)


async def test_an_acknowledged_flag_is_not_posted(drives: JudgedDrives, alertmanager: Alertmanager) -> None:
    alertmanager.start()
    await alertmanager.answers()
    async with alerting(drives.dsn, posting_to(alertmanager.url)):
        await alertmanager.shows(("overdue", "Z1"))
        [alert] = await alertmanager.alerts()
        acknowledged = FlagAcknowledged(
            serial="Z1",
            occurred_at=timestamp_of(NOW),
            flag_id=alert["labels"]["flag_id"],
            reason="on its way",
            until=timestamp_of(NOW + timedelta(days=2)),
        )
        drives.report(acknowledged, party="owner")
        await drives.write(NOW)
        await alertmanager.shows()


async def test_alertmanager_that_comes_late_or_again_has_all_alerts_back(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    with structlog.testing.capture_logs() as said:
        async with alerting(drives.dsn, posting_to(alertmanager.url)) as serving:

            async def failed() -> bool:
                return [each["event"] for each in said].count("alertmanager_unavailable") >= 3

            await until(failed, "three posts fail")
            await until(serving, "health is SERVING all the same")
            alertmanager.start()
            await alertmanager.shows(("overdue", "Z1"))
            alertmanager.stop()
            alertmanager.start()
            await alertmanager.shows(("overdue", "Z1"))


async def test_where_the_read_model_cannot_be_read_the_alerts_stand_and_health_says_so(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    connection = await asyncpg.connect(drives.dsn)
    try:
        async with alerting(drives.dsn, posting_to(alertmanager.url)) as serving:
            await alertmanager.shows(("overdue", "Z1"))
            await connection.execute("alter schema custody rename to elsewhere")
            await alertmanager.outlived()
            assert not await serving()
            await connection.execute("alter schema elsewhere rename to custody")
            await until(serving, "health is SERVING again")
    finally:
        await connection.close()


async def test_when_the_database_was_lost_the_alerts_stand_until_as_much_was_read_again(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    connection = await asyncpg.connect(drives.dsn)
    try:
        with structlog.testing.capture_logs() as said:
            async with alerting(drives.dsn, posting_to(alertmanager.url, every=STEADY)) as serving:
                await alertmanager.shows(("overdue", "Z1"))
                await connection.execute("drop schema custody cascade")
                await migrate(connection)
                await alertmanager.outlived()
                assert not await serving()
                # The projection has begun, and has read nothing.
                await connection.execute("set search_path to custody")
                await store.ensure_progress(connection, 1)
                await alertmanager.outlived()
                assert not await serving()
                # Read in part: a flag that is new is told of, and the one that is not yet found again stands.
                anew = JudgedDrives(drives.dsn)
                anew.agreed("K-1", RETURNED - timedelta(days=1))
                anew.report(DriveSighted(serial="Z3", occurred_at=timestamp_of(RETURNED)), party="owner")
                await anew.write(RETURNED + timedelta(days=1))
                await alertmanager.shows(("overdue", "Z1"), ("sighted", "Z3"), ("unknown_drive", "Z3"))
                await alertmanager.outlived()
                assert not await serving()
                # Read as far as it was: what the tables say is so, also of the flag that this log knows nothing of.
                await anew.write(NOW)
                await alertmanager.shows(("sighted", "Z3"), ("unknown_drive", "Z3"))
                await until(serving, "health is SERVING again")
    finally:
        await connection.close()
    told = [each for each in said if each["event"] == "read_model_behind"]
    assert (told[0]["read_through"], told[0]["was_read_through"]) == ("unknown", NOW.isoformat())
    assert told[-1]["read_through"] == (RETURNED + timedelta(days=1)).isoformat()
    assert told[-1]["posting_as_known_before"] == 1


async def test_when_an_older_copy_was_restored_newer_flags_stand_until_as_much_was_read_again(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    connection = await asyncpg.connect(drives.dsn)
    try:
        await connection.execute("alter schema custody rename to newer")
        await migrate(connection)
        older = JudgedDrives(drives.dsn)
        older.agreed("K-1", RETURNED - timedelta(days=1))
        await older.write(NOW - timedelta(days=7))
        swap = "alter schema custody rename to {}; alter schema {} rename to custody"
        await connection.execute(swap.format("older", "newer"))
        async with alerting(drives.dsn, posting_to(alertmanager.url, every=STEADY)) as serving:
            await alertmanager.shows(("overdue", "Z1"))
            await connection.execute(swap.format("newer", "older"))
            await alertmanager.outlived()
            assert not await serving()
            await connection.execute(swap.format("older", "newer"))
            await until(serving, "health is SERVING again")
            await alertmanager.shows(("overdue", "Z1"))
    finally:
        await connection.close()


async def test_where_nothing_was_read_yet_who_has_just_started_waits_and_says_so(
    database: str, projecting: Projecting, alertmanager: Alertmanager
) -> None:
    alertmanager.start()
    await alertmanager.answers()
    with structlog.testing.capture_logs() as said:
        async with alerting(database, posting_to(alertmanager.url)) as serving:

            async def told() -> bool:
                return [each["event"] for each in said].count("read_model_behind") >= 3

            await until(told, "three rounds find tables of which nothing is known")
            assert not await serving()
            # A fresh installation: nobody has recorded anything, and that is known once somebody looks.
            async with projecting.worker():
                await until(serving, "health is SERVING", limit=60)
    waiting = next(each for each in said if each["event"] == "read_model_behind")
    assert (waiting["read_through"], waiting["was_read_through"]) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("now", "before", "behind"),
    [
        ({}, {}, True),
        ({}, {0: 5}, True),
        ({0: None}, {}, True),
        ({0: 5, 1: None}, {}, True),
        ({0: 5}, {}, False),
        ({0: 5}, {0: 5}, False),
        ({0: 6, 1: 5}, {0: 5, 1: 5}, False),
        ({0: 6, 1: 4}, {0: 5, 1: 5}, True),
        ({0: 4, 1: 9}, {0: 5, 1: 3}, True),
        # A topic that was made anew with fewer partitions, and one with more.
        ({0: 5}, {0: 5, 1: 9}, False),
        ({0: 5, 1: 1}, {0: 5}, False),
    ],
)
def test_tables_are_behind_where_a_partition_is_read_less_far_than_it_was(
    now: dict[int, int | None], before: dict[int, int], behind: bool
) -> None:
    def moments(days: Mapping[int, int | None]) -> dict[int, datetime | None]:
        return {p: None if day is None else NOW + timedelta(days=day) for p, day in days.items()}

    assert is_behind(moments(now), moments(before)) is behind


async def test_more_flags_than_go_into_one_post_all_arrive(
    drives: JudgedDrives, alertmanager: Alertmanager
) -> None:
    serials = [f"VMWARE{number}" for number in range(1, AT_ONCE + 8)]
    drives.report(
        *(DriveEnrolled(serial=serial, occurred_at=timestamp_of(NOW)) for serial in serials), party="lessor"
    )
    await drives.write(NOW)
    alertmanager.start()
    await alertmanager.answers()
    async with alerting(drives.dsn, posting_to(alertmanager.url, every=timedelta(seconds=5))):
        await alertmanager.shows(("overdue", "Z1"), *(("suspect_serial", serial) for serial in serials))


async def test_a_post_that_is_refused_is_told_and_the_others_go_on(drives: JudgedDrives) -> None:
    drives.report(
        *(DriveEnrolled(serial=f"VMWARE{n}", occurred_at=timestamp_of(NOW)) for n in range(1, AT_ONCE + 8)),
        party="lessor",
    )
    await drives.write(NOW)
    posts: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                posts.append(head.split(b"\r\n")[0])
                length = next(
                    int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length")
                )
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 9\r\n\r\nbad label")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with structlog.testing.capture_logs() as said:
        async with (
            server,
            alerting(drives.dsn, posting_to(f"http://user:secret@127.0.0.1:{port}/am/")) as serving,
        ):

            async def refused() -> bool:
                return [each["event"] for each in said].count("alerts_refused") >= 4

            await until(refused, "two rounds of two posts are refused")
            await until(serving, "health is SERVING all the same")
    assert set(posts) == {b"POST /am/api/v2/alerts HTTP/1.1"}
    assert next(each["answer"] for each in said if each["event"] == "alerts_refused") == "bad label"
    assert "secret" not in repr(said)


async def test_without_an_alertmanager_it_serves_and_says_once_that_alerts_go_nowhere(database: str) -> None:
    with structlog.testing.capture_logs() as said:
        async with alerting(database, lambda _: Nowhere()) as serving:
            await until(serving, "health is SERVING")
    assert [each["event"] for each in said].count("alerts_go_nowhere") == 1


def test_a_failed_round_is_repeated_sooner_then_later_up_to_the_usual_pause() -> None:
    seconds = [pause(failures, timedelta(seconds=10)).total_seconds() for failures in (0, 1, 2, 3, 4, 5, 999)]
    assert seconds == [10, 1, 2, 4, 8, 10, 10]
