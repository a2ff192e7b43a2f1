"""The demo's case file: what it holds, and each way to write one wrong."""

from pathlib import Path
from typing import NoReturn

import pytest
import typer

from mitodoke.lifecycle.kinds import FactKind
from mitodoke_demo.__main__ import demo, show
from mitodoke_demo.case import Case, CaseError, expand, read_case
from mitodoke_demo.reports import items_of, report_of, request_id, service_of
from mitodoke_local import Backends, RunnerError

FILE = Path(__file__).parents[2] / "deploy" / "demo" / "kanagawa-2019.yaml"


@pytest.fixture(scope="module")
def case() -> Case:
    return read_case(FILE)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    policy = FILE.parent / "../policies/kanagawa-returns.yaml"
    file = tmp_path / "case.yaml"
    file.write_text(
        text.replace(old, new).replace("../policies/kanagawa-returns.yaml", str(policy.resolve())),
        encoding="utf-8",
    )
    return file


def serials_of(case: Case, kind: FactKind) -> list[str]:
    return [serial for each in case.happenings if each.kind is kind for serial in each.serials]


# What the record says


def test_396_drives_are_enrolled_and_returned(case: Case) -> None:
    assert len(set(serials_of(case, FactKind.DRIVE_ENROLLED))) == 396
    assert sorted(serials_of(case, FactKind.DRIVE_ENROLLED)) == sorted(
        serials_of(case, FactKind.DRIVE_RETURNED)
    )


def test_378_are_destroyed_once_and_the_18_that_were_taken_never(case: Case) -> None:
    destroyed = serials_of(case, FactKind.DRIVE_DESTROYED)
    recovered = serials_of(case, FactKind.DRIVE_RECOVERED)
    assert len(destroyed) == len(set(destroyed)) == 378
    assert len(recovered) == len(set(recovered)) == 18
    assert set(destroyed) | set(recovered) == set(serials_of(case, FactKind.DRIVE_ENROLLED))


def test_9_were_sighted_and_came_back_in_three_lots(case: Case) -> None:
    assert len(serials_of(case, FactKind.DRIVE_SIGHTED)) == 9
    lots = [(f"{each.at:%m-%d %H:%M}", len(each.serials)) for each in case.happenings if each.at.month == 12]
    assert lots == [("12-05 20:00", 9), ("12-19 15:00", 5), ("12-21 15:00", 4)]


def test_no_certificate_ever_came(case: Case) -> None:
    assert not serials_of(case, FactKind.CERTIFICATE_ISSUED)


def test_the_recycler_is_a_party_that_the_contract_does_not_approve(case: Case) -> None:
    assert "recycler" in {party.party_id for party in case.parties}
    assert "recycler" not in {approval.party_id for approval in case.contract.approvals}


# The calls


def test_every_kind_of_fact_goes_to_its_service(case: Case) -> None:
    assert {(service_of(each), report_of(each)) for each in case.happenings} == {
        ("leasing", "report_drive_enrolled"),
        ("leasing", "report_lease_ended"),
        ("wipe", "report_drive_initialised"),
        ("returns", "report_drive_released"),
        ("returns", "report_drive_returned"),
        ("transport", "report_custody_transferred"),
        ("destruction", "report_drive_destroyed"),
        ("oversight", "report_drive_sighted"),
        ("oversight", "report_drive_recovered"),
    }


def test_every_drive_of_a_happening_is_an_item_with_its_details(case: Case) -> None:
    (first, *_) = (each for each in case.happenings if each.kind is FactKind.DRIVE_DESTROYED)
    items = items_of(first)
    assert [item.serial for item in items] == list(first.serials)  # type: ignore[attr-defined]
    assert {item.place for item in items} == {"the recycler's plant"}  # type: ignore[attr-defined]
    assert {item.occurred_at.ToDatetime().isoformat() for item in items} == {  # type: ignore[attr-defined]
        "2019-07-10T07:00:00"
    }


def test_a_case_read_again_gives_the_same_request_ids_and_a_changed_one_others(
    case: Case, tmp_path: Path
) -> None:
    def ids(of: Case) -> list[str]:
        return [request_id(of, each.kind, *items_of(each)) for each in of.happenings]

    assert ids(case) == ids(read_case(FILE))
    other = ids(read_case(changed(tmp_path, "2019-11-26 11:00", "2019-11-26 12:00")))
    assert sum(one != two for one, two in zip(ids(case), other, strict=True)) == 1


# How it is written


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ZK8{0009..0011}W", ("ZK80009W", "ZK80010W", "ZK80011W")),
        ("A{8..10}", ("A8", "A9", "A10")),
        ("ZK80001W", ("ZK80001W",)),
    ],
)
def test_a_range_stands_for_its_numbers(written: str, meant: tuple[str, ...]) -> None:
    assert expand(written) == meant


@pytest.mark.parametrize(
    "written", ["ZK8{1}W", "ZK8{2..1}W", "ZK8{1..99999999999}W", "ZK8{1..2}{1..2}W", "ZK8{"]
)
def test_a_range_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="ZK8"):
        expand(written)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fact: LeaseEnded", "fact: LeaseEnd", "LeaseEnd"),
        ("by: recycler, operator: line-1", "by: recycling, operator: line-1", "recycling"),
        ("2019-02-28 17:15", "2019-02-28", "2019-02-28 17:15|2019-04-22 15:00"),
        ("drives: sold-to-the-buyer,", "drives: sold to the buyer !,", "group"),
        ("timezone: Asia/Tokyo", "timezone: Asia/Tokio", "Asia/Tokio"),
        ("at: telephone-call", "at: telegram", "telegram"),
        ("role: sanitiser", "role: wiper", "wiper"),
        ("../policies/kanagawa-returns.yaml", "none.yaml", "none.yaml"),
        ("milestones:", "milestone:", "milestones"),
        ("  array: ZK8{0001..0396}W", "  array: {", "YAML"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_what_is_wrong(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(CaseError, match=said) as raised:
        read_case(file)
    assert str(file) in str(raised.value)


def test_a_field_that_a_fact_does_not_have_is_told(tmp_path: Path) -> None:
    wrong = read_case(changed(tmp_path, "enclosure: FILE-SERVER-1", "encloser: FILE-SERVER-1"))
    with pytest.raises(CaseError, match=r"encloser.*enclosure"):
        [items_of(each) for each in wrong.happenings]


def test_a_word_that_an_enum_does_not_have_is_told(tmp_path: Path) -> None:
    wrong = read_case(changed(tmp_path, "media_type: hdd", "media_type: disc"))
    with pytest.raises(CaseError, match=r"disc.*hdd"):
        [items_of(each) for each in wrong.happenings]


# When it fails


def test_a_failure_names_the_step_and_where_the_logs_are(
    case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def does_not_start(folder: Path, **_: object) -> NoReturn:
        raise RunnerError("Kafka did not start")

    monkeypatch.setattr(Backends, "start", does_not_start)
    with pytest.raises(SystemExit) as ended:
        show(case)
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert "while starting Kafka and PostgreSQL: Kafka did not start" in told.err
    assert "logs" in told.err
    assert told.out == ""


def test_a_wrong_case_is_told_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = changed(tmp_path, "media_type: hdd", "media_type: disc")
    with pytest.raises(typer.Exit) as ended:
        demo(case_file=wrong)
    assert ended.value.exit_code == 2
    assert "disc" in capsys.readouterr().err
