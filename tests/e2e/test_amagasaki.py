"""The case of 2022 through every real process: what was flagged, and at which hour of that day."""

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console

from mitodoke.client import Connection
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke_demo.__main__ import SECOND_CASE, SERVICES
from mitodoke_demo.answers import Lookup, ask_in_short
from mitodoke_demo.case import read_case
from mitodoke_demo.replay import replay
from mitodoke_demo.report import print_in_short
from mitodoke_local import Backends, System

CASE = read_case(SECOND_CASE)
STICK = "7UC40921A"


@pytest.fixture(scope="module")
def system(backends: Backends) -> Iterator[System]:
    """Of its own: other tests count what there is of the case of 2019."""
    with (
        tempfile.TemporaryDirectory(prefix="mitodoke-e2e-", ignore_cleanup_errors=True) as folder,
        System.start(
            backends,
            services=SERVICES,
            database=backends.database.create_database("e2e_2022"),
            topic_namespace="e2e-2022",
            folder=Path(folder),
        ) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def stick(system: System) -> Lookup:
    """The stick as it stood on the evening on which it was found."""

    async def told() -> tuple[Lookup, ...]:
        await replay(system.running_file, CASE)
        async with Connection.from_file(path=system.running_file) as running:
            return await ask_in_short(running.query, CASE)

    (found,) = asyncio.run(told())
    return found


def local(stamp: Timestamp) -> str:
    return f"{stamp.ToDatetime(tzinfo=UTC).astimezone(ZoneInfo('Asia/Tokyo')):%m-%d %H:%M}"


def raised(stick: Lookup) -> set[tuple[str, str, str]]:
    return {
        (
            local(f.raised_at),
            f"overdue {f.subject.partition('/')[0]}" if f.kind == "overdue" else f.kind,
            f.party_id,
        )
        for f in stick.drive.flags
    }


@pytest.mark.parametrize(
    ("when", "kind", "party"),
    [
        ("06-21 13:00", "unapproved_party", "sub-contractor"),
        ("06-21 13:00", "unapproved_party", "sub-sub-contractor"),
        ("06-21 17:00", "unapproved_export", "sub-sub-contractor"),
        ("06-21 17:30", "understaffed_transit", "sub-sub-contractor"),
        ("06-21 17:30", "seal_mismatch", "sub-sub-contractor"),
        ("06-21 23:00", "overdue erasure", "contractor"),
        ("06-22 09:00", "lost", "sub-sub-contractor"),
        ("06-22 10:00", "overdue told", "contractor"),
    ],
)
def test_it_is_flagged_when_it_happens(stick: Lookup, when: str, kind: str, party: str) -> None:
    assert (when, kind, party) in raised(stick)


def test_the_loss_starts_the_clocks_of_its_three_reports(stick: Lookup) -> None:
    clocks = {
        o.obligation_id: (local(o.due_at), o.state) for o in stick.drive.obligations if o.after == "DriveLost"
    }
    assert clocks == {
        "told": ("06-22 10:00", query_pb2.OBLIGATION_STATE_MET_LATE),
        "first-report": ("06-27 23:59", query_pb2.OBLIGATION_STATE_PENDING),
        "full-report": ("07-22 23:59", query_pb2.OBLIGATION_STATE_PENDING),
    }


def test_the_recovery_closes_neither_the_loss_nor_the_erasure_that_is_owed(stick: Lookup) -> None:
    still = {f.kind: f.severity for f in stick.open_flags}
    assert still["lost"] == flag_pb2.SEVERITY_CRITICAL
    assert any(f.kind == "overdue" and f.subject.startswith("erasure/") for f in stick.open_flags)


def test_the_erasure_was_grave_by_the_next_noon(stick: Lookup) -> None:
    (breach,) = (f for f in stick.drive.flags if f.kind == "overdue" and f.subject.startswith("erasure/"))
    assert breach.severity == flag_pb2.SEVERITY_CRITICAL


async def test_at_midnight_all_but_the_loss_was_flagged(stick: Lookup, system: System) -> None:
    as_of = Timestamp()
    as_of.FromDatetime(datetime(2022, 6, 21, 15, 0, 1, tzinfo=UTC))
    async with Connection.from_file(path=system.running_file) as running:
        answer = await running.query.get_drive(query_pb2.GetDriveRequest(serial=STICK, as_of=as_of))
    kinds = {flag.kind for flag in answer.drive.flags}
    assert {"unapproved_party", "unapproved_export", "understaffed_transit", "overdue"} <= kinds
    assert "lost" not in kinds


def test_the_demo_prints_it_by_the_hour(stick: Lookup) -> None:
    console = Console(width=120, highlight=False, color_system=None)
    with console.capture() as printed:
        print_in_short(console, CASE, [stick])
    text = printed.get()
    for said in (
        "2022-06-21 17:00",
        "⚑ unapproved_export",
        "⚑ overdue: erasure",
        "2022-06-27 23:59",
        "met late",
    ):
        assert said in text
