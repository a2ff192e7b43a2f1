"""What a partner installs: typed calls with retries that are safe, and errors that say what to do.

async with Connection.from_file(party="recycler") as mitodoke:
    await mitodoke.wipe.report_drive_wiped(contract="k-2019", operator="op-7", items=[...])
"""

from mitodoke.client.calls import Patience
from mitodoke.client.connection import Connection
from mitodoke.client.endpoints import ConnectionFileError, Endpoints, read_endpoints
from mitodoke.client.errors import CallFailed, FieldViolation
from mitodoke.client.identity import DevelopmentIdentity, Identity
from mitodoke.client.reports import Reported

__all__ = [
    "CallFailed",
    "Connection",
    "ConnectionFileError",
    "DevelopmentIdentity",
    "Endpoints",
    "FieldViolation",
    "Identity",
    "Patience",
    "Reported",
    "read_endpoints",
]
