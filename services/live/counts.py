"""What is counted of calls: pure functions over slots, of which each party has one a minute for an hour.

The counts are windows of one minute, kept for an hour. A slot is named by its minute within the hour and is
used again an hour later, so that the table and its changelog stay as small as they are for ever. (A windowed
table of Faust never takes its old windows out of a compacted changelog.)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypedDict

from google.protobuf.message import DecodeError

from mitodoke.contracts.custody.v1.call_pb2 import CallMade

WINDOWS_KEPT: Final = 60
"""Minutes: the windows that are counted together."""

_MINUTE_SECONDS: Final = 60


class Slot(TypedDict):
    """The counts of one party in one minute, of the messages of one partition; JSON in the changelog."""

    minute: int
    """Minutes since 1970."""
    offset: int
    """Of the last message counted: one that comes again is not counted again."""
    calls: int
    refused: int
    unreadable: int
    methods: dict[str, int]
    last_seen: float
    """Seconds since 1970, by the broker's clock."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the calls topic. `appended_at` is in seconds since 1970, by the broker's clock."""

    partition: int
    offset: int
    appended_at: float
    key: bytes | None
    value: bytes | None

    @property
    def minute(self) -> int:
        """The window that it falls into."""
        return int(self.appended_at // _MINUTE_SECONDS)

    @property
    def party(self) -> str:
        """Who called; "" when the caller could not be told."""
        return (self.key or b"").decode(errors="replace")

    @property
    def slot(self) -> str:
        """The name of its slot. The partition is part of it, as calls without a caller go to any."""
        return f"{self.partition}:{self.minute % WINDOWS_KEPT}:{self.party}"


@dataclass(frozen=True, slots=True)
class PartyCounts:
    """The calls of one party in the last hour. `refused` are those that were not answered OK."""

    party: str
    calls: int
    refused: int
    unreadable: int
    methods: Mapping[str, int]
    last_seen: datetime


def read_call(value: bytes | None) -> CallMade | None:
    """The call that a message tells of; None when it cannot be read."""
    try:
        call = CallMade.FromString(value or b"")
    except DecodeError:
        return None
    # No bytes at all are a valid message of protobuf, but no call.
    return call if call.method else None


def with_message(slot: Slot | None, message: Message, call: CallMade | None) -> Slot | None:
    """The slot with the message counted in it; None when it counts no more: seen before, or an hour late."""
    if slot is None or slot["minute"] < message.minute:
        slot = Slot(
            minute=message.minute, offset=-1, calls=0, refused=0, unreadable=0, methods={}, last_seen=0.0
        )
    elif slot["minute"] > message.minute or slot["offset"] >= message.offset:
        return None
    methods = slot["methods"]
    if call is not None:
        methods = {**methods, call.method: methods.get(call.method, 0) + 1}
    return Slot(
        minute=slot["minute"],
        offset=message.offset,
        calls=slot["calls"] + (call is not None),
        refused=slot["refused"] + (call is not None and call.outcome != "OK"),
        unreadable=slot["unreadable"] + (call is None),
        methods=methods,
        last_seen=max(slot["last_seen"], message.appended_at),
    )


def by_party(slots: Iterable[tuple[str, Slot]], now: datetime) -> list[PartyCounts]:
    """The counts of the last hour, in order of the parties' names. `slots` are pairs of name and slot."""
    since = int(now.timestamp() // _MINUTE_SECONDS) - WINDOWS_KEPT
    found: dict[str, list[Slot]] = {}
    for name, slot in slots:
        if slot["minute"] > since:
            found.setdefault(name.split(":", 2)[2], []).append(slot)
    return [_together(party, held) for party, held in sorted(found.items())]


def _together(party: str, slots: list[Slot]) -> PartyCounts:
    methods: dict[str, int] = {}
    for slot in slots:
        for method, calls in slot["methods"].items():
            methods[method] = methods.get(method, 0) + calls
    return PartyCounts(
        party,
        sum(slot["calls"] for slot in slots),
        sum(slot["refused"] for slot in slots),
        sum(slot["unreadable"] for slot in slots),
        dict(sorted(methods.items())),
        datetime.fromtimestamp(max(slot["last_seen"] for slot in slots), UTC),
    )
