"""Loaded read models are what the projection would have written: as many rows, the same keys, the right flags."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.chains import ALL_FATES, Lot, facts_of, lots, serial, tuesday
from bench.corner import Corner, corner
from bench.table_rows import Loader, NoRoom, ensure_room
from mitodoke.eventlog.cloudevents import decode_fact
from mitodoke.lifecycle.verdict import FlagState
from mitodoke.readmodel import queries
from mitodoke_local import Backends

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
BEGIN = datetime(2016, 4, 1, tzinfo=UTC)
OF_EACH_FATE = tuesday(BEGIN + timedelta(days=2000, hours=1))
BROKEN = {
    "leased": set(),
    "extended": set(),
    "as agreed": set(),
    "certificate awaited": {"overdue"},
    "destroyed late": {"overdue"},
    "never destroyed": {"overdue"},
    "missing": {"overdue"},
    "only initialised": {"overdue", "not_sanitised", "skipped_step"},
    "not wiped": {"overdue", "not_sanitised", "skipped_step"},
}
"""What is still open long after, of a drive of each fate: of most there is nothing to say."""


async def indexes(place: Corner) -> list[str]:
    async with place.connected() as connection:
        rows = await connection.fetch("select indexdef from pg_indexes where schemaname = 'custody'")
    return sorted(row["indexdef"] for row in rows)


async def test_every_drive_of_the_lots_is_there_with_its_facts_flags_and_indexes(backends: Backends) -> None:
    made = list(lots(5, 600, begin=BEGIN, years=5))
    # One of each fate, so that none is left out.
    made.append(Lot(999_999, 5_000_000, ALL_FATES, OF_EACH_FATE, "K-1"))
    async with corner(backends) as place:
        before = await indexes(place)
        done: list[float] = []
        async with place.connected() as connection:
            reference = await place.reference(recorded_at=BEGIN - timedelta(days=3000))
            await Loader(reference, NOW).load(connection, iter(made), done.append)
            assert sum(done) == 600 + len(ALL_FATES)
            assert await connection.fetchval("select count(*) from fact") == facts_of(made)
            assert await indexes(place) == before
            for n, fate in enumerate(ALL_FATES):
                view = await queries.drive(connection, serial(5_000_000 + n), decode_fact)
                assert view is not None
                assert len(view.facts) == len(fate.steps)
                assert all(at.fact.serial == serial(5_000_000 + n) for at in view.facts)
                broken = {flag.flag.kind for flag in view.flags if flag.flag.state is FlagState.OPEN}
                assert broken == BROKEN[fate.name], fate.name
                overdue = {flag.flag.subject for flag in view.flags if flag.flag.kind == "overdue"}
                assert bool(view.obligations) == (len(fate.steps) > 2)
                assert all(owed.contract == "K-1" for owed in view.obligations)
                assert ("return" in overdue) == (fate.name == "missing")
                assert ("destruction" in overdue) == (fate.name in ("destroyed late", "never destroyed"))


def test_what_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path) -> None:
    ensure_room(tmp_path, 1)
    with pytest.raises(NoRoom, match="TMPDIR"):
        ensure_room(tmp_path, 10**12)
