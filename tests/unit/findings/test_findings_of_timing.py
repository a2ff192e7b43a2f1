"""Was it told soon enough, and done at an hour when somebody looks?"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mitodoke.lifecycle.findings.timing import is_public_holiday
from mitodoke.lifecycle.policy import Policy, Rules, Weekday, WorkingHours
from mitodoke.lifecycle.reference import Reference
from mitodoke.policyfile.holiday_calendar import calendar_for
from worlds import (
    CARRIER,
    DESTROYER,
    LESSOR,
    NO_FLAGS,
    NOTHING_AGREED,
    OWNER,
    WARNING,
    Flags,
    Given,
    Row,
    amended,
    check,
    delivered,
    destroyed,
    dispatched,
    flag,
    named,
    policy,
    published,
    reference,
    registered,
    released,
    retracted,
    returned,
    transferred,
    under,
)

TOLD = str(named("told"))


def within(hours: int, version: int = 1) -> Policy:
    return policy(rules=Rules(late_report=timedelta(hours=hours)), version=version)


TWO_DAYS = under(within(48))

LATE = [
    Row("told at once", Given(returned("04-22")), TWO_DAYS, "06-01", NO_FLAGS),
    Row("told at the limit", Given(returned("04-22", known="04-24")), TWO_DAYS, "06-01", NO_FLAGS),
    Row(
        "told a minute after it",
        Given(returned("04-22", known="04-24 09:01", name="told")), TWO_DAYS, "06-01",
        Flags(flag("late_report", "04-24 09:01", WARNING, LESSOR, subject=TOLD)),
    ),
    Row(
        "not before it is told",
        Given(returned("04-22", known="04-24 09:01")), TWO_DAYS, "04-24",
        NO_FLAGS,
    ),
    Row(
        "history that was imported seven years later",
        Given(returned("04-22", known="2026-11-02", backfilled=True)), TWO_DAYS, "2026-12-01",
        NO_FLAGS,
    ),
    Row(
        "of every kind of fact",
        Given(returned("04-22"), destroyed("05-01", known="05-04", name="told")), TWO_DAYS, "06-01",
        Flags(flag("late_report", "05-04", WARNING, DESTROYER, subject=TOLD)),
    ),
    Row(
        "taken back",
        Given(returned("04-22", known="04-30", name="told"), retracted("05-01", retracted="told")), TWO_DAYS, "06-01",
        NO_FLAGS,
    ),
    Row("the rule is off unless the policy states it", Given(returned("04-22", known="05-30")), under(), "06-01",
        NO_FLAGS),
    Row("without a contract there is no rule", Given(returned("04-22", known="05-30")), NOTHING_AGREED, "06-01",
        NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(returned("04-22", known="04-30", name="told")),
        reference(registered(), published(within(48), known="05-20")), "06-01",
        Flags(flag("late_report", "04-30", WARNING, LESSOR, subject=TOLD, evident="05-20")),
    ),
    Row(
        "too late by the limit of before, too",
        Given(returned("04-22", known="04-30", name="told")),
        under(within(72), published(within(48, 2)), amended("05-20", version=2)), "06-01",
        Flags(flag("late_report", "04-30", WARNING, LESSOR, subject=TOLD)),
    ),
    Row(
        "in time by the limit of before",
        Given(returned("04-22", known="04-25", name="told")),
        under(within(72), published(within(48, 2)), amended("05-20", version=2)), "06-01",
        Flags(flag("late_report", "04-25", WARNING, LESSOR, subject=TOLD, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", LATE, ids=str)
def test_a_fact_is_told_within_the_time_that_the_policy_allows(row: Row) -> None:
    check(row, "late_report")


OFFICE = tuple(Weekday)[:5]
HOURS = WorkingHours(OFFICE, time(8, 30), time(17, 15))
WITH_SATURDAYS = WorkingHours((*OFFICE, Weekday.SATURDAY), time(8, 30), time(17, 15))
ON_HOLIDAYS = WorkingHours(OFFICE, time(8, 30), time(17, 15), on_public_holidays=True)
NIGHTS = WorkingHours(tuple(Weekday), time(0), time(6))
BERLIN = ZoneInfo("Europe/Berlin")


def working(hours: WorkingHours, zone: str = "Asia/Tokyo") -> Policy:
    return policy(rules=Rules(working_hours=hours), zone=ZoneInfo(zone))


def worked(hours: WorkingHours, calendar: str = "JP", zone: str = "Asia/Tokyo") -> Reference:
    return reference(published(working(hours, zone), calendar=calendar_for(calendar)), registered())


OFFICE_HOURS = worked(HOURS)


def flagged(when: str, party: str = LESSOR) -> Flags:
    return Flags(flag("off_hours", when, WARNING, party, subject=TOLD))


def in_berlin(hour: int, minute: int, *, day: int, month: int, fold: int = 0) -> datetime:
    return datetime(2019, month, day, hour, minute, tzinfo=BERLIN, fold=fold).astimezone(UTC)


def then(moment: datetime) -> Flags:
    return Flags(flag("off_hours", moment, WARNING, LESSOR, subject=TOLD))


SPRING, AUTUMN = {"month": 3, "day": 31}, {"month": 10, "day": 27}

OFF = [
    Row("on a Monday morning", Given(returned("04-22")), OFFICE_HOURS, "06-01", NO_FLAGS),
    Row("as they open", Given(returned("04-22 08:30")), OFFICE_HOURS, "06-01", NO_FLAGS),
    Row("a minute earlier", Given(returned("04-22 08:29", name="told")), OFFICE_HOURS, "06-01",
        flagged("04-22 08:29")),
    Row("the minute before they close", Given(returned("04-22 17:14")), OFFICE_HOURS, "06-01", NO_FLAGS),
    Row("as they close", Given(returned("04-22 17:15", name="told")), OFFICE_HOURS, "06-01", flagged("04-22 17:15")),
    Row("on a Saturday", Given(returned("04-20", name="told")), OFFICE_HOURS, "06-01", flagged("04-20")),
    Row("on a Saturday that is worked", Given(returned("04-20")), worked(WITH_SATURDAYS), "06-01", NO_FLAGS),
    Row("on Showa Day, a Monday", Given(returned("04-29", name="told")), OFFICE_HOURS, "06-01", flagged("04-29")),
    Row("on the substitute for Children's Day", Given(returned("05-06", name="told")), OFFICE_HOURS, "06-01",
        flagged("05-06")),
    Row("on Showa Day, where holidays are worked", Given(returned("04-29")), worked(ON_HOLIDAYS), "06-01", NO_FLAGS),
    Row("on Showa Day, where no holidays are known", Given(returned("04-29")), worked(HOURS, "weekdays"), "06-01",
        NO_FLAGS),
    Row("released", Given(released("04-22 22:00", name="told")), OFFICE_HOURS, "06-01",
        flagged("04-22 22:00", OWNER)),
    Row("dispatched", Given(dispatched("04-22 22:00", name="told")), OFFICE_HOURS, "06-01", flagged("04-22 22:00")),
    Row("handed over", Given(transferred("04-22 22:00", by=CARRIER, name="told")), OFFICE_HOURS, "06-01",
        flagged("04-22 22:00", CARRIER)),
    Row("delivered", Given(delivered("04-22 22:00", name="told")), OFFICE_HOURS, "06-01",
        flagged("04-22 22:00", DESTROYER)),
    Row("a destruction moves nothing", Given(destroyed("04-22 22:00")), OFFICE_HOURS, "06-01", NO_FLAGS),
    Row(
        "by when it happened, not by when it was told",
        Given(returned("04-22 17:00", known="04-22 23:00")), OFFICE_HOURS, "06-01",
        NO_FLAGS,
    ),
    Row(
        "raised when it was told",
        Given(returned("04-22 22:00", known="04-24", name="told")), OFFICE_HOURS, "06-01",
        flagged("04-24"),
    ),
    Row(
        "taken back",
        Given(returned("04-22 22:00", name="told"), retracted("04-23", retracted="told")), OFFICE_HOURS, "06-01",
        NO_FLAGS,
    ),
    Row("midnight opens the day that begins", Given(returned("04-22 00:00")), worked(NIGHTS, "weekdays"), "06-01",
        NO_FLAGS),
    Row("the last minute of a day is of that day", Given(returned("04-21 23:59", name="told")),
        worked(NIGHTS, "weekdays"), "06-01", flagged("04-21 23:59")),
    Row(
        "told as a date alone, it is shown to be within no hours",
        Given(returned("end 04-22", name="told")), OFFICE_HOURS, "06-01",
        flagged("end 04-22"),
    ),
    Row(
        "the same moment is night in Berlin",
        Given(returned("04-22", name="told")), worked(HOURS, "DE", "Europe/Berlin"), "06-01",
        flagged("04-22"),
    ),
    Row(
        "before the clocks go forward the hours end at their six o'clock",
        Given(returned(in_berlin(1, 59, **SPRING))), worked(NIGHTS, "weekdays", "Europe/Berlin"), "06-01",
        NO_FLAGS,
    ),
    Row(
        "three hours later by the sun it is four hours later by the clock",
        Given(returned(in_berlin(1, 59, **SPRING) + timedelta(hours=3, minutes=1), name="told")),
        worked(NIGHTS, "weekdays", "Europe/Berlin"), "06-01",
        then(in_berlin(1, 59, **SPRING) + timedelta(hours=3, minutes=1)),
    ),
    Row(
        "the hour that comes twice is within them twice",
        Given(
            returned(in_berlin(2, 30, **AUTUMN)), returned(in_berlin(2, 30, **AUTUMN, fold=1))
        ),
        worked(NIGHTS, "weekdays", "Europe/Berlin"), "12-01",
        NO_FLAGS,
    ),
    Row("the rule is off unless the policy states it", Given(returned("04-22 22:00")), under(), "06-01", NO_FLAGS),
    Row("without a contract there is no rule", Given(returned("04-22 22:00")), NOTHING_AGREED, "06-01", NO_FLAGS),
    Row(
        "a policy published afterwards makes it evident then",
        Given(returned("04-22 22:00", name="told")),
        reference(registered(), published(working(HOURS), known="05-20", calendar=calendar_for("JP"))), "06-01",
        Flags(flag("off_hours", "04-22 22:00", WARNING, LESSOR, subject=TOLD, evident="05-20")),
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", OFF, ids=str)
def test_a_drive_moves_in_the_hours_that_the_policy_names(row: Row) -> None:
    check(row, "off_hours")


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2019, 4, 26), False),
        (date(2019, 4, 27), False),
        (date(2019, 4, 29), True),
        (date(2019, 5, 1), True),
        (date(2019, 5, 7), False),
    ],
)
def test_a_public_holiday_is_a_weekday_that_is_closed_by_itself(day: date, holiday: bool) -> None:
    assert is_public_holiday(day, calendar_for("JP")) is holiday
