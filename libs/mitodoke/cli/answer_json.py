"""Answers as JSON for scripts: the names of the contract in snake_case, every field always there.

Times are RFC 3339 in UTC, null where there is none; numbers are numbers, however large; a word of an enum
is its short form (`open`, not `FLAG_STATE_OPEN`); what a fact says of its own is an object.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message

from mitodoke.cli.moments import time_of

_EMBEDDED = {"mitodoke.custody.v1.Fact.details"}
"""Texts that are JSON themselves."""


def plain(message: Message) -> dict[str, Any]:
    """The message as what json.dumps takes."""
    return {field.name: _value(message, field) for field in message.DESCRIPTOR.fields}


def word(enum: EnumDescriptor, number: int) -> str:
    """The short word of an enum's value; empty for the one that says nothing."""
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    value = enum.values_by_number.get(number)
    if value is None:
        return str(number)
    return "" if number == 0 else value.name.removeprefix(prefix).lower()


def printed(content: dict[str, Any]) -> str:
    """The text for standard output."""
    return json.dumps(content, ensure_ascii=False, indent=2)


def _value(message: Message, field: Any) -> Any:
    value = getattr(message, field.name)
    if field.is_repeated:
        return [_single(field, each) for each in value]
    if field.message_type is not None and not message.HasField(field.name):
        return None
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    if field.enum_type is not None:
        return word(field.enum_type, value)
    if field.message_type is None:
        return json.loads(value) if value and field.full_name in _EMBEDDED else value
    if field.message_type.full_name == "google.protobuf.Timestamp":
        at = time_of(value)
        return at.isoformat().replace("+00:00", "Z") if at else None
    return plain(value)
