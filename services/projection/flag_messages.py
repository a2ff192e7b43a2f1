"""A flag as protobuf: on the flags topic, and in answers."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.contracts.custody.v1 import flag_pb2
from mitodoke.eventlog.payloads import timestamp_of
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import FlagState
from mitodoke.readmodel.drive_state import StoredFlag

SEVERITY = {
    Severity.WARNING: flag_pb2.SEVERITY_WARNING,
    Severity.MAJOR: flag_pb2.SEVERITY_MAJOR,
    Severity.CRITICAL: flag_pb2.SEVERITY_CRITICAL,
}
STATE = {
    FlagState.OPEN: flag_pb2.FLAG_STATE_OPEN,
    FlagState.ACKNOWLEDGED: flag_pb2.FLAG_STATE_ACKNOWLEDGED,
    FlagState.RESOLVED: flag_pb2.FLAG_STATE_RESOLVED,
}


def stamp(at: datetime | None) -> Timestamp | None:
    """The protobuf time, or None, which leaves the field absent."""
    return None if at is None else timestamp_of(at)


def flag_message(serial: str, stored: StoredFlag) -> flag_pb2.Flag:
    """The flag as it stands."""
    flag = stored.flag
    return flag_pb2.Flag(
        flag_id=str(flag.flag_id),
        serial=serial,
        contract_id=flag.contract,
        cycle=flag.cycle,
        kind=flag.kind,
        subject=flag.subject,
        severity=SEVERITY[flag.severity],
        state=STATE[flag.state],
        message=flag.message,
        party_id=flag.party,
        raised_at=stamp(flag.raised_at),
        evident_at=stamp(flag.evident_at),
        detected_at=stamp(stored.detected_at),
        resolved_at=stamp(flag.resolved_at),
        resolution=flag.resolution.value if flag.resolution else "",
    )


def flag_changed(serial: str, stored: StoredFlag, changed_at: datetime) -> flag_pb2.FlagChanged:
    """The message on the flags topic: the flag after a change."""
    return flag_pb2.FlagChanged(
        flag=flag_message(serial, stored), sequence=stored.sequence, changed_at=stamp(changed_at)
    )
