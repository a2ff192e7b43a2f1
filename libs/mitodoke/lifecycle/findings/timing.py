"""Guards the time: was it told soon enough, and done at an hour when somebody looks?"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache, partial

from mitodoke.lifecycle.calendars import Calendar
from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import Policy, Severity, Weekday, WorkingHours

MOVING = (
    FactKind.DRIVE_RELEASED,
    FactKind.DRIVE_DISPATCHED,
    FactKind.CUSTODY_TRANSFERRED,
    FactKind.DRIVE_DELIVERED,
    FactKind.DRIVE_RETURNED,
)
"""The facts that move a drive."""

_WEEKDAYS = tuple(Weekday)
_WEEKS_AROUND = tuple(timedelta(days=7 * weeks) for weeks in (-4, -3, -2, -1, 1, 2, 3, 4))


def late_report(case: Case) -> Iterator[Finding]:
    """A fact was recorded longer after it happened than the policy allows. Imported history never is late.

    Nothing mends it: the word stays as late as it came, so that nobody gains time by backdating.
    Source: NIST SP 800-88 rev. 1, section 4.8: what was done is documented. On by `late_report`.
    """
    if case.rules.late_report is not None:
        yield from filter(None, case.of_each(_late, case.facts))


def _late(fact: Fact, case: Case) -> Finding | None:
    limit = case.rules.late_report
    late = fact.recorded_at - fact.occurred_at
    if limit is None or late <= limit or fact.backfilled:
        return None
    return Finding(
        subject=fact.event_id,
        known_at=fact.known_at,
        message=f"{fact.kind} was reported by {fact.party} {_hours(late)} after it happened; "
        f"the policy allows {_hours(limit)}",
        party=fact.party,
        evident_at=case.asked_since(fact.known_at, partial(_too_late, late)),
    )


def _is_late(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    return _late(fact, case) is not None


def _too_late(late: timedelta, policy: Policy) -> bool:
    limit = policy.rules.late_report
    return limit is not None and late > limit


def _hours(length: timedelta) -> str:
    hours, rest = divmod(length, timedelta(hours=1))
    minutes = rest // timedelta(minutes=1)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def off_hours(case: Case) -> Iterator[Finding]:
    """A drive was released, dispatched, handed over, delivered or returned when, by the policy, nobody works.

    Judged by the clocks of the policy's zone, with their daylight saving: the opening minute is within the
    hours, the closing one is not. A time that was told as a date alone is not within them: nobody has shown
    that it was. Source: ISO/IEC 27001:2022, A.7.10 (storage media are moved under control). On by
    `working_hours`.
    """
    if case.rules.working_hours is None:
        return
    for kind in MOVING:
        yield from filter(None, case.of_each(_off_hours, case.of_kind(kind), (_off_hours, kind)))


def _off_hours(fact: Fact, case: Case) -> Finding | None:
    hours = case.rules.working_hours
    if hours is None or case.published is None:
        return None
    local = fact.occurred_at.astimezone(case.published.policy.timezone)
    if within_hours(local, hours, case.published.calendar):
        return None
    return Finding(
        subject=fact.event_id,
        known_at=fact.known_at,
        message=f"{fact.kind} was reported by {fact.party} for {local:%Y-%m-%d %H:%M}, outside working hours",
        party=fact.party,
        evident_at=case.asked_since(fact.known_at, _hours_of),
    )


def _is_off_hours(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    return _off_hours(fact, case) is not None


def _hours_of(policy: Policy) -> object:
    return policy.rules.working_hours, policy.timezone, policy.calendar


def within_hours(local: datetime, hours: WorkingHours, calendar: Calendar) -> bool:
    """Whether work is done at this local time."""
    return (
        hours.opens <= local.time() < hours.closes
        and _WEEKDAYS[local.weekday()] in hours.days
        and (hours.on_public_holidays or not is_public_holiday(local.date(), calendar))
    )


@lru_cache(maxsize=65_536)
def is_public_holiday(day: date, calendar: Calendar) -> bool:
    """Whether the calendar closes this day although it keeps others of the same weekday open.

    A calendar tells business days alone, and of a day of its weekend nothing more. So a policy by which
    Saturdays are worked has them worked on holidays too.
    """
    if calendar.is_business_day(day):
        return False
    return any(calendar.is_business_day(day + weeks) for weeks in _WEEKS_AROUND)


RULES = (
    Rule("late_report", Severity.WARNING, "NIST SP 800-88 rev. 1, 4.8", late_report, _is_late),
    Rule("off_hours", Severity.WARNING, "ISO/IEC 27001:2022 A.7.10", off_hours, _is_off_hours),
)
