"""docker-compose.yml follows the Compose specification, and keeps what its comments promise.

No container engine is asked: the file is read by the specification's own library (scripts/compose_check).
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mitodoke_local import SERVICES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
TOOLS = ROOT / ".mitodoke" / "tools" / "bin"
SECRETS = {
    "MITODOKE_DATABASE_PASSWORD": "database0password",
    "MITODOKE_DEV_SECRET": "development0secret",
    "GRAFANA_PASSWORD": "grafana0password",
}

Read = Callable[..., subprocess.CompletedProcess[str]]


def tool(name: str) -> Path:
    """A tool that scripts/tools.sh brings; without it the test is skipped, or fails where CI=true."""
    found = TOOLS / name
    if found.exists():
        return found
    reason = f"{name} is not there; run scripts/tools.sh"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def read() -> Read:
    """Read a Compose file as the specification says, with these variables and no others."""
    checker = tool("compose-check")

    def run(
        path: Path = COMPOSE_FILE, variables: dict[str, str] = SECRETS
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run([checker, path], env=variables, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture(scope="module")
def project(read: Read) -> dict[str, Any]:
    """The project that the file describes."""
    answer = read()
    assert answer.returncode == 0, answer.stderr
    parsed: dict[str, Any] = json.loads(answer.stdout)
    return parsed


@pytest.fixture(scope="module")
def containers(project: dict[str, Any]) -> dict[str, Any]:
    """Its services, by name."""
    found: dict[str, Any] = project["services"]
    return found


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("    image: postgres:18", "    imgae: postgres:18", "imgae"),
        ("condition: service_healthy", "condition: service_well", "service_well|condition"),
        (
            "loopback: {condition: service_started, restart: true}",
            "lookback: {condition: service_started}",
            "lookback",
        ),
        ("grafana:/var/lib/grafana", "graphana:/var/lib/grafana", "graphana"),
        ("networks: [outside]", "networks: [outsize]", "outsize"),
    ],
)
def test_a_mistake_in_the_file_is_refused_by_name(
    read: Read, tmp_path: Path, right: str, wrong: str, complaint: str
) -> None:
    text = COMPOSE_FILE.read_text()
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong, 1))

    answer = read(broken)

    assert answer.returncode != 0
    assert re.search(complaint, answer.stderr), answer.stderr


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_a_secret_that_is_not_given_is_asked_for_by_name(read: Read, secret: str, value: str | None) -> None:
    variables = {name: given for name, given in SECRETS.items() if name != secret}
    if value is not None:
        variables[secret] = value

    answer = read(variables=variables)

    assert answer.returncode != 0
    assert f"required variable {secret}" in answer.stderr
    assert "deploy/image/example.env" in answer.stderr


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", COMPOSE_FILE.read_text()))
    example = (ROOT / "deploy/image/example.env").read_text()
    given = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))

    assert set(given) == used
    assert {name: given[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_every_service_is_a_process_of_its_own(containers: dict[str, Any]) -> None:
    served = {
        name: it["command"] for name, it in containers.items() if (it["command"] or [None])[0] == "serve"
    }

    assert served == {name: ["serve", name] for name in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_listens_on_the_shared_loopback_alone(containers: dict[str, Any], service: str) -> None:
    it = containers[service]

    assert it["network_mode"] == "service:loopback"
    assert "ports" not in it
    for setting in ("MITODOKE_LISTEN", "MITODOKE_HTTP"):
        assert it["environment"].get(setting, "127.0.0.1:").startswith("127.0.0.1:")
    assert it["depends_on"]["loopback"] == {"condition": "service_started", "restart": True, "required": True}
    assert it["depends_on"]["setup"]["condition"] == "service_completed_successfully"


def test_no_two_processes_of_the_shared_loopback_want_the_same_port(containers: dict[str, Any]) -> None:
    listening = [
        address.rpartition(":")[2]
        for service in SERVICES
        for name, address in containers[service]["environment"].items()
        if name in ("MITODOKE_LISTEN", "MITODOKE_HTTP")
    ]
    doors = re.findall(r"bind :(\d+)", (ROOT / "deploy/image/door.cfg").read_text())

    assert len(listening) == len(SERVICES) + 2
    assert len(set(listening + doors)) == len(listening + doors)


def test_what_is_published_is_published_to_the_hosts_own_loopback(containers: dict[str, Any]) -> None:
    published = {name: it["ports"] for name, it in containers.items() if "ports" in it}

    assert set(published) == {"loopback", "alertmanager", "prometheus", "grafana"}
    assert {port.get("host_ip") for ports in published.values() for port in ports} == {"127.0.0.1"}


def test_a_published_port_leads_to_the_service_that_listens_on_it(containers: dict[str, Any]) -> None:
    door = re.findall(
        r"listen (\w+)\n +bind :(\d+)\n +server (\w+) (127\.0\.0\.1:\d+)\n",
        (ROOT / "deploy/image/door.cfg").read_text(),
    )
    published = {str(port["target"]): port["published"] for port in containers["loopback"]["ports"]}

    assert {bind for _, bind, _, _ in door} == set(published)
    for name, bind, server, address in door:
        settings = containers[name]["environment"]
        assert server == name
        assert address == settings.get("MITODOKE_HTTP", settings["MITODOKE_LISTEN"])
        assert published[bind] == address.rpartition(":")[2]


def test_three_brokers_form_one_cluster_that_keeps_each_topic_three_times(containers: dict[str, Any]) -> None:
    names = ["kafka-1", "kafka-2", "kafka-3"]
    settings = [containers[name]["environment"] for name in names]

    assert [it["KAFKA_NODE_ID"] for it in settings] == ["1", "2", "3"]
    assert [it["KAFKA_ADVERTISED_LISTENERS"] for it in settings] == [
        f"PLAINTEXT://{name}:9092" for name in names
    ]
    for same in ("CLUSTER_ID", "KAFKA_CONTROLLER_QUORUM_VOTERS"):
        assert len({it[same] for it in settings}) == 1
    assert len({containers[name]["volumes"][0]["source"] for name in names}) == 3
    assert all(containers[name]["image"] == "apache/kafka:4.3.1" for name in names)
    assert containers["setup"]["command"] == ["setup", "--replication", "3"]
    assert containers["setup"]["environment"]["MITODOKE_KAFKA"] == ",".join(f"{name}:9092" for name in names)


def test_kafka_and_postgres_have_no_way_to_the_outside(
    project: dict[str, Any], containers: dict[str, Any]
) -> None:
    assert project["networks"]["inside"].get("internal") is True
    for name in ("kafka-1", "kafka-2", "kafka-3", "postgres", "setup"):
        assert list(containers[name]["networks"]) == ["inside"]
        assert "ports" not in containers[name]


def test_every_file_that_is_mounted_or_built_from_is_there(containers: dict[str, Any]) -> None:
    mounted = [
        Path(volume["source"])
        for it in containers.values()
        for volume in it.get("volumes", [])
        if volume["type"] == "bind"
    ]
    build = containers["loopback"]["build"]

    assert len(mounted) == 4
    assert [path for path in mounted if not path.exists()] == []
    assert (Path(build["context"]) / build["dockerfile"]).is_file()


def test_a_process_of_ours_has_no_more_rights_than_it_needs(containers: dict[str, Any]) -> None:
    ours = {name: it for name, it in containers.items() if it["image"].startswith("mitodoke:")}

    assert set(ours) == {*SERVICES, "setup", "loopback"}
    for it in ours.values():
        assert it["read_only"] is True
        assert it["cap_drop"] == ["ALL"]
        assert it["security_opt"] == ["no-new-privileges:true"]


def test_alertmanager_takes_its_configuration(tmp_path: Path) -> None:
    checker = tool("amtool")
    configuration = shutil.copy(ROOT / "deploy/alertmanager/alertmanager.yml", tmp_path)

    answer = subprocess.run(
        [checker, "check-config", configuration], capture_output=True, text=True, timeout=60
    )

    assert answer.returncode == 0, answer.stderr
