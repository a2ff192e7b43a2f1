"""A flag as an alert of the Alertmanager v2 API."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from mitodoke.readmodel.queries import FlagOf


class Alert(TypedDict):
    """What `POST /api/v2/alerts` takes. An alert is known by its labels: the same labels are the same alert."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str
    endsAt: str


def alert_of(found: FlagOf, ends_at: datetime) -> Alert:
    """The alert of an open flag. Unless it is posted again, it resolves by itself at `ends_at`.

    What may change while a flag stands open (its severity, its party) is a label too, because receivers are
    chosen by labels: the alert with the old ones then resolves by itself.
    """
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
    return Alert(
        # For Alertmanager an empty label is none at all.
        labels={name: value for name, value in labels.items() if value},
        annotations={"summary": flag.message},
        startsAt=_rfc3339(flag.evident_at),
        endsAt=_rfc3339(ends_at),
    )


def end_after(now: datetime, interval: timedelta) -> datetime:
    """When an alert posted now ends by itself: two posts in a row may fail."""
    return now + 3 * interval


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
