"""Periods, whatever the day, the zone and the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from mitodoke.lifecycle.calendars import Calendar
from mitodoke.lifecycle.durations import (
    LATEST,
    Anchor,
    Duration,
    DurationError,
    Unit,
    due,
    end_of_day,
    never_earlier,
    parse_duration,
    parse_moment,
)
from mitodoke.policyfile import calendar_for

LEAVE_OUT_A_DATE = ("Pacific/Apia", "Pacific/Kwajalein")

ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Tokyo",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "America/Havana",
        "America/Toronto",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kwajalein",
    )
]
ST_JOHNS = ZoneInfo("America/St_Johns")
CALENDAR_UNITS = (Unit.DAY, Unit.MONTH, Unit.BUSINESS_DAY)

zones = st.sampled_from(ZONES)
calendars = st.sampled_from([calendar_for("weekdays"), calendar_for("JP"), calendar_for("DE-BY")])
# Naive, as the strategy wants its bounds.
FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1900, 2100))
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC)) | st.integers(-3 * 86_400, 3 * 86_400).flatmap(
    # Close to where clocks jumped over midnight, or over a whole day.
    lambda seconds: st.sampled_from(
        [
            datetime(2010, 11, 7, 2, 31, tzinfo=UTC) + timedelta(seconds=seconds),  # St John's
            datetime(2011, 12, 30, 10, tzinfo=UTC) + timedelta(seconds=seconds),  # Apia
            datetime(1919, 3, 31, 4, 30, tzinfo=UTC) + timedelta(seconds=seconds),  # Toronto
            datetime(1969, 9, 30, 13, tzinfo=UTC) + timedelta(seconds=seconds),  # Kwajalein
            datetime(2019, 3, 31, 1, tzinfo=UTC) + timedelta(seconds=seconds),  # Berlin
        ]
    )
)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@st.composite
def durations(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit)) -> Duration:
    unit = draw(st.sampled_from(units))
    anchor = draw(st.sampled_from(Anchor))
    if unit in CALENDAR_UNITS:
        return Duration(draw(st.integers(1, 120)), unit, anchor)
    return Duration(draw(st.integers(-1000 if anchor else 0, 100_000)), unit, anchor)


@given(durations())
def test_what_is_written_is_read_back(duration: Duration) -> None:
    again = parse_duration(str(duration))
    assert (again.elapsed, again.anchor) == (duration.elapsed, duration.anchor)
    # Nothing said of the unit of no time at all: `eta` is `eta`.
    assert again == duration or duration.amount == 0
    assert str(again) == str(duration)


@given(st.text(max_size=40) | st.from_regex(r"(eta)?[+-]?[0-9]{0,13} ?[a-z]{0,8}", fullmatch=True))
def test_any_text_is_a_duration_or_an_error_with_a_suggestion(text: str) -> None:
    try:
        duration = parse_duration(text)
    except DurationError as error:
        assert error.problem
        assert error.suggestion
    else:
        assert parse_duration(str(duration)) == duration or duration.amount == 0


@given(moments, st.timedeltas(timedelta(0), timedelta(days=3)), durations(), zones, calendars)
@example(
    # The clock shows 7 November for a minute, then the last hour of the 6th again.
    datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC),
    timedelta(minutes=30),
    Duration(1, Unit.DAY),
    ST_JOHNS,
    calendar_for("weekdays"),
)
def test_a_later_start_never_gives_an_earlier_due_time(
    start: datetime, later: timedelta, within: Duration, zone: ZoneInfo, calendar: Calendar
) -> None:
    first = due(start, within, zone, calendar, eta=start, return_by=start)
    second = due(start + later, within, zone, calendar, eta=start + later, return_by=start + later)
    assert first is not None
    assert second is not None
    assert first <= second


@given(moments, st.sampled_from(CALENDAR_UNITS), st.integers(1, 60), zones, calendars)
def test_one_more_never_gives_an_earlier_due_time(
    start: datetime, unit: Unit, amount: int, zone: ZoneInfo, calendar: Calendar
) -> None:
    shorter = due(start, Duration(amount, unit), zone, calendar)
    longer = due(start, Duration(amount + 1, unit), zone, calendar)
    assert shorter is not None
    assert longer is not None
    assert start < shorter <= longer


@given(moments, durations(CALENDAR_UNITS), zones, calendars)
def test_a_calendar_period_ends_with_a_day(
    start: datetime, within: Duration, zone: ZoneInfo, calendar: Calendar
) -> None:
    at = due(start, within, zone, calendar, eta=start, return_by=start)
    assert at is not None
    assert at.tzinfo is UTC
    local = at.astimezone(zone)
    assert at == end_of_day(local.date(), zone)
    if within.unit is Unit.BUSINESS_DAY and local.strftime("%H:%M") == "23:59":
        # Where a zone left out a date, the business day that never was ends with the day before it.
        assert calendar.is_business_day(local.date()) or zone.key in LEAVE_OUT_A_DATE


@given(moments, st.sampled_from((Unit.SECOND, Unit.MINUTE, Unit.HOUR)), st.integers(0, 100_000), zones)
def test_elapsed_time_knows_no_time_zone(start: datetime, unit: Unit, amount: int, zone: ZoneInfo) -> None:
    within = Duration(amount, unit)
    at = due(start.astimezone(zone), within, zone, calendar_for("weekdays"))
    assert at is not None
    assert within.elapsed is not None
    assert at - start == within.elapsed


@given(days, st.integers(1, 48))
def test_months_agree_with_the_words_of_the_law(day: date, months: int) -> None:
    """Civil Code of Japan, art. 143, written out the long way: walk through the days and look for the right one."""
    counted_from = day + timedelta(days=1)
    month = counted_from.year * 12 + counted_from.month - 1 + months
    of_last_month = [
        at
        for ordinal in range(counted_from.toordinal(), counted_from.toordinal() + 31 * (months + 2))
        if (at := date.fromordinal(ordinal)).year * 12 + at.month - 1 == month
    ]
    corresponding = [at for at in of_last_month if at.day == counted_from.day]
    expected = corresponding[0] - timedelta(days=1) if corresponding else of_last_month[-1]
    noon = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    assert due(noon, Duration(months, Unit.MONTH), ZONES[0], calendar_for("weekdays")) == end_of_day(
        expected, ZONES[0]
    )


@given(days, st.integers(1, 40), calendars)
def test_as_many_business_days_pass_as_were_promised(day: date, amount: int, calendar: Calendar) -> None:
    noon = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    at = due(noon, Duration(amount, Unit.BUSINESS_DAY), ZONES[0], calendar)
    assert at is not None
    last = at.astimezone(ZONES[0]).date()
    passed = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    assert sum(calendar.is_business_day(one) for one in passed) == amount
    assert calendar.is_business_day(last)


@given(days, zones)
def test_the_moment_after_the_end_of_a_day_is_a_later_date_for_good(day: date, zone: ZoneInfo) -> None:
    end = end_of_day(day, zone)
    assert end.astimezone(zone).date() <= day
    for after in (timedelta(microseconds=1), timedelta(minutes=59), timedelta(hours=3)):
        assert (end + after).astimezone(zone).date() > day
    assert end_of_day(day - timedelta(days=1), zone) <= end


@given(days, zones)
def test_a_date_as_text_is_its_end(day: date, zone: ZoneInfo) -> None:
    assert parse_moment(day.isoformat(), zone) == end_of_day(day, zone) < LATEST


@given(moments, zones)
def test_a_timestamp_as_text_is_itself(moment: datetime, zone: ZoneInfo) -> None:
    # Offsets of the nineteenth century have seconds, and are written with them.
    assert parse_moment(moment.astimezone(zone).isoformat(), zone) == moment


AMOUNTS = {Unit.SECOND: 9_000_000, Unit.MINUTE: 150_000, Unit.HOUR: 2_500, Unit.DAY: 100, Unit.MONTH: 3}


@st.composite
def of_some_weeks(draw: st.DrawFn) -> Duration:
    unit = draw(st.sampled_from(Unit))
    return Duration(draw(st.integers(1, AMOUNTS.get(unit, 70))), unit)


@given(
    moments,
    of_some_weeks(),
    of_some_weeks(),
    zones.filter(lambda zone: zone.key not in LEAVE_OUT_A_DATE),
    calendars,
)
def test_what_is_never_earlier_is_not(
    start: datetime, one: Duration, other: Duration, zone: ZoneInfo, calendar: Calendar
) -> None:
    if not never_earlier(one, other):
        one, other = other, one
    if never_earlier(one, other):
        later, earlier = due(start, one, zone, calendar), due(start, other, zone, calendar)
        assert later is not None
        assert earlier is not None
        assert later >= earlier
