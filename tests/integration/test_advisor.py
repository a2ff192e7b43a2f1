"""What a caller is told at once: the number that was meant, where one is unknown."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from mitodoke.chassis.advisor import AT_ONCE, ReadModelAdvisor
from mitodoke.lifecycle.facts import Fact
from worlds import CONTRACT, at, destroyed, enrolled, returned, under

KNOWN = "WMC4N0012345"


@pytest.fixture
async def advisor(database: str) -> AsyncIterator[ReadModelAdvisor]:
    connection = await asyncpg.connect(database, server_settings={"search_path": "custody"})
    try:
        for offset, (serial, kind, contract) in enumerate(
            (
                (KNOWN, "DriveEnrolled", CONTRACT),
                ("WMC4NQ012345", "DriveReturned", CONTRACT),
                ("WMC4ND012345", "DriveEnrolled", "K-OTHER"),
            )
        ):
            await connection.execute(
                'insert into fact (partition, "offset", event_id, kind, serial, contract, party, operator,'
                " occurred_at, recorded_at, backfilled, payload)"
                " values (0, $1, gen_random_uuid(), $2, $3, $4, 'lessor', 'op', now(), now(), false, '')",
                offset,
                kind,
                serial,
                contract,
            )
    finally:
        await connection.close()
    asked = ReadModelAdvisor(database)
    await asked.start()
    yield asked
    await asked.stop()


async def said(advisor: ReadModelAdvisor, fact: Fact) -> list[tuple[str, str]]:
    (advice,) = await advisor.advise([fact], at("06-01"), under())
    return [(each.code, each.message) for each in advice if each.code == "did_you_mean"]


async def test_a_letter_for_a_zero_is_asked_about(advisor: ReadModelAdvisor) -> None:
    meant = [("did_you_mean", f"{KNOWN} is enrolled under {CONTRACT}; did you mean that one?")]
    assert await said(advisor, destroyed("05-01", serial="WMC4NO012345")) == meant
    assert await said(advisor, returned("05-01", serial="WMC4N0012354")) == meant


async def test_a_number_like_no_other_is_not(advisor: ReadModelAdvisor) -> None:
    assert await said(advisor, destroyed("05-01", serial="WMC4NOO12345")) == []


async def test_a_drive_that_is_just_enrolled_is_known(advisor: ReadModelAdvisor) -> None:
    assert await said(advisor, enrolled("05-01", serial="WMC4NO012345")) == []


async def test_of_a_long_call_each_drive_is_told_its_own(advisor: ReadModelAdvisor) -> None:
    serials = [f"ZK80{number:03}" for number in range(2 * AT_ONCE + 3)]
    serials[AT_ONCE + 1] = KNOWN
    told = await advisor.advise([destroyed("05-01", serial=each) for each in serials], at("06-01"), under())
    unknown = ["unknown_drive" in {each.code for each in advice} for advice in told]
    assert unknown == [each != KNOWN for each in serials]
