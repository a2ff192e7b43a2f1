"""A flag, and a parked drive, as an alert of the Alertmanager v2 API.

Its `alertname` is the flag's kind, or `parked`.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict

from mitodoke.lifecycle.policy import Severity
from mitodoke.readmodel.queries import FlagOf, Parked

LONGEST_ERROR: Final = 500
"""Characters that are told of what was wrong with an event; `mitodoke quarantine show` tells all."""


class Alert(TypedDict):
    """What `POST /api/v2/alerts` takes. An alert is known by its labels: the same labels are the same alert."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str
    endsAt: str


def alert_of(wrong: FlagOf | Parked, ends_at: datetime) -> Alert:
    """The alert of an open flag, or of a parked drive. Unless it is posted again, it resolves by itself at `ends_at`.

    What may change while it stands (a flag's severity, its party) is a label too, because receivers are
    chosen by labels: the alert with the old ones then resolves by itself.
    """
    return _of_parked(wrong, ends_at) if isinstance(wrong, Parked) else _of_flag(wrong, ends_at)


def _of_flag(found: FlagOf, ends_at: datetime) -> Alert:
    flag = found.stored.flag
    labels = {
        "alertname": flag.kind,
        "flag_id": str(flag.flag_id),
        "serial": found.serial,
        "contract": flag.contract,
        "severity": flag.severity.value,
        "party": flag.party,
        "subject": flag.subject,
    }
    return _alert(labels, {"summary": flag.message}, flag.evident_at, ends_at)


def _of_parked(drive: Parked, ends_at: datetime) -> Alert:
    place = f"{drive.partition}/{drive.offset}"
    labels = {
        "alertname": "parked",
        "serial": drive.serial,
        "contract": drive.contract,
        # Nothing more is judged of it: whatever is owed may be overdue, unseen.
        "severity": Severity.CRITICAL.value,
    }
    annotations = {
        "summary": f"The event {place} of this drive could not be taken in ({drive.error[:LONGEST_ERROR]}), and "
        f"{drive.waiting - 1} wait behind it: what is said of the drive may be wrong",
        "next": f"`mitodoke quarantine list`, then `mitodoke quarantine show {place}`",
    }
    return _alert(labels, annotations, drive.since, ends_at)


def _alert(
    labels: dict[str, str], annotations: dict[str, str], starts_at: datetime, ends_at: datetime
) -> Alert:
    return Alert(
        # For Alertmanager an empty label is none at all.
        labels={name: value for name, value in labels.items() if value},
        annotations=annotations,
        startsAt=_rfc3339(starts_at),
        endsAt=_rfc3339(ends_at),
    )


def end_after(now: datetime, interval: timedelta) -> datetime:
    """When an alert posted now ends by itself: two posts in a row may fail."""
    return now + 3 * interval


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
