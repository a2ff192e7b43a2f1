"""The pages on a real PostgreSQL, filled by the projection's own code: what they show, and how they fail."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import asyncpg
import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from judged_drives import JudgedDrives, fresh_tables
from mitodoke.chassis.config import Address, Config
from mitodoke.chassis.identity import NotLoopbackError
from mitodoke.chassis.server import running
from mitodoke.chassis.web import WebServer
from mitodoke.contracts.destruction.v1.destruction_pb2 import CertificateAccepted, DriveDestroyed
from mitodoke.contracts.leasing.v1.leasing_pb2 import MEDIA_TYPE_USB_FLASH, DriveEnrolled, LeaseExtended
from mitodoke.contracts.oversight.v1.oversight_pb2 import (
    DataExported,
    DriveSighted,
    FactRetracted,
    FlagAcknowledged,
)
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReturned
from mitodoke.contracts.transport.v1.transport_pb2 import DriveDispatched
from mitodoke.contracts.wipe.v1.wipe_pb2 import WIPE_METHOD_OVERWRITE, WIPE_RESULT_PASSED, DriveWiped
from mitodoke.eventlog.cloudevents import timestamp_of
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import OVERDUE, flag_id
from mitodoke.readmodel import queries
from mitodoke.readmodel.pool import open_pool
from mitodoke.readmodel.rows import RANK
from mitodoke.services.dashboard.pages import PER_PAGE, application
from mitodoke.services.dashboard.reading import PARKED_SHOWN, ReadModel
from mitodoke_local import Backends
from read_model import add_open_rows, until

NOW = datetime(2019, 12, 27, 9, 0, 3, tzinfo=UTC)
READ_THROUGH = NOW - timedelta(seconds=3)
MANY = [f"ZK80{number:03}" for number in range(101, 101 + PER_PAGE + 10)]
SCRIPT = "<script>alert(1)</script>"


def at(text: str) -> Any:
    """The protobuf time of a local time in Tokyo."""
    return timestamp_of(datetime.fromisoformat(f"{text}+09:00").astimezone(UTC))


def told(drives: JudgedDrives) -> None:
    """A small 2019: what was returned in April, and what became of it."""
    drives.agreed("K-1", datetime(2014, 3, 1, tzinfo=UTC), title="File server <lease>")
    drives.agreed("K-2", datetime(2014, 3, 1, tzinfo=UTC))
    drives.agreed("K-NY", datetime(2014, 3, 1, tzinfo=UTC), zone="America/New_York")
    for contract, serials in (("K-1", ["ZK80001", "ZK80002", "ZK80003", "ZK80004"]), ("K-2", MANY)):
        enrolled = [DriveEnrolled(serial=serial, occurred_at=at("2014-03-03T10:00")) for serial in serials]
        returned = [
            DriveReturned(serial=serial, occurred_at=at("2019-04-22T10:00"), place="dock 3")
            for serial in serials
        ]
        drives.report(*enrolled, party="lessor", contract=contract)
        drives.report(*returned, party="lessor", contract=contract)
    # ZK80002 came to its right end in time; ZK80003 was destroyed late, and the paper is still missing.
    drives.report(DriveDestroyed(serial="ZK80002", occurred_at=at("2019-05-10T10:00")), party="recycler")
    drives.report(CertificateAccepted(serial="ZK80002", occurred_at=at("2019-06-01T10:00")), party="owner")
    drives.report(DriveDestroyed(serial="ZK80003", occurred_at=at("2019-07-10T10:00")), party="recycler")
    # ZK80004: a report that was taken back.
    [wrong] = drives.report(
        DriveDestroyed(serial="ZK80004", occurred_at=at("2019-05-11T10:00")), party="recycler"
    )
    drives.report(
        FactRetracted(
            serial="ZK80004",
            occurred_at=at("2019-05-12T10:00"),
            event_id=wrong.event_id,
            reason="wrong drive",
        ),
        party="recycler",
    )
    # ZK80001 turns up at an auction.
    drives.report(
        DriveSighted(
            serial="ZK80001", occurred_at=at("2019-11-26T19:00"), place=SCRIPT, description="for sale"
        ),
        party="owner",
    )
    # Imported history, a virtual disk's number, and a serial with all that a serial may hold.
    drives.report(
        DriveEnrolled(serial="QM00001", occurred_at=at("2018-01-05T10:00")),
        party="lessor",
        recorded_at=datetime(2019, 12, 1, tzinfo=UTC),
        backfilled=True,
    )
    of_new_york = "A/B+C.D-1"
    drives.report(
        DriveEnrolled(
            serial=of_new_york, occurred_at=at("2019-12-01T10:00"), media_type=MEDIA_TYPE_USB_FLASH
        ),
        party="lessor",
        contract="K-NY",
    )
    drives.report(
        LeaseExtended(serial=of_new_york, occurred_at=at("2019-12-02T10:00"), until=at("2020-03-01T09:00")),
        party="lessor",
        contract="K-NY",
    )


OWED_BY_THE_HOUR = """
  - id: erasure
    after: DataExported
    expect: DriveWiped
    within: 6h
    owed_by: carrier
    escalate: [{after: 12h, severity: critical}]
  - {id: arrival, after: DriveDispatched, expect: DriveDelivered, within: 6h, owed_by: carrier, per: shipment}
"""
MEDIA_NOW = datetime(2022, 6, 22, 0, 0, 3, tzinfo=UTC)
"""Nine in the morning in Tokyo."""
FORGOTTEN, WIPED_LATE, IN_HAND, IN_USE, ON_ITS_WAY = (
    "USB00001",
    "USB00002",
    "USB00003",
    "USB00004",
    "USB00005",
)


def told_of_media(drives: JudgedDrives) -> None:
    """A day and a night with sticks that are to be erased within hours of each use."""
    begin = datetime(2022, 6, 1, tzinfo=UTC)
    drives.agreed("K-M", begin, obligations=OWED_BY_THE_HOUR)
    serials = (FORGOTTEN, WIPED_LATE, IN_HAND, IN_USE, ON_ITS_WAY)
    enrolled = [DriveEnrolled(serial=serial, occurred_at=timestamp_of(begin)) for serial in serials]
    drives.report(*enrolled, party="lessor", contract="K-M")

    def used(serial: str, when: str) -> str:
        use = DataExported(serial=serial, occurred_at=at(when))
        [event] = drives.report(use, party="carrier", contract="K-M")
        return event.event_id

    use = used(IN_HAND, "2022-06-21T08:00")
    used(WIPED_LATE, "2022-06-21T11:00")
    used(FORGOTTEN, "2022-06-21T12:00")
    acknowledged = FlagAcknowledged(
        serial=IN_HAND,
        occurred_at=at("2022-06-21T15:00"),
        flag_id=str(flag_id(IN_HAND, "K-M", OVERDUE, f"erasure/{use}")),
        reason="on its way",
        until=at("2022-06-21T20:00"),
    )
    drives.report(acknowledged, party="owner", contract="K-M")
    dispatched = DriveDispatched(
        serial=ON_ITS_WAY, occurred_at=at("2022-06-21T20:00"), shipment_id="S-1", carrier_party_id="carrier"
    )
    drives.report(dispatched, party="lessor", contract="K-M")
    wiped = DriveWiped(
        serial=WIPED_LATE,
        occurred_at=at("2022-06-22T03:00"),
        method=WIPE_METHOD_OVERWRITE,
        result=WIPE_RESULT_PASSED,
    )
    drives.report(wiped, party="owner", contract="K-M")
    used(IN_USE, "2022-06-22T05:30")


class FixedClock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


@pytest.fixture(scope="module")
def filled(backends: Backends) -> Iterator[str]:
    """The dsn of a read model that holds the small 2019."""
    with fresh_tables(backends) as dsn:
        drives = JudgedDrives(dsn)
        told(drives)
        asyncio.run(drives.write(READ_THROUGH))
        yield dsn


@pytest.fixture(scope="module")
def of_media(backends: Backends) -> Iterator[str]:
    """The dsn of a read model that holds the sticks."""
    with fresh_tables(backends) as dsn:
        drives = JudgedDrives(dsn)
        told_of_media(drives)
        asyncio.run(drives.write(MEDIA_NOW))
        yield dsn


@contextlib.asynccontextmanager
async def pages_of(dsn: str, now: datetime = NOW) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages, without the network in between."""
    async with await open_pool(dsn) as pool:
        app = application(ReadModel(pool), FixedClock(now))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
            yield client


@pytest.fixture
async def pages(filled: str) -> AsyncIterator[httpx.AsyncClient]:
    async with pages_of(filled) as client:
        yield client


@pytest.fixture
async def media(of_media: str) -> AsyncIterator[httpx.AsyncClient]:
    async with pages_of(of_media, MEDIA_NOW) as client:
        yield client


class Page(HTMLParser):
    """What a person reads: the text, and the rows of the tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self.links: dict[str, str] = {}
        self._cell = False
        self._href = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._cell = True
        if tag == "a":
            self._href = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False
        if tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._href and data.strip():
            self.links[data.strip()] = self._href
        if self._cell:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def row(self, *words: str) -> list[str]:
        """The one row that has all of these words."""
        found = [row for row in self.rows if all(any(word in cell for cell in row) for word in words)]
        assert len(found) == 1, (words, found)
        return found[0]


async def test_the_triage_list_begins_with_the_gravest_and_then_the_oldest(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/")
    assert answer.status_code == 200
    rows = Page(answer.text).rows[1:]
    assert len(rows) == PER_PAGE
    assert all("critical" in row[0] for row in rows)
    since = [row[5] for row in rows]
    assert since == sorted(since)


async def test_a_row_says_what_is_wrong_with_which_drive_since_when_and_who_owes_it(
    pages: httpx.AsyncClient,
) -> None:
    page = Page((await pages.get("/?kind=overdue&severity=critical&contract=K-1")).text)
    [severity, flag, _, contract, party, since, days, sentence] = page.row("ZK80003")
    assert severity == "◆ critical"
    assert flag == "overdue certificate"
    assert contract == "File server <lease>"
    assert party == "Lease & Co."
    # The end of 22 June in Tokyo, which is 22 June 15:00 in UTC; 187 days and some hours before.
    assert (since, days) == ("2019-06-22", "187")
    assert sentence.startswith("CertificateAccepted was owed by the lessor by 2019-06-22 23:59 JST")
    assert page.links["ZK80003"].startswith("/drives/ZK80003#flag-")


async def test_the_pages_of_the_list_hold_every_flag_once(pages: httpx.AsyncClient) -> None:
    seen: list[tuple[str, str]] = []
    url: str | None = "/"
    totals = set()
    while url is not None:
        page = Page((await pages.get(url)).text)
        totals.update(re.findall(r"(\d+) in all", page.text))
        seen.extend((row[2], row[1]) for row in page.rows[1:])
        url = page.links.get("Next page")
    [total] = totals
    assert len(seen) == len(set(seen)) == int(total)
    # Each of the many owes two things, and the others: 3 certificates, 2 destructions, 1 sighting, 1 number.
    assert len(seen) == 2 * len(MANY) + 7
    assert page.links["First page"] == "/"
    assert f"101–{total} of {total}" in page.text


async def test_of_more_than_ten_thousand_flags_no_exact_number_is_said(database: str) -> None:
    drives = JudgedDrives(database)
    told(drives)
    await drives.write(READ_THROUGH)
    await add_open_rows(database, 10_000)
    async with pages_of(database) as pages:
        english, japanese = [Page((await pages.get(f"/?lang={lang}")).text).text for lang in ("en", "ja")]
    assert "Open flags more than 10,000" in english
    assert f"1–{PER_PAGE} of more than 10,000" in english
    assert "10,000 件超" in japanese
    assert f"10,000 件を超えるうち 1–{PER_PAGE} 件目" in japanese


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("kind=sighted", 1),
        ("kind=suspect_serial", 1),
        ("kind=suspect_serial&severity=major", 0),
        ("severity=critical", len(MANY) + 4),
        ("contract=K-NY", 0),
        ("contract=nobody's", 0),
        ("kind=%00", 0),
        # Destructions were due at the end of 6 June, certificates at that of 22 June; one destruction came late,
        # and the sighting in November.
        ("severity=major&contract=K-1&as_of=2019-06-05", 0),
        ("severity=major&contract=K-1&as_of=2019-06-07", 3),
        ("severity=major&contract=K-1&as_of=2019-06-23", 6),
        ("severity=major&contract=K-1&as_of=2019-07-11", 5),
        ("severity=major&contract=K-1&as_of=2019-11-26", 6),
        ("contract=K-2&as_of=2019-06-23", 2 * len(MANY)),
    ],
)
async def test_the_list_is_filtered(pages: httpx.AsyncClient, query: str, total: int) -> None:
    page = Page((await pages.get(f"/?{query}")).text)
    assert f"{total} in all" in page.text
    assert ("No flag is open that fits these filters" in page.text) == (total == 0)


async def test_a_past_day_is_shown_as_it_would_have_stood(pages: httpx.AsyncClient) -> None:
    page = Page((await pages.get("/?as_of=2019-06-23&contract=K-1&severity=critical")).text)
    assert "Flags open at the end of 2019-06-23 (Asia/Tokyo)" in page.text
    assert page.row("ZK80003")[6] == "1"


async def test_a_past_day_is_as_grave_as_it_was(media: httpx.AsyncClient) -> None:
    now = Page((await media.get("/?kind=overdue&lang=en")).text)
    assert [(row[2], row[0]) for row in now.rows[1:]] == [
        (IN_HAND, "◆ critical"),
        (FORGOTTEN, "◆ critical"),
        (ON_ITS_WAY, "▲ major"),
    ]
    then = Page((await media.get("/?kind=overdue&as_of=2022-06-21&lang=en")).text)
    # The one that was wiped before it grew is between the others, which have grown since.
    assert [(row[2], row[0]) for row in then.rows[1:]] == [
        (IN_HAND, "▲ major"),
        (WIPED_LATE, "▲ major"),
        (FORGOTTEN, "▲ major"),
    ]
    for as_of, total in (("", 2), ("&as_of=2022-06-21", 0), ("&as_of=2022-06-22", 2)):
        critical = Page((await media.get(f"/?severity=critical{as_of}&lang=en")).text)
        assert f"{total} in all" in critical.text


async def test_the_pages_of_a_past_day_hold_every_flag_once(of_media: str) -> None:
    evening = datetime(2022, 6, 21, 14, 59, 59, tzinfo=UTC)
    seen: list[str] = []
    after = None
    async with await open_pool(of_media) as pool, pool.acquire() as connection:
        while True:
            found, total = await queries.flags(connection, as_of=evening, after=after, limit=1)
            assert (total.count, total.more) == (3, False)
            if not found:
                break
            [of] = found
            seen.append(of.serial)
            assert of.stored.flag.severity is Severity.MAJOR
            after = RANK[of.stored.flag.severity], of.stored.flag.raised_at, of.stored.flag.flag_id
    assert seen == [IN_HAND, WIPED_LATE, FORGOTTEN]


async def test_a_flag_that_was_evident_before_its_history_begins_is_as_grave_as_it_began(
    database: str,
) -> None:
    drives = JudgedDrives(database)
    told_of_media(drives)
    await drives.write(MEDIA_NOW)
    early = datetime(2022, 6, 21, 8, 30, tzinfo=UTC)
    async with await open_pool(database) as pool, pool.acquire() as connection:
        await connection.execute("update flag set evident_at = $1 where serial = $2", early, FORGOTTEN)
        found, _ = await queries.flags(connection, as_of=early)
        grave = {of.serial: of.stored.flag.severity for of in found}
    assert grave[FORGOTTEN] is Severity.MAJOR


async def test_filters_stay_from_page_to_page(pages: httpx.AsyncClient) -> None:
    page = Page((await pages.get("/?severity=critical&contract=K-2&lang=en")).text)
    following = page.links["Next page"]
    for kept in ("severity=critical", "contract=K-2", "lang=en"):
        assert kept in following
    assert len(Page((await pages.get(following)).text).rows) == 1 + len(MANY) - PER_PAGE


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("as_of=yesterday", "“yesterday” is not a past day. Write it as 2019-06-23."),
        ("as_of=2019-12-30", "“2019-12-30” is not a past day"),
        ("as_of=0001-01-01", "“0001-01-01” is not a past day"),
        ("as_of=9999-12-31", "“9999-12-31” is not a past day"),
        ("as_of=20190623", "“20190623” is not a past day"),
        ("severity=dreadful", "“dreadful” is no severity"),
        ("after=nonsense", "This link to a page of the list is damaged"),
        ("after=3~2019-01-01~00000000-0000-0000-0000-000000000000", "damaged"),
        ("after=99999999999~2019-01-01T00:00:00%2B00:00~00000000-0000-0000-0000-000000000000", "damaged"),
        ("after=3~2019-01-01T00:00:00%2B00:00~00000000-0000-0000-0000-000000000000&from=-1", "damaged"),
    ],
)
async def test_a_filter_that_cannot_be_read_is_told_in_a_sentence(
    pages: httpx.AsyncClient, query: str, said: str
) -> None:
    answer = await pages.get(f"/?{query}")
    assert answer.status_code == 400
    assert said in Page(answer.text).text


async def test_a_drive_shows_who_owns_and_holds_it(pages: httpx.AsyncClient) -> None:
    page = Page((await pages.get("/drives/ZK80001")).text)
    assert "Owner The Prefecture <県>" in page.text
    assert "Holder Lease & Co. since 2019-04-22 10:00 JST" in page.text
    assert "Contracts File server <lease> K-1" in page.text
    assert "Reported destroyed no" in page.text
    assert "Reported destroyed yes" in Page((await pages.get("/drives/ZK80002")).text).text


async def test_a_drives_timeline_is_in_order_of_occurrence_in_the_contracts_time(
    pages: httpx.AsyncClient,
) -> None:
    answer = await pages.get("/drives/ZK80001")
    page = Page(answer.text)
    facts = [row for row in page.rows if "recorded" not in row[-1] and row[0].endswith("JST")]
    assert [(row[0], row[1].split(" ")[1]) for row in facts] == [
        ("2014-03-03 10:00 JST", "enrolled"),
        ("2019-04-22 10:00 JST", "returned"),
        ("2019-11-26 19:00 JST", "sighted"),
    ]
    assert "place: dock 3" in facts[1][1]
    assert facts[1][2:4] == ["Lease & Co. op-1", "2019-04-22 10:00 JST"]
    assert '<time datetime="2019-11-26T19:00:00+09:00">' in answer.text
    assert "EST" in (await pages.get("/drives/A%2FB+C.D-1")).text


async def test_what_a_fact_says_is_read_out_in_words_and_in_the_contracts_time(
    pages: httpx.AsyncClient,
) -> None:
    english = Page((await pages.get("/drives/A%2FB+C.D-1?lang=en")).text).text
    japanese = Page((await pages.get("/drives/A%2FB+C.D-1?lang=ja")).text).text
    assert "media type: usb flash" in english
    assert "until: 2020-02-29 19:00 EST" in english
    assert "媒体: USBメモリー" in japanese
    assert "期日: 2020-02-29 19:00 EST" in japanese


async def test_a_drive_shows_expected_beside_actual(pages: httpx.AsyncClient) -> None:
    late = Page((await pages.get("/drives/ZK80003")).text)
    obligation = late.row("drive destroyed after drive returned")
    assert obligation == [
        "destruction",
        "drive destroyed after drive returned",
        "destroyer: Recycler Ltd.",
        "2019-06-06 23:59 JST",
        "2019-07-10 10:00 JST",
        "✓ met late 33 days late",
    ]
    missing = late.row("certificate accepted after drive returned")
    assert missing[4:] == ["not yet", "✕ overdue 187 days late"]
    in_time = Page((await pages.get("/drives/ZK80002")).text)
    assert in_time.row("drive destroyed after")[4:] == ["2019-05-10 10:00 JST", "✓ met"]


async def test_a_drives_flags_are_shown_with_their_lives_open_ones_first(pages: httpx.AsyncClient) -> None:
    page = Page((await pages.get("/drives/ZK80003")).text)
    resolved = page.row("overdue destruction", "resolved")
    assert resolved[-1] == "2019-06-07 00:00 JST raised 2019-07-10 10:00 JST resolved (met late)"
    rows = [row[1] for row in page.rows if "raised" in row[-1]]
    assert rows == ["◯ open", "✓ resolved"]


@pytest.mark.parametrize(
    ("serial", "life"),
    [
        (FORGOTTEN, [("06-21 18:00", "raised"), ("06-22 06:00", "graver: from major to critical")]),
        # An acknowledgement that ran out opened it again: that is not a growth.
        (
            IN_HAND,
            [
                ("06-21 14:00", "raised"),
                ("06-21 15:00", "acknowledged"),
                ("06-21 20:00", "open"),
                ("06-22 02:00", "graver: from major to critical"),
            ],
        ),
        (WIPED_LATE, [("06-21 17:00", "raised"), ("06-22 03:00", "resolved (met late)")]),
    ],
)
async def test_a_flags_life_says_when_it_grew(
    media: httpx.AsyncClient, serial: str, life: list[tuple[str, str]]
) -> None:
    page = Page((await media.get(f"/drives/{serial}?lang=en")).text)
    assert page.row("overdue erasure")[-1] == " ".join(f"2022-{when} JST {what}" for when, what in life)


async def test_in_japanese_too_a_growth_is_told_in_words(media: httpx.AsyncClient) -> None:
    page = Page((await media.get(f"/drives/{FORGOTTEN}?lang=ja")).text)
    assert page.row("期限超過 消去")[-1].endswith("2022-06-22 06:00 JST 重大度が「重大」から「緊急」に上昇")


async def test_a_life_tells_all_that_a_change_changed(database: str) -> None:
    drives = JudgedDrives(database)
    told_of_media(drives)
    await drives.write(MEDIA_NOW)
    async with await open_pool(database) as pool, pool.acquire() as connection:
        await connection.execute(
            """insert into flag_history
               select flag_id, 3, 'open', 1, null, $2::timestamptz from flag where serial = $1
               union all select flag_id, 4, 'resolved', 2, 'waived', $2 from flag where serial = $1""",
            FORGOTTEN,
            MEDIA_NOW,
        )
    async with pages_of(database, MEDIA_NOW) as pages:
        page = Page((await pages.get(f"/drives/{FORGOTTEN}?lang=en")).text)
    assert "JST less grave: from critical to warning" in page.text
    assert "JST resolved (waived), graver: from warning to major" in page.text


@pytest.mark.parametrize(
    ("serial", "obligation", "in_english", "in_japanese"),
    [
        (FORGOTTEN, "drive wiped", "✕ overdue 15 h late", "✕ 期限超過 15 時間超過"),
        (WIPED_LATE, "drive wiped", "✓ met late 10 h late", "✓ 遅れて完了 10 時間超過"),
        (IN_USE, "drive wiped", "… pending 2 h left", "… 期限前 残り 2 時間"),
        (ON_ITS_WAY, "drive delivered", "✕ overdue 7 h late", "✕ 期限超過 7 時間超過"),
    ],
)
async def test_what_is_owed_by_the_hour_is_told_in_hours(
    media: httpx.AsyncClient, serial: str, obligation: str, in_english: str, in_japanese: str
) -> None:
    english = Page((await media.get(f"/drives/{serial}?lang=en")).text)
    assert english.row(f"{obligation} after")[-1] == in_english
    japanese = Page((await media.get(f"/drives/{serial}?lang=ja")).text)
    assert japanese.row("のあとの", "運送業者")[-1] == in_japanese


@pytest.mark.parametrize(("lang", "obligation"), [("en", "erasure"), ("ja", "消去")])
async def test_a_use_of_a_medium_is_not_named_by_its_id(
    media: httpx.AsyncClient, lang: str, obligation: str
) -> None:
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
    drive = Page((await media.get(f"/drives/{FORGOTTEN}?lang={lang}")).text)
    assert uuid.search(drive.text) is None
    assert obligation in [row[0] for row in drive.rows]
    assert uuid.search(Page((await media.get(f"/?lang={lang}")).text).text) is None


async def test_a_shipment_is_named_where_something_is_owed_for_it(media: httpx.AsyncClient) -> None:
    page = Page((await media.get(f"/drives/{ON_ITS_WAY}?lang=en")).text)
    assert page.row("drive delivered after drive dispatched")[0] == "arrival S-1"
    assert page.row("overdue arrival, S-1")[0] == "▲ major"


async def test_what_was_taken_back_or_imported_is_marked(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/drives/ZK80004")
    page = Page(answer.text)
    assert page.row("drive destroyed", "taken back")[0] == "2019-05-11 10:00 JST"
    assert "<del>drive destroyed</del>" in answer.text
    retraction = page.row("fact retracted")
    assert "wrong drive" in retraction[1]
    anchor = re.search(r'href="#(fact-[0-9a-f-]{36})"', answer.text)
    assert anchor is not None
    assert f'id="{anchor[1]}"' in answer.text
    imported = Page((await pages.get("/drives/QM00001")).text)
    assert imported.row("imported history")[3] == "2019-12-01 09:00 JST"


async def test_what_parties_wrote_is_text_and_never_markup(pages: httpx.AsyncClient) -> None:
    for path in ("/drives/ZK80001", "/?kind=sighted", f"/search?serial={SCRIPT}", f"/?kind={SCRIPT}"):
        answer = await pages.get(path)
        assert SCRIPT not in answer.text
        assert SCRIPT in Page(answer.text).text


@pytest.mark.parametrize(
    "typed", ["s/n: zk 80001", "S/N:ZK80001", "　ｚｋ８０００１ ", "wd-zk80001", "SER NO ZK80001"]
)
async def test_a_serial_is_found_as_it_is_read_from_the_label(pages: httpx.AsyncClient, typed: str) -> None:
    answer = await pages.get("/search", params={"serial": typed, "lang": "ja"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/drives/ZK80001?lang=ja")


async def test_any_spelling_in_the_address_leads_to_the_one_address(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/drives/s%2Fn:%20zk80001?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (308, "/drives/ZK80001?lang=en")
    answer = await pages.get("/search", params={"serial": "a/b+c.d-1"})
    assert answer.headers["location"] == "/drives/A%2FB%2BC.D-1"
    assert (await pages.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("N/A", "'N/A' is a placeholder, not the serial number of a drive"),
        ("redacted", "is a placeholder"),
        ("ドライブ", "which no serial number carries"),
        ("A1" * 60, "at most 64 can be told apart"),
        ("A\x00\x00", "is a placeholder"),
        ("   ", "Type the serial number that is on the drive's label"),
        ("", "Type the serial number that is on the drive's label"),
    ],
)
async def test_what_is_no_serial_is_told_in_a_sentence(
    pages: httpx.AsyncClient, typed: str, said: str
) -> None:
    answer = await pages.get("/search", params={"serial": typed})
    assert answer.status_code == 400
    assert said in Page(answer.text).text
    japanese = await pages.get("/search", params={"serial": typed, "lang": "ja"})
    assert "入力してください" in japanese.text or "ラベルをもう一度確かめてください" in japanese.text


async def test_an_unknown_drive_is_a_404_that_says_what_to_try(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/drives/ZK99999")
    assert answer.status_code == 404
    assert "No drive ZK99999 is known" in Page(answer.text).text
    assert "0 and O, 1 and I" in answer.text
    nowhere = await pages.get("/nowhere")
    assert nowhere.status_code == 404
    assert "There is no such page" in nowhere.text
    assert (await pages.post("/")).status_code == 405


async def test_a_drive_with_an_unreadable_fact_is_shown_as_not_accounted_for(
    filled: str, pages: httpx.AsyncClient
) -> None:
    connection = await asyncpg.connect(filled, server_settings={"search_path": "custody"})
    try:
        await connection.execute(
            "insert into quarantine values (0, 9999, 'ZK80002', 'unreadable', '{}', '', now())"
        )
        assert "treat the drive as not accounted for" in (await pages.get("/drives/ZK80002")).text
        await connection.execute("delete from quarantine")
    finally:
        await connection.close()
    assert "not accounted for" not in (await pages.get("/drives/ZK80002")).text


async def test_the_list_names_the_first_of_the_drives_with_an_unreadable_fact(
    filled: str, pages: httpx.AsyncClient
) -> None:
    connection = await asyncpg.connect(filled, server_settings={"search_path": "custody"})
    try:
        await connection.execute(
            "insert into quarantine values (0, 9997, 'ZK80002', 'unreadable', '{}', '', now()),"
            " (0, 9998, 'ZK80002', 'waits', '{}', '', now())"
        )
        answer = await pages.get("/?lang=en")
        assert (
            "Drives of which a fact cannot be read: 1. What is shown of them may be" in Page(answer.text).text
        )
        assert '<a class="serial" href="/drives/ZK80002?lang=en">ZK80002</a></p>' in answer.text
        # Those of the contract that is asked for, and no others; of what was never read nobody knows the contract.
        await connection.execute(
            "insert into quarantine select 0, 10000 + n, 'ZK9000' || n, 'unreadable', '{}', '', now()"
            " from generate_series(1, 7) as n"
        )
        of_k1 = Page((await pages.get("/?lang=ja&contract=K-1")).text).text
        assert "読み取れない記録があるドライブ：1 台。" in of_k1
        assert "ZK90001" not in of_k1
        assert "cannot be read" not in Page((await pages.get("/?contract=K-2&lang=en")).text).text
        many = Page((await pages.get("/?lang=ja")).text).text
        assert "読み取れない記録があるドライブ：8 台。" in many
        assert f"ZK9000{PARKED_SHOWN - 1} , …" in many
        assert f"ZK9000{PARKED_SHOWN}" not in many
        await connection.execute("delete from quarantine")
    finally:
        await connection.close()
    for language, said in (("en", "cannot be read"), ("ja", "読み取れない")):
        assert said not in (await pages.get(f"/?lang={language}")).text


@pytest.mark.parametrize(
    "path", ["/", "/drives/ZK80001", "/drives/ZK99999", "/search?serial=N/A", "/nowhere"]
)
async def test_every_page_says_how_fresh_it_is(filled: str, path: str) -> None:
    async with pages_of(filled) as pages:
        page = await pages.get(path)
        assert "Read through 09:00:00 UTC, 3 s ago" in page.text
        assert 'class="freshness"' in page.text
    async with pages_of(filled, NOW + timedelta(seconds=8)) as pages:
        page = await pages.get(path)
        assert "Not up to date: read through 09:00:00 UTC, 11 s ago" in page.text
        assert 'class="freshness stale"' in page.text
    async with pages_of(filled, NOW + timedelta(days=3)) as pages:
        assert "read through 2019-12-27 09:00:00 UTC, 3 days ago" in (await pages.get(path)).text


async def test_an_empty_read_model_has_no_flags_and_says_that_nothing_was_read(database: str) -> None:
    async with pages_of(database) as pages:
        answer = await pages.get("/")
    assert answer.status_code == 200
    assert "No flag is open." in answer.text
    assert "Nothing has been read yet" in answer.text


@pytest.mark.parametrize("dsn", ["postgresql://m@127.0.0.1:1/m", "no tables", "no database"])
async def test_a_read_model_out_of_reach_is_told_in_words(
    backends: Backends, namespace: str, dsn: str
) -> None:
    if dsn == "no tables":
        dsn = backends.database.create_database(namespace)
    elif dsn == "no database":
        dsn = backends.database.create_database(namespace)
        backends.database.drop_database(namespace)
    async with pages_of(dsn) as pages:
        for path in ("/", "/drives/ZK80001"):
            answer = await pages.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            text = Page(answer.text).text
            assert "The read model cannot be reached" in text
            assert "nothing is lost" in text
            assert "Traceback" not in text
        # What is wrong with the question is told all the same.
        answer = await pages.get("/search?serial=N/A")
        assert answer.status_code == 400
        assert "The read model cannot be reached" in answer.text
        assert "接続できません" in (await pages.get("/?lang=ja")).text


async def test_a_fault_of_the_pages_is_told_without_a_traceback(filled: str) -> None:
    class Broken(FixedClock):
        broken = True

        def now(self) -> datetime:
            if self.broken:
                self.broken = False
                raise RuntimeError("secret detail")
            return super().now()

    async with await open_pool(filled) as pool:
        transport = httpx.ASGITransport(application(ReadModel(pool), Broken(NOW)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as pages:
            answer = await pages.get("/")
    assert answer.status_code == 500
    assert "A fault of these pages" in answer.text
    assert "secret detail" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        ("", "", "en"),
        ("", "ja", "ja"),
        ("", "fr;q=0.9, ja-JP;q=0.8, en;q=0.5", "ja"),
        ("", "ja;q=0, en", "en"),
        ("", "fr", "en"),
        ("", "en;q=nonsense, ja", "ja"),
        ("?lang=en", "ja", "en"),
        ("?lang=ja", "en", "ja"),
        ("?lang=tlh", "ja", "ja"),
    ],
)
async def test_the_language_is_the_one_asked_for(
    pages: httpx.AsyncClient, query: str, accept: str, language: str
) -> None:
    answer = await pages.get(f"/{query}", headers={"accept-language": accept})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "accept-language"
    assert ("未解決の警告" in answer.text) == (language == "ja")


async def test_a_page_in_japanese_names_kinds_and_severities_in_japanese(pages: httpx.AsyncClient) -> None:
    page = Page((await pages.get("/?lang=ja&contract=K-1&severity=critical&kind=overdue")).text)
    row = page.row("ZK80003")
    assert row[:2] == ["◆ 緊急", "期限超過 証明書"]
    assert row[7] == "期限までに「証明書」がありませんでした（義務者：Lease & Co.）。"
    drive = (await pages.get("/drives/ZK80003?lang=ja")).text
    for word in ("物理破壊", "返却", "解決済み (遅れて完了)", "187 日超過"):
        assert word in Page(drive).text
    # The other language is one link away, with the same question.
    other = page.links["English"]
    assert "lang=en" in other and "severity=critical" in other


async def test_answers_are_strict_about_what_a_browser_may_do(pages: httpx.AsyncClient) -> None:
    for path in ("/", "/drives/ZK80001", "/nowhere", "/style.css", "/search?serial=ZK80001"):
        headers = (await pages.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
    html = (await pages.get("/")).text
    assert "<script" not in html
    assert "style=" not in html


async def test_by_another_hosts_name_nothing_is_shown(pages: httpx.AsyncClient) -> None:
    for host, status in (
        ("evil.example", 400),
        ("localhost:8001", 200),
        ("127.0.0.1", 200),
        ("[::1]:8001", 200),
    ):
        assert (await pages.get("/", headers={"host": host})).status_code == status


async def test_the_markup_carries_its_meaning(pages: httpx.AsyncClient) -> None:
    for path in ("/", "/drives/ZK80001"):
        html = (await pages.get(path)).text
        assert html.count("<h1") == 1
        assert html.count("<table") == html.count("<caption")
        assert html.count("<th ") == html.count(' scope="')
        assert 'class="skip" href="#content"' in html and '<main id="content"' in html
        for control in re.findall(r'<(?:input|select) id="([^"]+)"', html):
            assert f'<label for="{control}"' in html
        ids = re.findall(r' id="([^"]+)"', html)
        assert len(ids) == len(set(ids))


async def test_the_service_listens_and_reports_its_health(filled: str) -> None:
    config = Config(kafka="127.0.0.1:1", listen=Address("127.0.0.1", 0), dev_secret="s")
    async with await open_pool(filled) as pool:
        web = WebServer(application(ReadModel(pool), FixedClock(NOW)), Address("127.0.0.1", 0))
        async with (
            running(config, name="dashboard", parts=[web]) as service,
            grpc.aio.insecure_channel(str(service.address)) as channel,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            health: Any = health_pb2_grpc.HealthStub(channel)

            async def serving() -> bool:
                answer = await health.Check(health_pb2.HealthCheckRequest())
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

            await until(serving, "health is SERVING")
            answer = await client.get(f"http://{web.address}/drives/ZK80001")
            assert "ZK80001" in answer.text
            second = WebServer(application(ReadModel(pool), FixedClock(NOW)), web.address)
            with pytest.raises(OSError, match="Is another process there"):
                await second.start()
        with pytest.raises(httpx.ConnectError):
            await httpx.AsyncClient(trust_env=False).get(f"http://{web.address}/")


async def test_the_pages_are_for_this_machine_alone(filled: str) -> None:
    async with await open_pool(filled) as pool:
        server = WebServer(application(ReadModel(pool), FixedClock(NOW)), Address("0.0.0.0", 8001))
        with pytest.raises(NotLoopbackError, match="Set MITODOKE_HTTP to 127\\.0\\.0\\.1"):
            await server.start()
