"""The load of a soak: partners who report drives through all their steps and services, in a process of their own.

    python -m soak.load RUNNING.json SECONDS CALLERS ITEMS

Every drive is new and passes through five services. Partners wait while the projection is far behind, so that all of
the system works as fast as its slowest part. Its last line is how many facts were answered OK.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import uvloop
from google.protobuf.timestamp_pb2 import Timestamp

from mitodoke.client import Connection
from mitodoke.contracts.destruction.v1 import destruction_pb2
from mitodoke.contracts.leasing.v1 import leasing_pb2
from mitodoke.contracts.returns.v1 import returns_pb2
from mitodoke.contracts.transport.v1 import transport_pb2
from mitodoke.contracts.wipe.v1 import wipe_pb2

CONTRACT: Final = "K-1"
FURTHEST_BEHIND: Final = 50_000
"""So many messages the projection may be behind before partners wait."""
LOOK_EVERY: Final = 0.5

Say = Callable[[Any], Awaitable[object]]


class Partners:
    """One connection for each party, and how much was answered."""

    def __init__(self, running: Path) -> None:
        self.as_party = {
            party: Connection.from_file(party=party, path=running)
            for party in ("lessor", "carrier", "sanitiser", "destroyer")
        }
        self.operator = Connection.from_file(path=running)
        self.answered = 0
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()

    async def chain(self, serials: Sequence[str], shipment: str) -> None:
        """Report each step of these drives, one call a step."""
        at = Timestamp(seconds=int(time.time()) - 60)
        by = self.as_party
        media = leasing_pb2.MEDIA_TYPE_HDD
        steps: list[tuple[Any, Callable[[str], Any]]] = [
            (
                by["lessor"].leasing.report_drive_enrolled,
                lambda s: leasing_pb2.DriveEnrolled(serial=s, occurred_at=at, media_type=media),
            ),
            (
                by["sanitiser"].wipe.report_drive_wiped,
                lambda s: wipe_pb2.DriveWiped(
                    serial=s,
                    occurred_at=at,
                    method=wipe_pb2.WIPE_METHOD_ATA_SECURE_ERASE,
                    result=wipe_pb2.WIPE_RESULT_PASSED,
                ),
            ),
            (
                by["carrier"].transport.report_drive_dispatched,
                lambda s: transport_pb2.DriveDispatched(
                    serial=s,
                    occurred_at=at,
                    shipment_id=shipment,
                    carrier_party_id="carrier",
                    to_party_id="lessor",
                ),
            ),
            (
                by["lessor"].returns.report_drive_returned,
                lambda s: returns_pb2.DriveReturned(serial=s, occurred_at=at, lot_id=shipment),
            ),
            (
                by["destroyer"].destruction.report_drive_destroyed,
                lambda s: destruction_pb2.DriveDestroyed(
                    serial=s, occurred_at=at, method=destruction_pb2.DESTRUCTION_METHOD_SHRED
                ),
            ),
        ]
        for report, item in steps:
            await self._may_go_on.wait()
            told = await report(contract=CONTRACT, operator="op-17", items=[item(s) for s in serials])
            self.answered += len(told.items)

    async def heed_the_projection(self) -> None:
        """Let partners wait while the projection is far behind."""
        while True:
            behind = (await self.operator.query.get_status()).freshness.lag
            if behind > FURTHEST_BEHIND:
                self._may_go_on.clear()
            else:
                self._may_go_on.set()
            await asyncio.sleep(LOOK_EVERY)

    async def close(self) -> None:
        """Close all connections."""
        for connection in (self.operator, *self.as_party.values()):
            await connection.close()


async def _load(running: Path, seconds: float, callers: int, items: int) -> int:
    partners = Partners(running)
    ends = time.monotonic() + seconds

    async def caller(number: int) -> None:
        turn = 0
        while turn == 0 or time.monotonic() < ends:
            serials = [f"ZS{number:02}{turn:06X}{item:04}" for item in range(items)]
            await partners.chain(serials, f"L-{number}-{turn}")
            turn += 1

    try:
        async with asyncio.TaskGroup() as group:
            heeding = group.create_task(partners.heed_the_projection())
            working = [group.create_task(caller(number)) for number in range(callers)]
            await asyncio.wait(working)
            heeding.cancel()
    finally:
        await partners.close()
    return partners.answered


def main() -> None:
    """Take the order from the command line."""
    running, seconds, callers, items = sys.argv[1:]
    print(uvloop.run(_load(Path(running), float(seconds), int(callers), int(items))))


if __name__ == "__main__":
    main()
