"""The command line against the running system: what it prints, and the exit codes that scripts rely on."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mitodoke.cli.application import run
from mitodoke_local import System
from replayed_case import Told

CONTRACT = "file-server-lease-2014"


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        return json.loads(self.out)


class Mitodoke:
    """Runs `mitodoke` with a running system."""

    def __init__(self, system: System, captured: pytest.CaptureFixture[str]) -> None:
        self._running_file = str(system.running_file)
        self._captured = captured

    def __call__(self, *arguments: str) -> Ended:
        with pytest.raises(SystemExit) as ended:
            run([*arguments, "--connection", self._running_file])
        told = self._captured.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, told.out, told.err)


@pytest.fixture
def mitodoke(kanagawa: Told, system: System, capsys: pytest.CaptureFixture[str]) -> Mitodoke:
    return Mitodoke(system, capsys)


def test_flags_that_there_are_end_with_1_and_the_gravest_come_first(mitodoke: Mitodoke) -> None:
    ended = mitodoke("flags", "--contract", CONTRACT, "--limit", "500", "--json")
    assert ended.code == 1
    assert ended.err == ""
    assert ended.answer["total"] == 819
    severities = [flag["severity"] for flag in ended.answer["flags"]]
    assert len(severities) == 500
    assert severities == sorted(severities, key=["critical", "major", "warning"].index)


def test_flags_that_there_are_not_end_with_0(mitodoke: Mitodoke) -> None:
    assert mitodoke("flags", "--kind", "lost", "--json").code == 0
    assert mitodoke("flags", "--contract", CONTRACT, "--as-of", "2014-03-02").code == 0


def test_a_past_day_is_the_end_of_that_day_in_the_contracts_zone(mitodoke: Mitodoke) -> None:
    def certificates(day: str) -> Any:
        asked = (
            "flags",
            "--contract",
            CONTRACT,
            "--kind",
            "overdue",
            "--subject",
            "certificate",
            "--limit",
            "1",
        )
        return mitodoke(*asked, "--as-of", day, "--json").answer

    assert certificates("2019-06-21")["total"] == 0
    assert certificates("2019-06-23")["total"] == 396
    assert certificates("2019-06-23")["as_of"] == "2019-06-23T14:59:59.999999Z"
    assert certificates("2019-06-22T23:00:00+09:00")["total"] == 0


@pytest.mark.parametrize(
    "label", [["s/n:", "zk8", "0137", "w"], ["ZK80137W"], ["Ｓ／Ｎ：ＺＫ８０１３７Ｗ"]], ids=" ".join
)
def test_a_drive_is_found_by_any_spelling_of_its_label(label: Sequence[str], mitodoke: Mitodoke) -> None:
    ended = mitodoke("drive", *label, "--as-of", "2019-11-25", "--json")
    assert ended.code == 1  # it has open flags
    drive = ended.answer["drive"]
    assert (drive["serial"], drive["owner_party_id"], drive["holder_party_id"]) == (
        "ZK80137W", "prefecture", "recycler",
    )  # fmt: skip
    assert {flag["kind"] for flag in drive["flags"]} == {"overdue", "unapproved_party"}
    assert drive["facts"][0]["details"]["enclosure"] == "FILE-SERVER-1"


def test_a_drive_is_shown_to_people_with_what_was_expected_beside_what_happened(mitodoke: Mitodoke) -> None:
    told = mitodoke("drive", "ZK80001W").out
    assert "DriveDestroyed after DriveReturned" in told
    assert "met_late" in told
    assert "2019-07-10 16:00" in told
    assert "(Asia/Tokyo)" in told


def test_what_is_not_known_ends_with_1_and_says_so(mitodoke: Mitodoke) -> None:
    of_another = ("shipment", "LOT-2019-04-22", "--contract", "no-such-lease")
    for command in (
        ("drive", "ZZ999"),
        ("contract", "no-such-lease"),
        ("shipment", "NO-SUCH-LOT"),
        of_another,
    ):
        ended = mitodoke(*command, "--json")
        assert (ended.code, ended.out) == (1, "")
        assert len(ended.err.splitlines()) == 1


def test_a_placeholder_for_a_serial_is_wrong_usage(mitodoke: Mitodoke) -> None:
    ended = mitodoke("drive", "unknown")
    assert ended.code == 2
    assert "placeholder" in ended.err


def test_obligations_of_a_party_are_those_that_it_owes(mitodoke: Mitodoke) -> None:
    owed = mitodoke(
        "obligations", "--as", "lessor", "--mine", "--state", "overdue", "--limit", "1000", "--json"
    )
    assert owed.code == 1
    assert owed.answer["total"] == 414
    assert {tuple(each["owed_by"]) for each in owed.answer["obligations"]} == {("lessor",)}
    assert mitodoke("obligations", "--as", "recycler", "--mine", "--json").answer["total"] == 0


def test_what_was_owed_on_a_past_day_is_not_yet_overdue(mitodoke: Mitodoke) -> None:
    asked = ("obligations", "--contract", CONTRACT, "--limit", "1000")
    ended = mitodoke(*asked, "--as-of", "2019-05-01")
    assert ended.code == 0
    assert "792 obligations" in ended.out
    assert mitodoke(*asked, "--as-of", "2019-06-10").code == 1


def test_a_shipment_that_arrived_whole_ends_with_0(mitodoke: Mitodoke) -> None:
    for of_contract in ((), ("--contract", CONTRACT)):
        ended = mitodoke("shipment", "LOT-2019-04-22", *of_contract, "--json")
        assert ended.code == 0
        assert (ended.answer["sent"], ended.answer["received"], ended.answer["missing"]) == (396, 396, [])


def test_a_contract_shows_who_is_approved_and_the_recycler_is_not(mitodoke: Mitodoke) -> None:
    ended = mitodoke("contract", CONTRACT, "--json")
    assert ended.code == 0
    assert {each["party_id"] for each in ended.answer["approvals"]} == {"lessor"}
    assert ended.answer["drives"] == 396


def test_a_stricter_policy_is_tried_on_a_past_day_and_changes_nothing(
    mitodoke: Mitodoke, tmp_path: Path
) -> None:
    policy = Path(__file__).parents[2] / "deploy" / "policies" / "kanagawa-returns.yaml"
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text(policy.read_text().replace("within: 45d", "within: 10d"))
    command = ("policy", "try", str(stricter), "--contract", CONTRACT, "--as-of", "2019-05-10", "--json")
    ended = mitodoke(*command)
    assert ended.code == 1
    found = {flag["subject"]: (flag["would_stand"], flag["stand"]) for flag in ended.answer["flags"]}
    assert found["destruction"] == (396, 0)
    assert mitodoke("flags", "--json").answer["total"] == 819
    assert "destruction" in mitodoke(*command[:-1]).out


def test_a_published_policy_is_shown_by_its_id_in_both_languages_and_compared_with_a_file(
    mitodoke: Mitodoke,
) -> None:
    policies = Path(__file__).parents[2] / "deploy" / "policies"
    pages = Path(__file__).parents[1] / "unit" / "policies" / "pages"
    for language in ("en", "ja"):
        ended = mitodoke(
            "policy", "show", "jp-prefecture-server-drives", "--lang", language, "--as", "lessor"
        )
        assert ended.code == 0, ended.err
        assert ended.out == (pages / f"kanagawa-returns.{language}.md").read_text(encoding="utf-8")
    stricter = str(policies / "jp-prefecture-server-drives-v2.yaml")
    from_file = mitodoke("policy", "diff", str(policies / "kanagawa-returns.yaml"), stricter)
    assert mitodoke("policy", "diff", "jp-prefecture-server-drives@1", stricter).out == from_file.out != ""
    unknown = mitodoke("policy", "show", "jp-prefecture-server-drives@9")
    assert (unknown.code, unknown.out) == (1, "")
    assert "published are the versions 1" in unknown.err
    assert mitodoke("policy", "show", "jp-prefecture-server-drives@1", "--as", "recycler").code == 1


def test_status_says_how_fresh_the_answers_are(mitodoke: Mitodoke) -> None:
    ended = mitodoke("status", "--json")
    assert ended.code == 0
    assert ended.answer["facts"] >= 3177
    assert ended.answer["freshness"]["read_through"] is not None


def test_every_query_has_its_table(mitodoke: Mitodoke) -> None:
    for command in (
        ("flags",), ("drive", "ZK80137W"), ("shipment", "LOT-2019-04-22"), ("obligations",),
        ("contract", CONTRACT), ("status",),
    ):  # fmt: skip
        ended = mitodoke(*command)
        assert ended.err == ""
        assert "Read through" in ended.out
        assert "\x1b" not in ended.out


def test_the_service_is_healthy_and_the_module_runs_as_a_process(system: System) -> None:
    command = [sys.executable, "-m", "mitodoke.cli", "healthy", system.address("projection")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout.strip()) == (0, f"{system.address('projection')}: SERVING")


def test_set_up_again_changes_nothing(system: System) -> None:
    environment = {
        **os.environ,
        "MITODOKE_KAFKA": system.backends.kafka,
        "MITODOKE_DATABASE": system.database,
        "MITODOKE_TOPIC_NAMESPACE": system.topic_namespace,
    }
    command = [sys.executable, "-m", "mitodoke.cli", "setup"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert "no migration was missing" in ended.stdout
    # With a number of partitions that the topic was not made with, it says so and what to do.
    command += ["--partitions", "48"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert ended.returncode == 1
    assert "has partitions = 6, where 48 is needed" in ended.stderr


def test_rebuild_of_a_running_system_changes_no_flag(mitodoke: Mitodoke) -> None:
    ended = mitodoke("rebuild")
    assert ended.code == 0, ended.err
    assert "0 flags are not as they were" in ended.out


def test_a_system_that_does_not_answer_ends_with_3(mitodoke: Mitodoke, system: System) -> None:
    system.stop("projection")
    try:
        ended = mitodoke("flags", "--json")
    finally:
        system.restart("projection")
    assert (ended.code, ended.out) == (3, "")
    assert "make up" in ended.err
