"""How long a party has: a policy's durations, and the moment at which one ends."""

from __future__ import annotations

import difflib
import enum
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mitodoke.lifecycle.calendars import Calendar

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
"""The last moment that can be written. What would be due after it is due then."""


class DurationError(ValueError):
    """A duration that cannot be read. `problem` says what is wrong, `suggestion` what to write instead."""

    def __init__(self, problem: str, suggestion: str) -> None:
        self.problem = problem
        self.suggestion = suggestion
        super().__init__(f"{problem}. {suggestion}")


class MomentError(ValueError):
    """A date or time that cannot be read. The message says what is wrong and what to write instead."""


class Unit(enum.StrEnum):
    """What a duration is counted in: elapsed time up to the hour, and calendar periods from the day on."""

    SECOND = "s"
    MINUTE = "min"
    HOUR = "h"
    DAY = "d"
    MONTH = "mo"
    BUSINESS_DAY = "bd"


class Anchor(enum.StrEnum):
    """What a duration is counted from. The value is the word that a policy writes; a fact needs none."""

    FACT = ""
    ETA = "eta"
    RETURN_BY = "return_by"


_ONE = {Unit.SECOND: timedelta(seconds=1), Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}

_MOST = {
    Unit.SECOND: 36_525 * 86_400,
    Unit.MINUTE: 36_525 * 1_440,
    Unit.HOUR: 36_525 * 24,
    Unit.DAY: 36_525,
    Unit.MONTH: 1_200,
    # Business days are counted one by one, and nobody knows the public holidays of the next century.
    Unit.BUSINESS_DAY: 2_600,
}

_SPELLINGS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), Unit.SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), Unit.MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), Unit.HOUR),
    **dict.fromkeys(("d", "day", "days"), Unit.DAY),
    **dict.fromkeys(("mo", "month", "months"), Unit.MONTH),
    **dict.fromkeys(("bd", "business day", "business days"), Unit.BUSINESS_DAY),
}

_DURATION = re.compile(
    r"(?P<anchor>eta|return_by)?\s*(?P<sign>[+-])?\s*(?:(?P<amount>[0-9]+)\s*(?P<unit>[a-z ]+))?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)
_EXAMPLES = "Write for example 4h, 30d, 2 months, 10bd (business days), eta+4h or return_by"


@dataclass(frozen=True, slots=True)
class Duration:
    """An amount of one unit, counted from when a fact occurred or from the time that its anchor names.

    An anchor is a time that the fact itself states: its shipment's estimated arrival (`eta`), or the time
    by which an exported medium must be back (`return_by`). `elapsed` is its length where that is the same
    every day (seconds, minutes, hours), and None for a calendar period. Only elapsed time may lie before
    an anchor, and so be negative; a calendar period has at least one day, because it begins on the day
    after. Raises DurationError when that is not so, or when it is longer than about a century (business
    days: a decade).
    """

    amount: int
    unit: Unit
    anchor: Anchor = Anchor.FACT
    elapsed: timedelta | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one = _ONE.get(self.unit)
        if abs(self.amount) > _MOST[self.unit]:
            most = f"{_MOST[self.unit]}{self.unit}"
            raise DurationError(
                f"{self.amount}{self.unit} is longer than a policy can promise", f"At most {most}"
            )
        if one is None and self.amount < 1:
            raise DurationError(
                f"A period of {self.amount}{self.unit} has no day to end on",
                "Give at least one, or hours, as in 4h"
                + (f": only hours, minutes and seconds can be before {self.anchor}" if self.anchor else ""),
            )
        if self.amount < 0 and not self.anchor:
            raise DurationError(
                "A duration cannot be negative", "Only eta and return_by have a before, as in eta-2h"
            )
        object.__setattr__(self, "elapsed", None if one is None else self.amount * one)

    @property
    def from_eta(self) -> bool:
        """Whether it is counted from the estimated arrival of a shipment."""
        return self.anchor is Anchor.ETA

    def __str__(self) -> str:
        """The canonical text, which `parse_duration` reads back as this same duration."""
        if self.unit is Unit.MONTH:
            length = "1 month" if self.amount == 1 else f"{self.amount} months"
        else:
            length = f"{abs(self.amount)}{self.unit}"
        if not self.anchor:
            return length
        if self.amount == 0 and self.unit is Unit.HOUR:
            return self.anchor.value
        return f"{self.anchor}{'-' if self.amount < 0 else '+'}{length}"


def parse_duration(text: str) -> Duration:
    """Read a duration as policies write it, in any letter case.

    `90s`, `15min`, `4h` are elapsed time; `30d`, `2 months` (`2mo`), `10bd` (`10 business days`) are
    calendar periods; `eta`, `eta+4h`, `eta-2h` count from the estimated arrival of a shipment, `return_by`,
    `return_by+2h` from the time by which an exported medium must be back. Raises DurationError.
    """
    match = _DURATION.fullmatch(text.strip().casefold())
    if match is None:
        if text.strip().isdecimal():
            raise DurationError(
                f"{_shown(text)} has no unit", "Write for example {0}d or {0}h".format(text.strip()[:12])
            )
        raise DurationError(f"{_shown(text)} is not a duration", _EXAMPLES)
    anchor, sign, digits, name = match.group("anchor", "sign", "amount", "unit")
    if digits is None:
        if anchor is None or sign is not None:
            raise DurationError(f"{_shown(text)} says no amount of time", _EXAMPLES)
        return Duration(0, Unit.HOUR, Anchor(anchor))
    if anchor is None and sign is not None:
        raise DurationError(f"{_shown(text)} has a sign", f"A duration counts forward: write {digits}{name}")
    if anchor is not None and sign is None:
        raise DurationError(f"{_shown(text)} has no sign after {anchor}", f"Write {anchor}+{digits}{name}")
    if len(digits) > 12:
        raise DurationError(f"{_shown(text)} is longer than a policy can promise", _EXAMPLES)
    amount = -int(digits) if sign == "-" else int(digits)
    return Duration(amount, _unit(" ".join(name.split()), int(digits)), Anchor(anchor or ""))


def due(
    start: datetime,
    within: Duration,
    zone: ZoneInfo,
    calendar: Calendar,
    eta: datetime | None = None,
    return_by: datetime | None = None,
) -> datetime | None:
    """The last moment, in UTC, at which something owed `within` this duration of `start` is still on time.

    Elapsed time is exact. A calendar period is counted in the local dates of `zone`: its first day is not
    counted, and it runs to the end of its last day (see `end_of_day`). A month ends on the day before the
    one that corresponds to the first day counted, and where there is no such day, with the month. Sources:
    Civil Code of Japan, art. 139 (hours run at once), 140 (first day not counted), 141 (end of the last
    day), 143 (by the calendar). So

        31 January + 1 month  → 28 February, or 29 in a leap year
        30 January + 1 month  → the same
        22 April   + 2 months → 22 June
        28 February + 1 month → 31 March, as the count begins on 1 March and is of that whole month

    Two provisos are left out on purpose. That of art. 140 counts the first day of a period that begins at
    midnight; but a fact of 00:00 is as a rule a date whose hour nobody wrote down. That of art. 142 moves
    an end that falls on a holiday to the next day where it is the custom to do no business; a policy that
    wants this says `bd`.

    A business day is one of `calendar`, by local date. Where `within.anchor` is the ETA or the time of
    return, the count starts from `eta` or `return_by`, and the answer is None while that is not known.
    All datetimes must be aware: raises ValueError otherwise. A later start never gives an earlier answer;
    one beyond the year 9999 is `LATEST`.
    """
    if within.anchor:
        stated = eta if within.anchor is Anchor.ETA else return_by
        if stated is None:
            return None
        start = stated
    if start.tzinfo is None:
        raise ValueError(f"{start.isoformat()} has no time zone: nothing can be counted from it")
    if within.elapsed is not None:
        return _after(start, within.elapsed)
    return end_of_day(_last_day(_day_of(start, zone), within, calendar), zone)


def never_earlier(one: Duration, other: Duration) -> bool:
    """Whether `one` can never end before `other`, when both are counted from the same moment.

    True only where that holds on every day of every calendar; false where it does not, or where it cannot
    be told: of two anchors, and of business days beside calendar days, unless these are as few as can be.
    A zone that leaves out a date, as Apia did in 2011, is not thought of.
    """
    if one.anchor is not other.anchor:
        return False
    if one.unit is other.unit:
        return one.amount >= other.amount
    if one.elapsed is not None and other.elapsed is not None:
        return one.elapsed >= other.elapsed
    most = _most_days(other)
    if one.elapsed is None and other.elapsed is None:
        # Both begin on the same day, and end with one.
        return most is not None and _least_days(one) >= most
    if other.elapsed is not None:
        return timedelta(days=_least_days(one)) - _CLOCK_CHANGES >= other.elapsed
    return (
        most is not None
        and one.elapsed is not None
        and one.elapsed >= timedelta(days=most + 1) + _CLOCK_CHANGES
    )


@lru_cache(maxsize=65_536)
def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond, in UTC, before this zone's clocks leave the local date for good.

    That is 23:59:59.999999 on all but a few days. Where the clock goes back over that time, the second of
    the two is meant, since the day is not over at the first; where it is put forward over it, the last
    microsecond before the change; and a date that a zone left out (30 December 2011 in Apia) ends when the
    one before it does.
    """
    if day == date.max:
        return LATEST
    wall = datetime.combine(day, time.max)
    end = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if end.astimezone(zone).replace(tzinfo=None) == wall:
        return end
    # The clock skipped the end of this day. In a gap, fold=1 gives a moment before the change and fold=0
    # one after it (PEP 495); the change is found between them, to the microsecond, because the zone does
    # not tell it.
    before, after = end, wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > timedelta.resolution:
        middle = before + (after - before) // 2
        if _local_date(middle, zone) <= day:
            before = middle
        else:
            after = middle
    return before


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """Read a point in time that a person wrote; answer in UTC.

    A date (`2019-06-22`) means the end of that day in `zone`. A timestamp (ISO 8601) must carry an offset
    or `Z`. Raises MomentError.
    """
    written = text.strip()
    try:
        if _DATE.fullmatch(written):
            return end_of_day(date.fromisoformat(written), zone)
        moment = datetime.fromisoformat(written)
        if moment.tzinfo is None:
            raise MomentError(
                f"{_shown(text)} does not say in which time zone it is: add its offset, as in "
                f"2019-06-22T17:00:00+09:00, or write only the date for the end of that day in {zone.key}"
            )
        return moment.astimezone(UTC)
    except OverflowError:
        raise MomentError(
            f"{_shown(text)} is outside the years 1 to 9999 in UTC: write a later date"
        ) from None
    except MomentError:
        raise
    except ValueError:
        raise MomentError(
            f"{_shown(text)} is neither a date nor a time: write 2019-06-22 or 2019-06-22T17:00:00+09:00"
        ) from None


# Clocks are put forward and back by at most two hours; one more is for days that two changes touch.
_CLOCK_CHANGES = timedelta(hours=3)


def _least_days(within: Duration) -> int:
    # A month of a common year has 365/12 days, and over any number of them the calendar takes two at most.
    return within.amount * 365 // 12 - 2 if within.unit is Unit.MONTH else within.amount


def _most_days(within: Duration) -> int | None:
    if within.unit is Unit.BUSINESS_DAY:
        return None
    return within.amount * 366 // 12 + 2 if within.unit is Unit.MONTH else within.amount


def _after(start: datetime, elapsed: timedelta) -> datetime:
    try:
        # In UTC first: Python adds to a local time as its clock on the wall shows it, not as time passes.
        return start.astimezone(UTC) + elapsed
    except OverflowError:
        # No duration is longer than a century, so that it is one end of time or the other.
        return LATEST if start.year > 5000 else EARLIEST


def _day_of(moment: datetime, zone: ZoneInfo) -> date:
    day = _local_date(moment, zone)
    # Where the clock goes back over midnight, a date is seen before the one ahead of it has ended: it is still
    # that one, or a later start could be counted from an earlier day.
    if day > date.min and moment <= end_of_day(day - _ONE_DAY, zone):
        return day - _ONE_DAY
    return day


def _local_date(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        return date.max if moment.year > 1 else date.min


def _last_day(start: date, within: Duration, calendar: Calendar) -> date:
    try:
        if within.unit is Unit.DAY:
            return start + timedelta(days=within.amount)
        if within.unit is Unit.MONTH:
            return _last_day_of_months(start, within.amount)
        return _last_of_business_days(start, within.amount, calendar)
    except OverflowError:
        return date.max


@lru_cache(maxsize=65_536)
def _last_day_of_months(start: date, months: int) -> date:
    first_counted = start + _ONE_DAY
    years, month = divmod(first_counted.month - 1 + months, 12)
    year = first_counted.year + years
    if year > date.max.year:
        return date.max
    try:
        return date(year, month + 1, first_counted.day) - _ONE_DAY
    except ValueError:
        # No corresponding day, so it is after the 28th and this month is not December: its last day is
        # asked for.
        return date(year, month + 2, 1) - _ONE_DAY


@lru_cache(maxsize=65_536)
def _last_of_business_days(start: date, days: int, calendar: Calendar) -> date:
    day = start
    while days:
        day += _ONE_DAY
        days -= calendar.is_business_day(day)
    return day


def _unit(name: str, amount: int) -> Unit:
    unit = _SPELLINGS.get(name)
    if unit is not None:
        return unit
    if name == "m":
        raise DurationError(f"'{amount}m' may be minutes or months", f"Write {amount}min or {amount} months")
    if name in ("w", "week", "weeks"):
        raise DurationError("There is no unit of weeks", f"Write {amount * 7}d")
    if name in ("y", "year", "years"):
        raise DurationError("There is no unit of years", f"Write {amount * 12} months")
    close = difflib.get_close_matches(name[:32], _SPELLINGS, n=1)
    raise DurationError(
        f"There is no unit {_shown(name)}", f"Did you mean {amount} {close[0]}?" if close else _EXAMPLES
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
