"""Which days are business days, as the counting of a period needs to know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


class Calendar(Protocol):
    """Tells business days from the others.

    An answer never changes for the life of the calendar, and a calendar is hashable: periods counted on one
    are remembered by it.
    """

    def is_business_day(self, day: date) -> bool:
        """Whether work is done on this local date. Raises nothing."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class WeekdayCalendar:
    """Monday to Friday are business days; no public holiday is known."""

    def is_business_day(self, day: date) -> bool:
        """Whether this local date is a Monday, Tuesday, Wednesday, Thursday or Friday."""
        return day.weekday() < 5
