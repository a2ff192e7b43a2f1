"""The command line, as far as it needs no running system: help, usage, exit codes, JSON, time zones, tables."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from mitodoke.cli import tables
from mitodoke.cli.answer_json import plain, printed
from mitodoke.cli.application import SERVICES, app, run
from mitodoke.cli.exits import Stop
from mitodoke.cli.moments import days_between, moment_asked, shown, time_of, zone_named
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke_local.system import SERVICES as STARTED_BY_THE_RUNNER

TOKYO = ZoneInfo("Asia/Tokyo")
POLICIES = Path(__file__).parents[2] / "deploy" / "policies"
COMMANDS = (
    ["flags"],
    ["drive"],
    ["shipment"],
    ["obligations"],
    ["contract"],
    ["policy", "check"],
    ["status"],
    ["rebuild"],
    ["quarantine", "list"],
    ["quarantine", "show"],
    ["quarantine", "retry"],
    ["quarantine", "discard"],
    ["quarantine", "decisions"],
    ["serve"],
    ["setup"],
    ["healthy"],
)


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def a_flag() -> flag_pb2.Flag:
    flag = flag_pb2.Flag(
        serial="ZK80137W",
        kind="overdue",
        subject="certificate",
        severity=flag_pb2.SEVERITY_CRITICAL,
        state=flag_pb2.FLAG_STATE_OPEN,
        message="a certificate [was] owed",
    )
    flag.raised_at.FromDatetime(datetime(2019, 6, 22, 14, 59, 59, 999999, tzinfo=UTC))
    return flag


# Help and usage


def test_help_names_every_command_in_its_group_and_the_exit_codes() -> None:
    told = CliRunner().invoke(app, ["--help"]).output
    for word in ("Ask:", "Check:", "Run:", "Exit codes", "make up", *(name for name, *_ in COMMANDS)):
        assert word in told


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_shows_an_example_and_what_its_exit_codes_mean(command: Sequence[str]) -> None:
    told = CliRunner().invoke(app, [*command, "--help"]).output
    assert "Example:" in told
    assert "Exit code" in told


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from mitodoke.cli.application import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('grpc', 'asyncpg', 'aiokafka', 'google.protobuf', 'ruamel', 'holidays', 'rich')"
        " if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"


def test_the_services_are_those_that_the_local_runner_starts() -> None:
    assert SERVICES == STARTED_BY_THE_RUNNER


def test_an_unknown_option_is_wrong_usage() -> None:
    assert exit_code("flags", "--sevrity", "major") == 2


def test_an_unknown_service_is_wrong_usage_and_those_that_there_are_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code("serve", "lesing") == 2
    assert "leasing" in capsys.readouterr().err


def test_a_missing_setting_is_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MITODOKE_KAFKA", raising=False)
    assert exit_code("serve", "leasing") == 2
    told = capsys.readouterr().err
    assert "MITODOKE_KAFKA" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("written", [None, "{", "[]", '{"services": {}}'])
def test_without_a_running_system_a_query_ends_with_3_and_says_how_to_start_one(
    written: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described = tmp_path / "running.json"
    if written is not None:
        described.write_text(written)
    assert exit_code("flags", "--connection", str(described)) == 3
    told = capsys.readouterr()
    assert "make up" in told.err
    assert told.out == ""


def test_a_service_that_is_not_there_is_not_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("healthy", "127.0.0.1:1") == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("flags", "--state", "open", "--as-of", "2019-06-23"),
        ("obligations", "--state", "overdue", "--as-of", "2019-06-23"),
        ("obligations", "--mine"),
    ],
    ids=" ".join,
)
def test_options_that_contradict_each_other_are_wrong_usage(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments) == 2
    assert "--" in capsys.readouterr().err


# Policies


def test_good_policies_check_with_0() -> None:
    assert exit_code("policy", "check", *map(str, POLICIES.glob("*.yaml"))) == 0


def test_each_mistake_of_a_policy_is_a_line_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text((POLICIES / "kanagawa-returns.yaml").read_text().replace("within: 45d", "within: 45"))
    assert exit_code("policy", "check", str(bad), str(POLICIES / "kanagawa-returns.yaml")) == 1
    line = next(n for n, text in enumerate(bad.read_text().splitlines(), 1) if "within: 45" in text)
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"{bad}:{line}:13: ")


def test_a_policy_that_is_not_there_is_told_like_any_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("policy", "check", str(tmp_path / "none.yaml")) == 1
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'none.yaml'}:1:1: ")


def test_bytes_that_are_not_utf8_are_told_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "latin.yaml"
    bad.write_bytes(b"policy: p\nversion: \xe9\n")
    assert exit_code("policy", "check", str(bad)) == 1
    assert f"{bad}:2:10: " in capsys.readouterr().out


# JSON


def test_json_has_every_field_in_plain_words() -> None:
    content = plain(query_pb2.ListFlagsResponse(flags=[a_flag()], total=2**40))
    (flag,) = content["flags"]
    assert flag["severity"] == "critical"
    assert flag["state"] == "open"
    assert flag["raised_at"] == "2019-06-22T14:59:59.999999Z"
    assert flag["resolved_at"] is None
    assert flag["party_id"] == ""
    assert content["total"] == 2**40
    assert content["freshness"] is None
    assert json.loads(printed(content)) == content


def test_json_shows_what_a_fact_says_as_an_object() -> None:
    drive = query_pb2.Drive(facts=[query_pb2.Fact(kind="DriveReleased", details='{"lot_id": "L1"}')])
    assert plain(drive)["facts"][0]["details"] == {"lot_id": "L1"}


# Times


def test_a_date_is_the_end_of_that_day_in_the_zone() -> None:
    assert moment_asked("2019-06-22", TOKYO) == datetime(2019, 6, 22, 14, 59, 59, 999999, tzinfo=UTC)
    assert moment_asked("2019-06-22T10:00:00+09:00", TOKYO) == datetime(2019, 6, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize("written", ["yesterday", "2019-06-22T10:00:00", "2019-13-01"])
def test_a_moment_that_cannot_be_read_is_wrong_usage(written: str) -> None:
    with pytest.raises(Stop, match="--as-of") as stopped:
        moment_asked(written, TOKYO)
    assert stopped.value.code == 2


def test_a_zone_that_does_not_exist_is_wrong_usage() -> None:
    with pytest.raises(Stop) as stopped:
        zone_named("Asia/Tokio")
    assert stopped.value.code == 2


def test_days_are_counted_on_the_calendar_of_the_zone() -> None:
    due = datetime(2019, 6, 22, 14, 59, 59, 999999, tzinfo=UTC)
    assert days_between(due, datetime(2019, 11, 26, 1, tzinfo=UTC), TOKYO) == 157
    assert shown(due, TOKYO) == "2019-06-22 23:59"
    assert shown(None, TOKYO) == ""


def test_a_time_that_was_not_given_is_none() -> None:
    assert time_of(query_pb2.Drive().holder_since) is None


# Tables, as a pipe gets them


def test_a_flag_is_one_line_with_its_message_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    tables.flags(query_pb2.ListFlagsResponse(flags=[a_flag()], total=7, next_page_token="t"), TOKYO, None)
    lines = capsys.readouterr().out.splitlines()
    (line,) = (each for each in lines if "ZK80137W" in each)
    told = "critical ZK80137W overdue: certificate 2019-06-22 23:59 open a certificate [was] owed"
    assert " ".join(line.split()) == told
    assert any("7 flags, of which 1 are shown" in each for each in lines)
    assert "\x1b" not in "".join(lines)


def test_more_flags_than_are_counted_are_said_to_be_more(capsys: pytest.CaptureFixture[str]) -> None:
    answer = query_pb2.ListFlagsResponse(
        flags=[a_flag()], total=10_000, more_than_total=True, next_page_token="t"
    )
    tables.flags(answer, TOKYO, None)
    assert "More than 10,000 flags, of which 1 are shown" in capsys.readouterr().out


def test_status_says_which_counts_are_estimates(capsys: pytest.CaptureFixture[str]) -> None:
    answer = query_pb2.GetStatusResponse(drives=396, facts=40_000_000, estimated=["facts"])
    tables.status(answer, TOKYO, now=datetime(2026, 4, 1, tzinfo=UTC))
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "facts about 40,000,000" in told
    assert "drives 396" in told


@pytest.mark.parametrize(
    ("freshness", "told"),
    [
        ({}, "Read through nothing."),
        ({"lag": 1200}, "Read through nothing; 1,200 facts are not read yet."),
        (
            {"lag_unknown": True},
            "Read through nothing; the log does not answer, so what is not read yet is not known.",
        ),
        (
            {"lag": 3, "lag_unknown": True},
            "Read through nothing; the log does not answer, so what is not read yet is not known: at least 3 facts.",
        ),
    ],
)
def test_how_much_is_not_read_yet_is_said_or_that_it_is_not_known(
    freshness: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = query_pb2.GetStatusResponse(freshness=query_pb2.Freshness(**freshness))
    tables.status(answer, TOKYO, now=datetime(2026, 4, 1, tzinfo=UTC))
    assert capsys.readouterr().out.splitlines()[-1] == told


def test_a_shipment_names_the_serials_that_are_missing_and_too_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables.shipment(
        query_pb2.GetShipmentResponse(
            shipment_id="LOT-1",
            sent=3,
            received=3,
            missing=["A1", "A2"],
            unexpected=["AI", "B1"],
            perhaps_misread=[query_pb2.Misread(scanned="AI", on_manifest="A1")],
        ),
        TOKYO,
    )
    told = capsys.readouterr().out
    assert "2 missing" in told
    assert [line.strip() for line in told.splitlines() if line.startswith("  ")] == [
        "A1",
        "A2",
        "AI; did you mean A1?",
        "B1",
    ]


def test_a_drive_shows_what_was_expected_beside_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    drive = query_pb2.Drive(serial="ZK80137W", owner_party_id="prefecture", owner_name="The prefecture (県)")
    overdue = drive.obligations.add(
        expect="CertificateAccepted",
        after="DriveReturned",
        owed_by=["lessor"],
        state=query_pb2.OBLIGATION_STATE_OVERDUE,
    )
    overdue.due_at.FromDatetime(datetime(2019, 6, 22, 14, 59, 59, tzinfo=UTC))
    tables.drive(query_pb2.GetDriveResponse(drive=drive), TOKYO, None, now=datetime(2019, 11, 26, tzinfo=UTC))
    told = capsys.readouterr().out
    assert "The prefecture (県) [prefecture]" in told
    assert "CertificateAccepted after DriveReturned" in told
    assert "nothing, 157 days after it" in told


@pytest.mark.parametrize(
    ("due", "overdue"),
    [(datetime(2019, 6, 22, tzinfo=UTC), True), (datetime(2019, 6, 24, tzinfo=UTC), False)],
)
def test_what_was_overdue_on_a_past_day_is_told_by_its_due_time(due: datetime, overdue: bool) -> None:
    each = query_pb2.Obligation(state=query_pb2.OBLIGATION_STATE_MET_LATE)
    each.due_at.FromDatetime(due)
    assert tables.is_overdue(each, datetime(2019, 6, 23, tzinfo=UTC)) is overdue
