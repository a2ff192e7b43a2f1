"""The local runner: what it starts works, is kept, and ends with it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from mitodoke.eventlog.topics import TopicError, Topics, TopicSpecification, create_topics, require_like
from mitodoke.readmodel.migrations import Migration, MigrationError, migrate
from mitodoke_local import Backends, RunnerError, System, jars
from mitodoke_local.broker import Broker
from mitodoke_local.children import Children, Ending
from mitodoke_local.errors import ChildDiedError, FolderInUseError, JarsError, NotReadyError
from mitodoke_local.folder import DataFolder
from mitodoke_local.parallel import blocking
from mitodoke_local.ports import Ports
from mitodoke_local.progress import Progress
from mitodoke_local.waiting import until

HERE = Path(__file__).parent
STAND_IN = HERE / "stand_in_service.py"


def stand_in(service: str) -> tuple[str, ...]:
    return sys.executable, str(STAND_IN), service


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mitodoke-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "data"


class Runner:
    """`python -m mitodoke_local up` as a process, with everything below it."""

    def __init__(self, data: Path, *arguments: str, program: tuple[str, ...] = ()) -> None:
        self.output = data.with_name("output")
        self.data = data
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    *(program or (str(HERE / "runner_under_test.py"),)),
                    "up",
                    f"--data={data}",
                    *arguments,
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        ready = until(lambda: self.process.poll() is not None or "Ctrl-C stops" in self.said(), limit=60)
        assert ready and self.process.poll() is None, self.said()

    def said(self) -> str:
        return self.output.read_text()

    def family(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))


def gone(processes: list[psutil.Process], limit: float = 10) -> bool:
    """Whether all have ended, or do so within `limit` seconds; that init collects them is not ours to wait for."""
    left = psutil.wait_procs(processes, timeout=limit)[1]
    return all(_ended(process) for process in left)


def _ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def names(processes: list[psutil.Process]) -> set[str]:
    """What the processes are called; one that ends while it is asked is none of them."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.add(process.name())
    return found


@pytest.fixture
def runner(data: Path) -> Iterator[Callable[..., Runner]]:
    started: list[Runner] = []

    def start(*arguments: str, **options: tuple[str, ...]) -> Runner:
        started.append(Runner(data, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.terminate()
            each.process.wait(60)


def test_up_says_where_all_is_and_ends_whole_when_killed_and_starts_again_with_its_data(
    runner: Callable[..., Runner], data: Path
) -> None:
    first = runner("--only=leasing,dashboard")
    first.wait_ready()
    running = json.loads((data / "running.json").read_text())
    assert stat.S_IMODE((data / "running.json").stat().st_mode) == 0o600
    assert set(running["services"]) == {"leasing", "dashboard"}
    assert running["http"]["dashboard"] in first.said()
    assert running["dev_secret"] not in first.said()
    blocking(leave_a_mark(running))
    family = first.family()
    assert {"java", "postgres"} <= names(family)
    assert len(family) >= 9  # guardian, broker, two services, the database and its own processes

    first.process.kill()
    first.process.wait()
    assert gone(family, limit=30)
    assert not (data / "running.json").exists()

    second = runner("--only=leasing,dashboard")
    second.wait_ready()
    again = json.loads((data / "running.json").read_text())
    for place in ("services", "http", "kafka", "database"):
        assert again[place] == running[place]
    blocking(find_the_mark(again))
    family = second.family()
    os.killpg(second.process.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    assert second.process.wait(60) == 128 + signal.SIGINT
    assert gone(family)
    assert not (data / "running.json").exists()


async def leave_a_mark(running: dict[str, str]) -> None:
    await say(running["kafka"], Topics.named().reference, b"a contract")
    connection = await asyncpg.connect(running["database"])
    await connection.execute("create table mark as select 7 as kept")
    await connection.close()


async def find_the_mark(running: dict[str, str]) -> None:
    assert await first_message(running["kafka"], Topics.named().reference) == b"a contract"
    connection = await asyncpg.connect(running["database"])
    assert await connection.fetchval("select kept from mark") == 7
    await connection.close()


async def say(kafka: str, topic: str, value: bytes) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()


async def first_message(kafka: str, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        value: bytes | None = (await asyncio.wait_for(consumer.getone(), 20)).value
        return value
    finally:
        await consumer.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_while_it_starts_takes_all_down(
    runner: Callable[..., Runner], data: Path, number: signal.Signals
) -> None:
    starting = runner("--only=none")
    assert until(lambda: {"java", "postgres"} <= names(starting.family()), limit=30)
    family = starting.family()
    starting.process.send_signal(number)
    assert starting.process.wait(60) == 128 + number, starting.said()
    assert gone(family)


async def test_the_broker_and_the_database_come_back_on_the_same_address_after_a_kill(
    backends: Backends, topics: Topics, database: str
) -> None:
    await say(backends.kafka, topics.reference, b"acknowledged")
    backends.broker.kill()
    backends.broker.start()
    assert await first_message(backends.kafka, topics.reference) == b"acknowledged"

    for stop in (backends.database.kill, backends.database.stop_immediate, backends.database.stop):
        stop()
        backends.database.start()
        connection = await asyncpg.connect(database)
        assert await connection.fetchval("show timezone") == "UTC"
        assert await connection.fetchval("show fsync") == "on"
        await connection.close()


def test_what_java_learnt_of_one_broker_is_used_by_the_next(tmp_path: Path) -> None:
    """Of jars that no broker has run yet. One that is killed while it writes leaves nothing to others."""
    links = [tmp_path / "jars" / jar.name for jar in jars.class_path(Progress.silent())]
    links[0].parent.mkdir()
    for link, jar in zip(links, jars.class_path(Progress.silent()), strict=True):
        link.symlink_to(jar)
    folder = DataFolder(tmp_path / "data")
    with folder.held(), Children.guarded(folder.lock) as children:
        broker = Broker(
            tmp_path / "kafka",
            jars=links,
            log=tmp_path / "kafka.log",
            children=children,
            ports=Ports(remembered=tmp_path / "ports.json"),
        )

        def learnt() -> list[Path]:
            return list(links[0].parent.glob("quick-start-*"))

        def mapped() -> set[str]:
            return {each.path for each in psutil.Process(broker.child.pid).memory_maps()}

        broker.start()
        (tmp_path / "kafka" / "learning.aot").write_bytes(b"a part of it")
        broker.kill()
        broker.keep_what_was_learnt()
        assert not learnt()
        of_another_java = links[0].parent / "quick-start-of-another-java.aot"
        of_another_java.touch()
        broker.start()
        broker.stop()
        (kept,) = learnt()
        assert kept != of_another_java
        broker.start()
        assert str(kept) in mapped()


def test_services_are_supervised_one_by_one(backends: Backends, database: str, data: Path) -> None:
    namespace = database.rpartition("/")[2]
    already = len(backends.children.running())
    with System.start(
        backends,
        services=("leasing", "projection"),
        database=database,
        topic_namespace=namespace,
        folder=data,
        command=stand_in,
    ) as system:
        before = system.address("leasing")
        system.kill("leasing")
        assert not system.child("leasing").running()
        system.restart("leasing")
        assert system.address("leasing") == before
        assert system.start_another("projection") == "projection-2"
        assert system.address("projection-2") != system.address("projection")
        with pytest.raises(RunnerError, match="Those that were started: leasing, projection, projection-2"):
            system.kill("wipe")
        processes = [psutil.Process(each.pid) for each in backends.children.running()]
        assert len(processes) == already + 3
    assert len(backends.children.running()) == already
    assert not (data / "running.json").exists()


def test_a_service_that_dies_is_an_error_with_its_last_words(
    backends: Backends, database: str, data: Path
) -> None:
    already = len(backends.children.running())
    with (
        pytest.raises(ChildDiedError, match=r"(?s)wipe ended with 1.*wipe\.log.*its settings are wrong"),
        System.start(
            backends,
            services=("leasing", "wipe"),
            database=database,
            topic_namespace=database.rpartition("/")[2],
            folder=data,
            command=stand_in,
            environment={"STAND_IN_FAILS": "wipe"},
        ),
    ):
        pass
    assert len(backends.children.running()) == already


def test_a_service_that_never_answers_is_an_error(backends: Backends, database: str, data: Path) -> None:
    with (
        pytest.raises(NotReadyError, match="leasing does not report SERVING"),
        System.start(
            backends,
            services=("leasing",),
            database=database,
            topic_namespace=database.rpartition("/")[2],
            folder=data,
            command=lambda _name: ("sleep", "60"),
            limit=0.5,
        ),
    ):
        pass


def test_a_child_that_dies_unasked_is_noticed(backends: Backends, tmp_path: Path) -> None:
    backends.children.check()
    child = backends.children.start(
        "leasing", ["/bin/sh", "-c", "echo its last words; exec sleep 60"], log=tmp_path / "log"
    )
    assert until(lambda: "last words" in child.log_tail(), limit=10)
    os.kill(child.pid, signal.SIGKILL)
    assert until(lambda: not child.running(), limit=10)
    with pytest.raises(ChildDiedError, match=r"(?s)leasing was ended by SIGKILL.*its last words"):
        backends.children.check()
    child.stop()
    backends.children.check()


def test_up_on_a_folder_in_use_says_who_has_it(runner: Callable[..., Runner], data: Path) -> None:
    with DataFolder(data).held():
        refused = runner()
        assert refused.process.wait(60) == 3
    assert f"in use by the runner with process id {os.getpid()}" in refused.said()


def test_a_folder_belongs_to_one_runner_at_a_time(data: Path) -> None:
    with (
        DataFolder(data).held(),
        pytest.raises(FolderInUseError, match=f"process id {os.getpid()}"),
        DataFolder(data).held(),
    ):
        pass
    with DataFolder(data).held():  # given back
        pass


def test_a_lock_left_by_a_killed_runner_is_waited_for(data: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from mitodoke_local.folder import DataFolder\n"
            "DataFolder(Path(sys.argv[1])).hold(); print('held', flush=True); sys.stdin.read()",
            str(data),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(FolderInUseError, match=f"process id {holder.pid}"):
        DataFolder(data).hold()
    holder.kill()
    holder.communicate()
    with DataFolder(data).held():
        pass


def test_two_runners_never_claim_the_same_port(tmp_path: Path) -> None:
    one, other = Ports(remembered=tmp_path / "ports"), Ports(remembered=tmp_path / "ports")
    port = one.claim("leasing")
    assert other.claim("leasing") != port
    one.release_all()
    other.release_all()


def test_a_port_is_remembered_by_its_name(tmp_path: Path) -> None:
    ports = Ports(remembered=tmp_path / "ports")
    port = ports.claim("leasing")
    ports.release_all()
    assert Ports(remembered=tmp_path / "ports").claim("leasing") == port


def test_a_child_that_will_not_end_is_made_to(tmp_path: Path) -> None:
    with Children.guarded() as children:
        deaf = children.start(
            "deaf",
            ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
            log=tmp_path / "log",
            ending=Ending(((signal.SIGTERM, 0.2),)),
        )
        family = [psutil.Process(deaf.pid)]
        assert until(lambda: "ready" in deaf.log_tail(), limit=10)
        started = time.monotonic()
        deaf.stop()
        assert time.monotonic() - started < 5
    assert gone(family)


def test_the_guardian_ends_a_child_that_will_not_end(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from mitodoke_local.children import Children, Ending\n"
        "with Children.guarded() as children:\n"
        "    command = ['/bin/sh', '-c', 'trap \"\" TERM; sleep 1000 & echo ready; while :; do sleep 1; done']\n"
        "    ending = Ending(((signal.SIGTERM, 0.2),))\n"
        "    print(children.start('deaf', command, log=Path(sys.argv[1]), ending=ending).pid, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    assert until(lambda: "ready" in (tmp_path / "log").read_text(), limit=10)
    family = list(psutil.Process(parent.pid).children(recursive=True))
    assert len(family) >= 3
    parent.kill()
    parent.communicate()
    assert gone(family, limit=10)


def test_without_its_guardian_nothing_is_started(tmp_path: Path) -> None:
    others = psutil.Process().children()
    with Children.guarded() as children:
        (guardian,) = (child for child in psutil.Process().children() if child not in others)
        assert "guardian.py" in " ".join(guardian.cmdline())
        guardian.kill()
        guardian.wait()
        with pytest.raises(ChildDiedError, match="The guardian"):
            children.check()
        child = children.start("orphan", ["/bin/sh", "-c", "echo started"], log=tmp_path / "log")
        assert child.wait() != 0
        assert "started" not in child.log_tail()


def test_a_jar_with_another_sum_is_refused_by_name(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    good = jars.class_path(Progress.silent())[0].parent
    shutil.copytree(good, cache / good.name)
    assert len(jars.class_path(Progress.silent(), cache=cache)) == len(jars.read_lock())

    victim = cache / good.name / "kafka-clients-4.3.1.jar"
    with victim.open("ab") as file:
        file.write(b"something else")
    with pytest.raises(JarsError, match=r"kafka-clients-4\.3\.1\.jar is not the one .* fetch --again"):
        jars.class_path(Progress.silent(), cache=cache)
    victim.unlink()
    with pytest.raises(JarsError, match=r"kafka-clients-4\.3\.1\.jar cannot be read.* fetch --again"):
        jars.class_path(Progress.silent(), cache=cache)


def test_a_fetched_jar_with_another_sum_never_reaches_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []

    def download(coordinates: str, repository: Path) -> Path:
        repository.mkdir(parents=True, exist_ok=True)
        fetched.append(coordinates)
        path = repository / "wrong.jar"
        path.write_bytes(b"not the jar")
        return path

    monkeypatch.setattr(jars, "_download", download)
    lock = tmp_path / "lock"
    lock.write_text(f"org.example:thing:1.0 {'0' * 64}\n")
    with pytest.raises(JarsError, match=r"wrong\.jar is not the one that was locked"):
        jars.fetch(Progress.silent(), lock=lock, cache=tmp_path / "cache")
    assert fetched == ["org.example:thing:1.0"] * 2  # once more, in case the first was cut short
    assert [each.name for each in (tmp_path / "cache").glob("kafka-*") if each.suffix != ".unfinished"] == []


def test_two_that_fetch_at_once_fetch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []

    def download(coordinates: str, repository: Path) -> Path:
        repository.mkdir(parents=True, exist_ok=True)
        fetched.append(coordinates)
        path = repository / "thing.jar"
        path.write_bytes(b"")
        return path

    monkeypatch.setattr(jars, "_download", download)
    lock = tmp_path / "lock"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    lock.write_text(f"org.example:thing:1.0 {empty}\n")
    both = [
        threading.Thread(
            target=jars.fetch, args=(Progress.silent(),), kwargs={"lock": lock, "cache": tmp_path / "cache"}
        )
        for _ in range(2)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert fetched == ["org.example:thing:1.0"]
    assert [
        path.name for path in jars.class_path(Progress.silent(), lock=lock, cache=tmp_path / "cache")
    ] == ["thing-1.0.jar"]


async def test_the_broker_stamps_each_message_with_its_own_time(backends: Backends, topics: Topics) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=backends.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for topic in (topics.drives, topics.reference, topics.flags, topics.calls, topics.clock):
            before = time.time() * 1000
            told = await producer.send_and_wait(topic, b"value", key=b"key", timestamp_ms=1_000)
            assert told.timestamp_type == 1  # LogAppendTime
            assert before - 1 <= told.timestamp <= time.time() * 1000 + 1
    finally:
        await producer.stop()


async def test_making_topics_again_changes_nothing_and_a_topic_unlike_ours_is_refused(
    backends: Backends, topics: Topics, namespace: str
) -> None:
    await create_topics(backends.kafka, topics)
    with pytest.raises(TopicError, match=r"custody\.drives\.v1 has partitions = 6, where 12"):
        await create_topics(backends.kafka, topics, drive_partitions=12)

    other = Topics.named(f"{namespace}-other")
    await _made_by_hand(backends, NewTopic(other.reference, 1, 1))
    with pytest.raises(TopicError, match=r"custody\.reference\.v1 has retention\.ms = 604800000, where -1"):
        await create_topics(backends.kafka, other)


async def test_drives_are_parted_into_as_many_partitions_as_set_up_is_told(
    backends: Backends, namespace: str
) -> None:
    topics = Topics.named(f"{namespace}-wide")
    await create_topics(backends.kafka, topics, drive_partitions=12)
    await create_topics(backends.kafka, topics, drive_partitions=12)
    with pytest.raises(TopicError, match=r"partitions = 12, where 6 is needed.*name them"):
        await create_topics(backends.kafka, topics)


def test_a_topic_may_have_more_replicas_than_are_asked_for_and_not_fewer() -> None:
    """As where a cluster of three brokers is set up again with the command's default."""
    wanted = TopicSpecification("custody.drives.v1", 2, 2, {})
    require_like(wanted, [3, 2], {})
    with pytest.raises(TopicError, match="has replicas = 1, where 2 is needed"):
        require_like(wanted, [3, 1], {})


async def _made_by_hand(backends: Backends, topic: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=backends.kafka)
    await admin.start()
    await admin.create_topics([topic])
    await admin.close()


ONE = Migration(1, "drive", "create table drive (serial text primary key);")
TWO = Migration(2, "flag", "create table flag (id uuid primary key); create index on flag (id);")


@pytest.fixture
async def connection(backends: Backends, namespace: str) -> object:
    dsn = backends.database.create_database(f"{namespace}m")
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
    backends.database.drop_database(f"{namespace}m")


async def test_each_migration_is_applied_once_in_order(connection: asyncpg.Connection) -> None:
    assert await migrate(connection, files=[ONE]) == ["0001_drive.sql"]
    assert await migrate(connection, files=[TWO, ONE]) == ["0002_flag.sql"]
    assert await migrate(connection, files=[ONE, TWO]) == []
    assert await migrate(connection, files=[ONE, TWO], schema="rebuilt") == [
        "0001_drive.sql",
        "0002_flag.sql",
    ]
    assert await connection.fetchval("select count(*) from custody.drive") == 0
    assert await connection.fetchval("select count(*) from rebuilt.drive") == 0


async def test_two_that_migrate_at_once_do_not_collide(
    backends: Backends, connection: asyncpg.Connection, namespace: str
) -> None:
    others = [await asyncpg.connect(backends.database.dsn(f"{namespace}m")) for _ in range(3)]
    try:
        applied = await asyncio.gather(*(migrate(each, files=[ONE, TWO]) for each in [connection, *others]))
    finally:
        for other in others:
            await other.close()
    assert sorted(chain.from_iterable(applied)) == ["0001_drive.sql", "0002_flag.sql"]


async def test_a_migration_that_was_changed_or_is_unknown_is_refused(connection: asyncpg.Connection) -> None:
    await migrate(connection, files=[ONE, TWO])
    changed = Migration(1, "drive", "create table drive (serial text);")
    with pytest.raises(MigrationError, match=r"0001_drive\.sql has been changed"):
        await migrate(connection, files=[changed, TWO])
    with pytest.raises(MigrationError, match=r"0002_flag\.sql, which this version does not know"):
        await migrate(connection, files=[ONE])
    with pytest.raises(MigrationError, match="have the same number"):
        await migrate(connection, files=[ONE, Migration(1, "other", "select 1")])


async def test_a_migration_that_fails_leaves_nothing(connection: asyncpg.Connection) -> None:
    broken = Migration(2, "broken", "create table half (id int); select nothing from nowhere;")
    with pytest.raises(MigrationError, match=r"0002_broken\.sql failed"):
        await migrate(connection, files=[ONE, broken])
    assert await connection.fetchval("select to_regclass('custody.half')") is None
    assert await connection.fetchval("select count(*) from custody.schema_migration") == 1
