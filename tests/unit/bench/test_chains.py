"""The drives that benchmarks are made of: the same for the same seed, and as mixed as real ones."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from bench.chains import (
    ALL_FATES,
    FATES,
    LARGEST,
    SMALLEST,
    STEPS,
    facts_of,
    happened,
    in_order_of_time,
    lots,
    reports,
    said,
    serial,
)
from mitodoke.chassis.validation import violations
from mitodoke.contracts.destruction.v1 import destruction_service_pb2
from mitodoke.contracts.leasing.v1 import leasing_service_pb2
from mitodoke.contracts.returns.v1 import returns_service_pb2
from mitodoke.contracts.transport.v1 import transport_service_pb2
from mitodoke.contracts.wipe.v1 import wipe_service_pb2
from mitodoke.lifecycle.serials import canonical


def test_the_same_seed_gives_the_same_lots_however_many_follow() -> None:
    few, many = list(lots(7, 20_000)), list(lots(7, 40_000))
    assert few[:-1] == many[: len(few) - 1]
    assert list(lots(8, 20_000)) != few


def test_every_drive_is_in_one_lot() -> None:
    made = list(lots(1, 50_000))
    assert [lot.first for lot in made[1:]] == [lot.first + len(lot.fates) for lot in made[:-1]]
    assert sum(len(lot.fates) for lot in made) == 50_000


def test_lots_are_of_10_to_4000_and_small_ones_are_more_common() -> None:
    sizes = [len(lot.fates) for lot in lots(1, 500_000)][:-1]
    assert min(sizes) >= SMALLEST and max(sizes) <= LARGEST
    assert max(sizes) > 3_000
    assert sorted(sizes)[len(sizes) // 2] < 400


def test_four_facts_a_drive_and_every_fate_occurs_about_as_often_as_it_says() -> None:
    made = list(lots(1, 400_000))
    assert 3.3 < facts_of(made) / 400_000 < 4.7
    seen = Counter(fate.name for lot in made for fate in lot.fates)
    assert set(seen) == {fate.name for fate in ALL_FATES}
    left = sum(seen[fate.name] for fate in FATES)
    for fate in FATES:
        assert abs(seen[fate.name] / left * 1000 - fate.of_a_thousand) < 8


def test_serials_are_canonical_and_no_two_are_alike() -> None:
    serials = [serial(number) for number in (*range(5_000), *range(99_990_000, 99_995_000))]
    assert len(set(serials)) == len(serials)
    assert all(canonical(each) == each for each in serials)


def test_reports_hold_each_fact_once_and_each_drive_s_in_the_order_of_its_fate() -> None:
    made = list(lots(3, 3_000))
    told: dict[int, list[str]] = {}
    for report in reports(made):
        for number in report.numbers:
            told.setdefault(number, []).append(report.step)
    for lot in made:
        for n, fate in enumerate(lot.fates):
            assert told[lot.first + n] == list(fate.steps)
    assert sum(map(len, told.values())) == facts_of(made)


def test_over_the_years_the_same_is_reported_and_each_drive_s_in_order() -> None:
    made = list(lots(3, 3_000))
    told = list(in_order_of_time(made))
    times = [happened(report.step, report.lot) for report in told]
    assert times == sorted(times)
    steps: dict[int, list[str]] = {}
    for report in told:
        for number in report.numbers:
            steps.setdefault(number, []).append(report.step)
    assert all(steps[lot.first + n] == list(fate.steps) for lot in made for n, fate in enumerate(lot.fates))


def test_a_report_in_calls_is_the_same_report() -> None:
    [report, *_] = (report for report in reports(list(lots(3, 3_000))) if len(report.numbers) > 500)
    calls = list(report.calls(500))
    assert [number for call in calls for number in call.numbers] == list(report.numbers)
    assert {len(call.numbers) for call in calls[:-1]} == {500}
    ids = [event.event_id for call in calls for event in call.events(happened(report.step, report.lot))]
    assert len(set(ids)) == len(ids) == len(report.numbers)


def test_what_is_said_is_what_the_services_take() -> None:
    service_of = {
        "mitodoke.leasing.v1": leasing_service_pb2,
        "mitodoke.wipe.v1": wipe_service_pb2,
        "mitodoke.returns.v1": returns_service_pb2,
        "mitodoke.transport.v1": transport_service_pb2,
        "mitodoke.destruction.v1": destruction_service_pb2,
    }
    lot = next(lots(1, 100))
    for step in STEPS:
        item = said(step, 5, lot, happened(step, lot))
        descriptor = item.DESCRIPTOR
        request = getattr(service_of[descriptor.file.package], f"Report{descriptor.name}Request")(
            request_id="5b1f3c52-0d8e-5d5a-9c0e-7a3f6d2b9e41",
            contract_id=lot.contract,
            operator_id="op-1",
            items=[item],
        )
        assert violations(request, 100) == []


def test_leases_end_within_the_years_asked_for() -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    ends = [lot.lease_ends for lot in lots(1, 200_000, begin=begin, years=2)]
    assert {end.weekday() for end in ends} == {1}
    assert begin - timedelta(days=6) <= min(ends) and max(ends) <= begin + timedelta(days=732)
    assert max(ends) - min(ends) > timedelta(days=500)
