"""Periods, case by case: what a lawyer would check by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from mitodoke.lifecycle.calendars import WeekdayCalendar
from mitodoke.lifecycle.durations import (
    EARLIEST,
    LATEST,
    Anchor,
    Duration,
    DurationError,
    MomentError,
    Unit,
    due,
    end_of_day,
    never_earlier,
    parse_duration,
    parse_moment,
)
from mitodoke.policyfile import UnknownCalendarError, calendar_for

TOKYO = ZoneInfo("Asia/Tokyo")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
APIA = ZoneInfo("Pacific/Apia")
HAVANA = ZoneInfo("America/Havana")
ST_JOHNS = ZoneInfo("America/St_Johns")
DAMASCUS = ZoneInfo("Asia/Damascus")
WEEKDAYS = WeekdayCalendar()


def last_day(start: str, within: str, zone: ZoneInfo = TOKYO, calendar: str = "weekdays") -> str:
    """The local date at whose end something is due, when it began at three in the afternoon of `start`."""
    began = datetime.fromisoformat(f"{start}T15:00").replace(tzinfo=zone)
    at = due(began, parse_duration(within), zone, calendar_for(calendar))
    assert at is not None
    local = at.astimezone(zone)
    assert local.strftime("%H:%M:%S.%f") == "23:59:59.999999"
    return local.date().isoformat()


@pytest.mark.parametrize(
    ("text", "amount", "unit", "anchor"),
    [
        ("90s", 90, Unit.SECOND, Anchor.FACT),
        ("1 second", 1, Unit.SECOND, Anchor.FACT),
        ("15min", 15, Unit.MINUTE, Anchor.FACT),
        ("4h", 4, Unit.HOUR, Anchor.FACT),
        ("0h", 0, Unit.HOUR, Anchor.FACT),
        ("24 hours", 24, Unit.HOUR, Anchor.FACT),
        ("30d", 30, Unit.DAY, Anchor.FACT),
        ("1 day", 1, Unit.DAY, Anchor.FACT),
        ("2 months", 2, Unit.MONTH, Anchor.FACT),
        ("1 month", 1, Unit.MONTH, Anchor.FACT),
        ("2mo", 2, Unit.MONTH, Anchor.FACT),
        ("10bd", 10, Unit.BUSINESS_DAY, Anchor.FACT),
        ("10 business  days", 10, Unit.BUSINESS_DAY, Anchor.FACT),
        ("eta", 0, Unit.HOUR, Anchor.ETA),
        ("eta+4h", 4, Unit.HOUR, Anchor.ETA),
        ("ETA - 2h", -2, Unit.HOUR, Anchor.ETA),
        ("eta+1d", 1, Unit.DAY, Anchor.ETA),
        ("return_by", 0, Unit.HOUR, Anchor.RETURN_BY),
        ("return_by+2h", 2, Unit.HOUR, Anchor.RETURN_BY),
        ("Return_By - 30min", -30, Unit.MINUTE, Anchor.RETURN_BY),
        ("return_by+1bd", 1, Unit.BUSINESS_DAY, Anchor.RETURN_BY),
        ("  30D ", 30, Unit.DAY, Anchor.FACT),
    ],
)
def test_a_duration_is_read_as_it_is_written(text: str, amount: int, unit: Unit, anchor: Anchor) -> None:
    assert parse_duration(text) == Duration(amount, unit, anchor)
    assert parse_duration(text).from_eta == (anchor is Anchor.ETA)


@pytest.mark.parametrize(
    ("text", "problem", "suggestion"),
    [
        ("", "'' says no amount of time", "Write for example 4h"),
        ("45", "'45' has no unit", "Write for example 45d or 45h"),
        ("30m", "'30m' may be minutes or months", "Write 30min or 30 months"),
        ("2w", "There is no unit of weeks", "Write 14d"),
        ("1 year", "There is no unit of years", "Write 12 months"),
        ("3 dyas", "There is no unit 'dyas'", "Did you mean 3 days?"),
        ("2.5h", "'2.5h' is not a duration", "Write for example 4h"),
        ("４h", "'４h' is not a duration", "Write for example 4h"),
        ("-3d", "'-3d' has a sign", "write 3d"),
        ("+3d", "'+3d' has a sign", "write 3d"),
        ("eta4h", "'eta4h' has no sign after eta", "Write eta+4h"),
        ("eta+", "'eta+' says no amount of time", "Write for example 4h"),
        ("0d", "A period of 0d has no day to end on", "Give at least one"),
        ("0 months", "A period of 0mo has no day to end on", "Give at least one"),
        ("eta-1d", "A period of -1d has no day to end on", "can be before eta"),
        ("return_by-1d", "A period of -1d has no day to end on", "can be before return_by"),
        ("return_by2h", "'return_by2h' has no sign after return_by", "Write return_by+2h"),
        ("return_by-", "'return_by-' says no amount of time", "Write for example 4h"),
        ("returnby+2h", "'returnby+2h' is not a duration", "return_by"),
        ("1201mo", "1201mo is longer than a policy can promise", "At most 1200mo"),
        ("2601bd", "2601bd is longer than a policy can promise", "At most 2600bd"),
        ("36526d", "36526d is longer than a policy can promise", "At most 36525d"),
        ("876601h", "876601h is longer than a policy can promise", "At most 876600h"),
        ("9" * 5000 + "h", "9…' is longer than a policy can promise", "Write for example 4h"),
        ("soon" * 10, f"'{'soon' * 10}' is not a duration", "Write for example 4h"),
        ("soon" * 10 + "!", f"'{'soon' * 9}soo…' is not a duration", "Write for example 4h"),
    ],
)
def test_a_duration_that_cannot_be_read_says_why_and_what_to_write(
    text: str, problem: str, suggestion: str
) -> None:
    with pytest.raises(DurationError) as raised:
        parse_duration(text)
    assert problem in raised.value.problem
    assert suggestion in raised.value.suggestion
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12", "'12' has no unit. Write for example 12d or 12h"),
        ("1234567890123", "'1234567890123' has no unit. Write for example 123456789012d or 123456789012h"),
        ("2w", "There is no unit of weeks. Write 14d"),
        ("1 week", "There is no unit of weeks. Write 7d"),
        ("2 weeks", "There is no unit of weeks. Write 14d"),
        ("1y", "There is no unit of years. Write 12 months"),
        ("1 year", "There is no unit of years. Write 12 months"),
        ("3 years", "There is no unit of years. Write 36 months"),
        (
            "999999999999s",
            "999999999999s is longer than a policy can promise. At most 3155760000s",
        ),
        (
            "9999999999999s",
            "'9999999999999s' is longer than a policy can promise."
            " Write for example 4h, 30d, 2 months, 10bd (business days), eta+4h or return_by",
        ),
    ],
)
def test_a_duration_that_cannot_be_read_is_answered_word_for_word(text: str, said: str) -> None:
    with pytest.raises(DurationError) as raised:
        parse_duration(text)
    assert str(raised.value) == said


def test_what_would_be_due_before_the_first_moment_that_can_be_written_is_due_then() -> None:
    early = datetime(50, 1, 1, tzinfo=UTC)
    assert due(early, parse_duration("eta-876600h"), TOKYO, WEEKDAYS, eta=early) == EARLIEST
    late = datetime(9950, 1, 1, tzinfo=UTC)
    assert due(late, parse_duration("876600h"), TOKYO, WEEKDAYS) == LATEST


def test_what_is_due_is_told_in_utc() -> None:
    for within in ("4h", "1d"):
        at = due(datetime(2019, 4, 22, 15, tzinfo=TOKYO), parse_duration(within), TOKYO, WEEKDAYS)
        assert at is not None
        assert at.tzinfo is UTC


def test_a_duration_before_a_fact_cannot_be_made() -> None:
    with pytest.raises(DurationError, match="cannot be negative"):
        Duration(-1, Unit.HOUR)


def test_hours_run_at_once_and_to_the_microsecond() -> None:
    start = datetime(2019, 4, 22, 15, 0, 0, 1, tzinfo=TOKYO)
    assert due(start, parse_duration("4h"), TOKYO, WEEKDAYS) == datetime(2019, 4, 22, 10, 0, 0, 1, tzinfo=UTC)
    assert due(start, parse_duration("90s"), TOKYO, WEEKDAYS) == datetime(
        2019, 4, 22, 6, 1, 30, 1, tzinfo=UTC
    )
    assert due(start, parse_duration("15min"), TOKYO, WEEKDAYS) == datetime(
        2019, 4, 22, 6, 15, 0, 1, tzinfo=UTC
    )


def test_hours_are_elapsed_time_across_a_change_of_the_clock() -> None:
    before_spring = datetime(2019, 3, 31, 1, 30, tzinfo=BERLIN)
    at = due(before_spring, parse_duration("2h"), BERLIN, WEEKDAYS)
    assert at is not None
    assert at - before_spring.astimezone(UTC) == timedelta(hours=2)
    assert at.astimezone(BERLIN).strftime("%H:%M") == "04:30"


@pytest.mark.parametrize(
    ("start", "within", "expected"),
    [
        ("2019-04-22", "2 months", "2019-06-22"),  # the certificate that never came
        ("2019-04-22", "45d", "2019-06-06"),
        ("2019-04-22", "1d", "2019-04-23"),
        ("2019-12-31", "1d", "2020-01-01"),
        ("2020-02-28", "1d", "2020-02-29"),
        ("2019-02-28", "365d", "2020-02-28"),
        ("2020-02-28", "366d", "2021-02-28"),
    ],
)
def test_a_period_of_days_leaves_out_its_first_and_runs_to_the_end_of_its_last(
    start: str, within: str, expected: str
) -> None:
    assert last_day(start, within) == expected


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        # Counted from the day after: ends on the day before the corresponding one (Civil Code, art. 143 II).
        ("2019-01-15", 1, "2019-02-15"),
        ("2019-12-15", 1, "2020-01-15"),
        ("2019-11-30", 3, "2020-02-29"),
        ("2019-12-15", 25, "2022-01-15"),
        # No corresponding day: ends with the month (the same, proviso).
        ("2019-01-28", 1, "2019-02-28"),
        ("2019-01-29", 1, "2019-02-28"),
        ("2019-01-30", 1, "2019-02-28"),
        ("2020-01-28", 1, "2020-02-28"),
        ("2020-01-29", 1, "2020-02-29"),
        ("2020-01-30", 1, "2020-02-29"),
        ("2019-03-30", 1, "2019-04-30"),
        ("2019-08-30", 6, "2020-02-29"),
        # Counted from the first of a month: whole months by the calendar (art. 143 I).
        ("2019-01-31", 1, "2019-02-28"),
        ("2020-01-31", 1, "2020-02-29"),
        ("2019-01-31", 2, "2019-03-31"),
        ("2019-02-28", 1, "2019-03-31"),
        ("2020-02-28", 1, "2020-03-28"),
        ("2020-02-29", 1, "2020-03-31"),
        ("2019-04-30", 2, "2019-06-30"),
        ("2019-12-31", 2, "2020-02-29"),
        ("2020-02-29", 12, "2021-02-28"),
        ("2019-03-31", 1, "2019-04-30"),
    ],
)
def test_months_are_counted_by_the_calendar(start: str, months: int, expected: str) -> None:
    assert last_day(start, f"{months}mo") == expected


def test_the_first_day_is_the_local_one() -> None:
    # 16:00 in London on the 22nd is already the 23rd in Tokyo.
    start = datetime(2019, 4, 22, 16, tzinfo=UTC)
    assert due(start, parse_duration("1d"), TOKYO, WEEKDAYS) == datetime(
        2019, 4, 24, 14, 59, 59, 999_999, UTC
    )
    assert due(start, parse_duration("1d"), NEW_YORK, WEEKDAYS) == datetime(
        2019, 4, 24, 3, 59, 59, 999_999, UTC
    )


def test_a_start_at_midnight_begins_no_earlier_than_one_at_noon() -> None:
    midnight = datetime(2019, 4, 22, tzinfo=TOKYO)
    noon = midnight + timedelta(hours=12)
    for within in ("1d", "2 months", "10bd"):
        duration = parse_duration(within)
        assert due(midnight, duration, TOKYO, WEEKDAYS) == due(noon, duration, TOKYO, WEEKDAYS)


@pytest.mark.parametrize(
    ("start", "days", "calendar", "expected"),
    [
        ("2019-04-22", 4, "JP", "2019-04-26"),
        # The ten days of the accession, 27 April to 6 May 2019, in which not one is a business day.
        ("2019-04-22", 5, "JP", "2019-05-07"),
        ("2019-04-26", 1, "JP", "2019-05-07"),
        ("2019-04-27", 1, "JP", "2019-05-07"),
        ("2019-05-06", 1, "JP", "2019-05-07"),
        ("2019-04-22", 10, "JP", "2019-05-14"),
        ("2019-04-22", 5, "weekdays", "2019-04-29"),
        # A substitute day: 22 November 2020 is no holiday, Monday 23 is.
        ("2020-11-20", 1, "JP", "2020-11-24"),
        # 1 January only: offices that stay shut until the 3rd do so by custom, not by the Act.
        ("2019-12-31", 1, "JP", "2020-01-02"),
        ("2019-10-30", 2, "DE", "2019-11-01"),
        ("2019-10-30", 2, "DE-BY", "2019-11-04"),
        ("2019-07-03", 1, "US", "2019-07-05"),
    ],
)
def test_business_days_leave_out_weekends_and_the_holidays_of_the_place(
    start: str, days: int, calendar: str, expected: str
) -> None:
    assert last_day(start, f"{days}bd", calendar=calendar) == expected


@pytest.mark.parametrize(
    ("code", "suggestion"),
    [
        ("jp", "Did you mean 'JP'?"),
        ("weekday", "Did you mean 'weekdays'?"),
        ("XX", "Write a country's two letters"),
        ("JPN", "Write a country's two letters"),
        ("DE-QQ", "after DE- one of BB, BE"),
        ("DE-", "after DE- one of BB, BE"),
        ("JP-13", "Write 'JP'"),
        ("", "Write a country's two letters"),
    ],
)
def test_an_unknown_calendar_says_what_to_write(code: str, suggestion: str) -> None:
    with pytest.raises(UnknownCalendarError) as raised:
        calendar_for(code)
    assert suggestion in raised.value.suggestion


def test_an_eta_is_what_the_count_starts_from() -> None:
    start = datetime(2019, 4, 22, 6, tzinfo=UTC)
    eta = datetime(2019, 4, 23, 8, 30, tzinfo=UTC)
    assert due(start, parse_duration("eta"), TOKYO, WEEKDAYS, eta) == eta
    assert due(start, parse_duration("eta+4h"), TOKYO, WEEKDAYS, eta) == eta + timedelta(hours=4)
    assert due(start, parse_duration("eta-2h"), TOKYO, WEEKDAYS, eta) == eta - timedelta(hours=2)
    assert due(start, parse_duration("eta+1d"), TOKYO, WEEKDAYS, eta) == end_of_day(date(2019, 4, 24), TOKYO)
    assert due(start, parse_duration("eta+4h"), TOKYO, WEEKDAYS) is None
    assert due(start, parse_duration("4h"), TOKYO, WEEKDAYS, eta) == start + timedelta(hours=4)


def test_the_time_of_return_is_what_the_count_starts_from() -> None:
    start = datetime(2022, 6, 21, 1, tzinfo=UTC)
    eta = datetime(2022, 6, 21, 3, tzinfo=UTC)
    back = datetime(2022, 6, 21, 8, 30, tzinfo=UTC)
    for text, expected in (
        ("return_by", back),
        ("return_by+2h", back + timedelta(hours=2)),
        ("return_by-2h", back - timedelta(hours=2)),
        ("return_by+1d", end_of_day(date(2022, 6, 22), TOKYO)),
    ):
        assert due(start, parse_duration(text), TOKYO, WEEKDAYS, eta, back) == expected
        assert due(start, parse_duration(text), TOKYO, WEEKDAYS, eta) is None
    assert due(start, parse_duration("eta"), TOKYO, WEEKDAYS, eta, back) == eta


@pytest.mark.parametrize("within", ["4h", "1d", "1mo", "1bd"])
def test_a_start_without_a_time_zone_is_refused(within: str) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        due(datetime(2019, 4, 22), parse_duration(within), TOKYO, WEEKDAYS)  # noqa: DTZ001


@pytest.mark.parametrize("within", ["4h", "1d", "1mo", "1bd"])
@pytest.mark.parametrize("zone", [TOKYO, NEW_YORK])
def test_the_ends_of_the_calendar_are_reached_and_not_passed(within: str, zone: ZoneInfo) -> None:
    assert due(LATEST, parse_duration(within), zone, WEEKDAYS) == LATEST
    december = datetime(9999, 12, 15, tzinfo=UTC)
    assert due(december, parse_duration("17d"), zone, WEEKDAYS) == LATEST
    assert due(december, parse_duration("1mo"), zone, WEEKDAYS) == LATEST
    assert due(december, parse_duration("30bd"), zone, WEEKDAYS) == LATEST
    first = due(EARLIEST, parse_duration(within), zone, WEEKDAYS)
    assert first is not None
    assert EARLIEST <= first < EARLIEST + timedelta(days=40)
    ahead = timezone(timedelta(hours=14))
    assert due(EARLIEST.replace(tzinfo=ahead), parse_duration(within), zone, WEEKDAYS) is not None
    assert due(EARLIEST, parse_duration("eta-2h"), zone, WEEKDAYS, EARLIEST) == EARLIEST


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2019-06-22", TOKYO, "2019-06-22T14:59:59.999999"),
        # The clock changes by day, and the end of the day is an hour earlier or later in UTC.
        ("2019-03-30", BERLIN, "2019-03-30T22:59:59.999999"),
        ("2019-03-31", BERLIN, "2019-03-31T21:59:59.999999"),
        ("2019-10-27", BERLIN, "2019-10-27T22:59:59.999999"),
        ("2019-03-10", NEW_YORK, "2019-03-11T03:59:59.999999"),
        ("2019-11-03", NEW_YORK, "2019-11-04T04:59:59.999999"),
        # 30 December 2011 never was in Apia: it ends when the 29th does, and the 31st is a day like any other.
        ("2011-12-29", APIA, "2011-12-30T09:59:59.999999"),
        ("2011-12-30", APIA, "2011-12-30T09:59:59.999999"),
        ("2011-12-31", APIA, "2011-12-31T09:59:59.999999"),
        # At one minute past midnight the clocks went back to 23:01: the day before was not over yet.
        ("2010-11-06", ST_JOHNS, "2010-11-07T03:29:59.999999"),
        # At midnight the clocks went back to 23:00: the second hour counts.
        ("2010-10-28", DAMASCUS, "2010-10-28T21:59:59.999999"),
        # At midnight the clocks went forward to 01:00: the day before ends at the change.
        ("2019-03-09", HAVANA, "2019-03-10T04:59:59.999999"),
    ],
)
def test_the_end_of_a_day_is_found_where_the_clock_jumps(day: str, zone: ZoneInfo, expected: str) -> None:
    assert end_of_day(date.fromisoformat(day), zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_clock_put_forward_over_the_end_of_a_day_ends_it_at_the_change() -> None:
    # Toronto, 30 March 1919: at 23:30 the clocks were set to 00:30 of the next day.
    toronto = ZoneInfo("America/Toronto")
    end = end_of_day(date(1919, 3, 30), toronto)
    assert end.astimezone(toronto).strftime("%F %H:%M:%S.%f") == "1919-03-30 23:29:59.999999"
    assert (end + timedelta(microseconds=1)).astimezone(toronto).strftime("%F %H:%M") == "1919-03-31 00:30"


def test_a_date_is_the_end_of_that_day_in_the_zone() -> None:
    assert parse_moment("2019-06-22", TOKYO) == datetime(2019, 6, 22, 14, 59, 59, 999_999, tzinfo=UTC)
    assert parse_moment(" 2019-06-22 ", BERLIN) == datetime(2019, 6, 22, 21, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2019-06-22T17:00:00+09:00",
        "2019-06-22T08:00:00Z",
        "2019-06-22 08:00+00:00",
        "2019-06-22T08:00:00.000000Z",
    ],
)
def test_a_timestamp_is_the_moment_its_offset_says(text: str) -> None:
    moment = parse_moment(text, BERLIN)
    assert moment == datetime(2019, 6, 22, 8, tzinfo=UTC)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-06-22T17:00:00", "does not say in which time zone"),
        ("2019-06-31", "neither a date nor a time"),
        ("22.6.2019", "neither a date nor a time"),
        ("yesterday", "neither a date nor a time"),
        ("", "neither a date nor a time"),
        ("0001-01-01T00:00:00+14:00", "outside the years"),
        ("9999-12-31T23:00:00-05:00", "outside the years"),
        ("x" * 1000, "neither a date nor a time"),
    ],
)
def test_a_moment_that_cannot_be_read_says_why(text: str, expected: str) -> None:
    with pytest.raises(MomentError, match=expected) as raised:
        parse_moment(text, TOKYO)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("30d", "30d", True),
        ("31d", "30d", True),
        ("29d", "30d", False),
        ("2 months", "30d", True),
        # Equal in May, and told apart only with a day to spare.
        ("31d", "1 month", False),
        ("1 month", "31d", False),
        ("32d", "1 month", True),
        ("1 month", "28d", True),
        ("1 month", "29d", False),
        ("12 months", "363d", True),
        ("12 months", "366d", False),
        ("368d", "12 months", True),
        ("365d", "12 months", False),
        # Four years may be without a leap day, as those around 1900 and 2100 are.
        ("48 months", "1461d", False),
        # A month has 28 days at least, and loses an hour or two where clocks go forward.
        ("1 month", "669h", True),
        ("1 month", "672h", False),
        ("1h", "60min", True),
        ("60min", "1h", True),
        ("59min", "1h", False),
        # A day ends up to 24 hours after it was begun to be counted, and an hour more where clocks go back.
        ("48h", "1d", False),
        ("51h", "1d", True),
        ("2d", "24h", True),
        ("2d", "45h", True),
        ("2d", "46h", False),
        ("1d", "24h", False),
        # Nobody knows how many days ten business days are, but they are ten at the least.
        ("10bd", "11d", False),
        ("10bd", "10d", True),
        ("10bd", "240h", False),
        ("11bd", "240h", True),
        ("60d", "10bd", False),
        ("10bd", "10bd", True),
        ("eta+4h", "eta+2h", True),
        ("eta+2h", "eta-2h", True),
        ("eta+4h", "4h", False),
        ("return_by+4h", "eta+4h", False),
    ],
)
def test_which_of_two_durations_never_ends_earlier(one: str, other: str, expected: bool) -> None:
    assert never_earlier(parse_duration(one), parse_duration(other)) is expected
