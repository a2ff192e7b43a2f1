"""Business days with the public holidays of a country, or of a part of one."""

from __future__ import annotations

import difflib
from datetime import date
from functools import lru_cache

import holidays

from mitodoke.lifecycle.calendars import Calendar, WeekdayCalendar
from mitodoke.lifecycle.policy import WEEKDAYS


class UnknownCalendarError(ValueError):
    """A calendar code that stands for nothing. `problem` says which, `suggestion` what to write instead."""

    def __init__(self, problem: str, suggestion: str) -> None:
        self.problem = problem
        self.suggestion = suggestion
        super().__init__(f"{problem}. {suggestion}")


class HolidayCalendar:
    """Business days are those that are neither a weekend day nor a public holiday of the country or region.

    The holidays are those that the law of the place names, as the `holidays` library knows them: for Japan
    the Act on National Holidays, with its substitute days. Days on which offices merely happen to be closed
    (29 December to 3 January, or the middle of August) are business days here. Years that the library does
    not know, such as those before 1949 or after 2099 in Japan, have no holidays.
    """

    def __init__(self, code: str, country: str, region: str | None) -> None:
        self.code = code
        self._country = country
        self._region = region
        self._weekend = frozenset(holidays.country_holidays(country, subdiv=region).weekend)
        self._closed: dict[int, frozenset[date]] = {}

    def is_business_day(self, day: date) -> bool:
        """Whether work is done on this local date."""
        if day.weekday() in self._weekend:
            return False
        closed = self._closed.get(day.year)
        if closed is None:
            # A fresh one for each year: the library's own grows by the neighbouring years as it is asked.
            known = holidays.country_holidays(self._country, subdiv=self._region, years=day.year)
            closed = self._closed[day.year] = frozenset(known)
        return day not in closed

    def __repr__(self) -> str:
        return f"HolidayCalendar({self.code!r})"


@lru_cache(maxsize=1024)
def calendar_for(code: str) -> Calendar:
    """The calendar of a code, the same object for the same code.

    A code is a country by ISO 3166-1 (`JP`), a part of one by ISO 3166-2 (`DE-BY`), or `weekdays` for
    Monday to Friday without any public holiday. Raises UnknownCalendarError.
    """
    if code == WEEKDAYS:
        return WeekdayCalendar()
    regions = holidays.list_supported_countries(include_aliases=False)
    country, dash, region = code.partition("-")
    if country not in regions:
        close = country.upper() if country.upper() in regions else None
        if close is None and difflib.get_close_matches(code[:32], [WEEKDAYS], cutoff=0.6):
            close = WEEKDAYS
        raise UnknownCalendarError(
            f"No calendar has the code {code[:40]!r}",
            (f"Did you mean {close!r}? " if close else "")
            + f"Write a country's two letters, such as 'JP', a part of one, such as 'DE-BY', or {WEEKDAYS!r}",
        )
    if dash and region not in regions[country]:
        raise UnknownCalendarError(
            f"The calendar of {country} has no part {region[:40]!r}",
            f"Write {country!r}"
            + (f", or after {country}- one of {', '.join(regions[country])}" if regions[country] else ""),
        )
    return HolidayCalendar(code, country, region or None)
