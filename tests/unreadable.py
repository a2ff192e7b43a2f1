"""Messages that are no facts, as other programs may leave them in the log, each wrong in its own way."""

import os
import struct
import uuid
from dataclasses import dataclass, replace
from typing import Any

from log_writer import LogWriter, now
from mitodoke.contracts.oversight.v1.oversight_pb2 import DriveLost
from mitodoke.contracts.returns.v1.returns_pb2 import DriveReleased
from mitodoke.eventlog.cloudevents import Envelope, drive_events


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it is appended; without a partition it goes where its key belongs."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    partition: int | None = None

    def headed(self, name: str, value: bytes | None) -> "Message":
        """The message with this header, in the place of one that it had."""
        return replace(self, headers=(*(each for each in self.headers if each[0] != name), (name, value)))


def unreadable() -> dict[str, Message]:
    """Each by what is wrong with it; they are about different drives, or about none."""
    without_end = os.urandom(3000)
    return {
        "nothing is right": Message(b"ZK80100", b"\xff\xff", ()),
        "U+0000 in a text": _sound(DriveReleased(serial="ZK80101", occurred_at=now(), lot_id="L\x001")),
        "a text without end": _sound(
            DriveReleased(serial="ZK80102", occurred_at=now(), lot_id=without_end.hex())
        ),
        "a header that is null": _lost("ZK80103").headed("ce_operatorid", None),
        "a binary header": replace(_lost("ZK80104"), value=b"\xff").headed("x", b"\x00\x00\x05"),
        "a header that is not UTF-8": _lost("ZK80105").headed("ce_operatorid", "営業".encode("shift-jis")),
        "a header with U+0000": _lost("ZK80106").headed("ce_operatorid", b"op\x001"),
        "a header without end": _lost("ZK80107").headed("ce_contractid", without_end.hex().encode()),
        "a header's name with U+0000": replace(_lost("ZK80108"), value=b"\xff").headed("a\x00", b"1"),
        "a tombstone": replace(_lost("ZK80109"), value=None),
        "a key of another program": replace(_lost("?"), key=struct.pack(">q", 420)),
        "a key that is not UTF-8": replace(_lost("?"), key="営業".encode("shift-jis")),
        "another key that is not UTF-8": replace(_lost("?"), key=b"\xff\xfe"),
        "a key without end": replace(_lost("?"), key=without_end),
        "an empty key": replace(_lost("?"), key=b""),
        "no key": replace(_lost("?"), key=None, partition=0),
        "no key in another partition": replace(_lost("?"), key=None, partition=1),
    }


async def append(log: LogWriter, message: Message) -> None:
    """Append it and return when it is acknowledged."""
    await log.producer.send_and_wait(
        log.topics.drives, message.value, message.key, message.partition, headers=list(message.headers)
    )


def _lost(serial: str) -> Message:
    return _sound(DriveLost(serial=serial, occurred_at=now()))


def _sound(item: Any) -> Message:
    envelope = Envelope("test", "lessor", str(uuid.uuid4()), "K-1", "op-1")
    [event] = drive_events([item], [item.serial], envelope)
    return Message(event.key, event.value, tuple(event.headers))
