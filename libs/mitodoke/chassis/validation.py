"""Whether a request holds what its contract allows: the rules in the protos, and what no rule there can say."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from mitodoke.chassis.certain import FIRST_SECOND, LAST_SECOND, certainly_valid
from mitodoke.chassis.errors import Violation

MOST_ITEMS: Final = 10_000
_SMALL: Final = 64 * 1024
"""Of a request up to so many bytes every violation is looked for; a larger one could have millions."""


def violations(request: Message, size: int) -> list[Violation]:
    """What is wrong with a request that was `size` bytes long; empty when nothing is.

    Of a large request with many items the first violation of each item is given; of one with more items than
    any request may have, the first of all.
    """
    if certainly_valid(request):
        return []
    broken = _rules_broken(request, size)
    return broken or list(_impossible_times(request, ""))


def text_with_nul(message: Message, path: str = "") -> Iterator[Violation]:
    """Every text that holds U+0000: no label carries one, and PostgreSQL cannot keep it."""
    for field, value in message.ListFields():
        for name, each in _elements(field, value, path):
            if isinstance(each, str) and "\x00" in each:
                yield Violation(name, "has the character U+0000, which no text carries; take it out")
            elif isinstance(each, Message):
                yield from text_with_nul(each, f"{name}.")


_validator = protovalidate.Validator()


def _rules_broken(request: Message, size: int) -> list[Violation]:
    first = _validator.collect_violations(request, fail_fast=True)
    if not first:
        return []
    if size <= _SMALL:
        return [_told(each) for each in _validator.collect_violations(request)]
    items = getattr(request, "items", ())
    if not 0 < len(items) <= MOST_ITEMS:
        return [_told(each) for each in first]
    envelope = type(request)()
    envelope.CopyFrom(request)
    envelope.ClearField("items")
    of_envelope = (_told(each) for each in _validator.collect_violations(envelope))
    found = [each for each in of_envelope if each.field != "items"]
    for index, item in enumerate(items):
        found += [
            _told(each, f"items[{index}].") for each in _validator.collect_violations(item, fail_fast=True)
        ]
    return found


def _told(violation: protovalidate.Violation, prefix: str = "") -> Violation:
    proto = violation.proto
    path = ""
    for element in proto.field.elements if proto.field else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            path += f"[{element.subscript.value}]"
    return Violation(prefix + path, proto.message or proto.rule_id)


@cache
def _times_in(descriptor: Descriptor) -> tuple[tuple[str, ...], tuple[tuple[str, bool, Descriptor], ...]]:
    """The timestamps of a message, and its fields whose messages hold some: name, repeated, descriptor."""
    own: list[str] = []
    below: list[tuple[str, bool, Descriptor]] = []
    for field in descriptor.fields:
        if field.message_type is None:
            continue
        if field.message_type.full_name == "google.protobuf.Timestamp":
            own.append(field.name)
        elif any(_times_in(field.message_type)):
            below.append((field.name, field.is_repeated, field.message_type))
    return tuple(own), tuple(below)


def _impossible_times(message: Any, path: str) -> Iterator[Violation]:
    own, below = _times_in(message.DESCRIPTOR)
    for name in own:
        if message.HasField(name):
            at = getattr(message, name)
            if not (FIRST_SECOND <= at.seconds <= LAST_SECOND and 0 <= at.nanos < 1_000_000_000):
                yield Violation(
                    path + name, "is no time: seconds are of the years 1 to 9999, nanos 0 to 999,999,999"
                )
    for name, repeated, _ in below:
        value = getattr(message, name)
        if repeated:
            for index, each in enumerate(value):
                yield from _impossible_times(each, f"{path}{name}[{index}].")
        else:
            yield from _impossible_times(value, f"{path}{name}.")


def _elements(field: FieldDescriptor, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if field.is_repeated:
        for index, each in enumerate(value):
            yield f"{path}{field.name}[{index}]", each
    else:
        yield f"{path}{field.name}", value
