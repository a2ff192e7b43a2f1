"""Bytes of the log as text that PostgreSQL keeps and a terminal shows, and that text as the same bytes again.

Whoever may write to a topic can put any bytes, and nothing, into keys and headers. What waits in quarantine is kept as
text, and is read again as the log has it: so no byte may be lost on the way.
"""

import hashlib
import re
from typing import Final

from aiokafka import ConsumerRecord

LONGEST_KEY: Final = 256
"""Bytes: a serial has at most 64 characters. PostgreSQL finds a drive by its name, by an index that takes no long ones.
"""

SIGN: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands before the two hexadecimal digits of each byte that is not shown as itself."""

_NULL: Final = f"{SIGN}null"

_NOT_SHOWN: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{SIGN}]")
"""Control characters, which a terminal obeys and PostgreSQL takes but for U+0000; bytes that are no UTF-8; the sign."""

_SPELLED: Final = re.compile(f"{SIGN}([0-9a-f]{{2}})")


def kept(raw: bytes | None) -> str:
    """Text that stands for these bytes, or for null, and for no others."""
    if raw is None:
        return _NULL
    if raw.isalnum():
        # As nearly every serial is: this is asked of each message.
        return raw.decode()
    text = raw.decode(errors="surrogateescape")
    return text if _NOT_SHOWN.search(text) is None else _NOT_SHOWN.sub(_spelled, text)


def raw_of(text: str) -> bytes | None:
    """The bytes, or the null, that a text of `kept` stands for."""
    if text.startswith(_NULL):
        return None
    parts = _SPELLED.split(text)
    # A sign that spells no byte: an earlier version kept it for one that was no UTF-8, and did not say which.
    parts[::2] = [part.replace(SIGN, "\udcff") for part in parts[::2]]
    return b"".join(
        bytes.fromhex(part) if position % 2 else part.encode(errors="surrogateescape")
        for position, part in enumerate(parts)
    )


def drive_named(record: ConsumerRecord) -> str:
    """The drive that a message is about, by its key: the serial, or where the key cannot be one a name no serial has.

    Messages with the same key have the same name. One without a key stands in any partition, and is about nothing that
    another message is about: each has its own.
    """
    key: bytes | None = record.key
    if key is None:
        return f"{kept(None)} {record.partition}/{record.offset}"
    if len(key) > LONGEST_KEY:
        # No UTF-8, and so no serial either: what is read again by this name is judged, and named, alike.
        key = key[:64] + b"\xff" + hashlib.sha256(key).hexdigest().encode()
    return kept(key)


def _spelled(found: re.Match[str]) -> str:
    return "".join(f"{SIGN}{byte:02x}" for byte in found[0].encode(errors="surrogateescape"))
