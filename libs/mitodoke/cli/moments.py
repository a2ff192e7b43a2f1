"""Times as people write and read them: in a named time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mitodoke.cli.exits import Exit, Stop
from mitodoke.lifecycle.durations import MomentError, parse_moment

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

DEFAULT_ZONE: Final = "Asia/Tokyo"


def zone_named(name: str) -> ZoneInfo:
    """The time zone of that name. Raises Stop."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Stop(
            Exit.USAGE, f"There is no time zone {name!r}. Write a place of the tz database, as in Asia/Tokyo"
        ) from None


def moment_asked(written: str, zone: ZoneInfo) -> datetime:
    """The moment that --as-of names; a date is the end of that day in `zone`. Raises Stop."""
    try:
        return parse_moment(written, zone)
    except MomentError as error:
        raise Stop(Exit.USAGE, f"--as-of: {error}") from None


def time_of(stamp: Timestamp) -> datetime | None:
    """The aware time of a timestamp; None where none is given (protobuf answers 1970 then)."""
    if not stamp.seconds and not stamp.nanos:
        return None
    return stamp.ToDatetime(tzinfo=UTC)


def shown(at: datetime | None, zone: ZoneInfo) -> str:
    """A time to the minute, in `zone`; the zone is named once, beside the table."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""


def days_between(earlier: datetime, later: datetime, zone: ZoneInfo) -> int:
    """How many days on the calendar of `zone` lie between the two."""
    return (later.astimezone(zone).date() - earlier.astimezone(zone).date()).days
