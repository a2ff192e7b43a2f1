"""Apache Kafka in KRaft mode: one broker that is its own controller."""

import base64
import os
import signal
import socket
import struct
import uuid
from collections.abc import Sequence
from pathlib import Path

from mitodoke_local.children import Child, Children, Ending
from mitodoke_local.errors import NotReadyError, RunnerError
from mitodoke_local.java import find_java
from mitodoke_local.ports import Ports
from mitodoke_local.quick_start import QuickStart
from mitodoke_local.waiting import until

_LOG_SETTINGS = Path(__file__).with_name("broker-log4j2.properties")

# One broker holds one copy of everything; a rebalance need not wait for members that are still to come. After a
# kill the controller takes the broker back only when its last session has run out: nine seconds, if we let it.
# A controller that is alone need not wait for rivals before it elects itself.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://127.0.0.1:{advertised}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller_port}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=200
"""


class Broker:
    """One broker on loopback with its data in one folder; the same port and data after every restart."""

    def __init__(
        self, folder: Path, *, jars: Sequence[Path], log: Path, children: Children, ports: Ports
    ) -> None:
        self._folder = folder
        self._jars = jars
        self._log = log
        self._children = children
        self._port = ports.claim("kafka")
        self._controller_port = ports.claim("kafka-controller")
        self._advertised = self._port
        self._child: Child | None = None
        self._quick: QuickStart | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    def advertise(self, port: int) -> None:
        """Tell clients to come by another port, such as that of a proxy before it, from the next start on."""
        self._advertised = port

    @property
    def address(self) -> str:
        """Host and port, for `bootstrap_servers`."""
        return f"127.0.0.1:{self._port}"

    @property
    def child(self) -> Child:
        """The running process."""
        if self._child is None:
            raise RunnerError("Kafka has not been started")
        return self._child

    def start(self, *, limit: float = 60.0) -> None:
        """Start it and wait until it answers a request.

        Raises ChildDiedError or NotReadyError with the last lines of its log.
        """
        java = find_java()
        settings = self._write_settings()
        if not (self._data / "meta.properties").exists():
            self._format(java, settings)
        self._quick = QuickStart.beside(self._jars[0].parent, java, self._folder / "learning.aot")
        quickly, ends_within = self._quick.start()
        child = self._children.start(
            "kafka",
            self._command(java, "kafka.Kafka", str(settings), options=["-Xms256m", "-Xmx512m", *quickly]),
            log=self._log,
            environment=_environment(),
            ending=Ending(((signal.SIGTERM, ends_within),)),
        )
        self._child = child
        until(lambda: not child.running() or self._answers(), limit=limit, every=0.05)
        if not child.running():
            raise child.death()
        if not self._answers():
            raise NotReadyError(
                f"Kafka does not answer on {self.address} after {limit:.0f} s. "
                f"The last lines of {self._log}:\n\n{child.log_tail()}\n"
            )

    def stop(self) -> None:
        """Shut it down in order."""
        self.child.stop()
        self.keep_what_was_learnt()

    def keep_what_was_learnt(self) -> None:
        """Let later brokers start quicker by what this one learnt, which has ended."""
        if self._quick is not None:
            self._quick.keep(self.child)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.child.kill()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _write_settings(self) -> Path:
        (self._folder / "tmp").mkdir(parents=True, exist_ok=True)
        file = self._folder / "server.properties"
        file.write_text(
            _SETTINGS.format(
                port=self._port,
                advertised=self._advertised,
                controller_port=self._controller_port,
                data=self._data,
            )
        )
        return file

    def _format(self, java: Path, settings: Path) -> None:
        """Prepare an empty data folder: Kafka refuses to start on one that it has not been told to use."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # Compiling hard does not pay in a program that ends after a second.
        options = ["-XX:TieredStopAtLevel=1"]
        # In one word each: an id may begin with a dash.
        arguments = ["format", f"--cluster-id={cluster}", f"--config={settings}", "--ignore-formatted"]
        self._children.run(
            "kafka-format",
            self._command(java, "kafka.tools.StorageTool", *arguments, options=options),
            log=self._log,
            environment=_environment(),
        )

    def _command(self, java: Path, main: str, *arguments: str, options: Sequence[str]) -> list[str]:
        return [
            str(java),
            *options,
            "-XX:+UseSerialGC",
            f"-Djava.io.tmpdir={self._folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={_LOG_SETTINGS.as_uri()}",
            "-cp",
            os.pathsep.join(map(str, self._jars)),
            main,
            *arguments,
        ]

    def _answers(self) -> bool:
        """Ask which requests it understands: the first that it answers once it takes any."""
        api_versions, version, correlation, no_client = 18, 0, 7, -1
        request = struct.pack(">hhih", api_versions, version, correlation, no_client)
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=2.0) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                answer = connection.recv(10, socket.MSG_WAITALL)
        except OSError:
            return False
        return len(answer) == 10 and struct.unpack(">iih", answer)[1:] == (correlation, 0)


def _environment() -> dict[str, str]:
    """This process's environment without the variables by which a Java picks up options of its own."""
    foreign = {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"}
    return {name: value for name, value in os.environ.items() if name not in foreign}
