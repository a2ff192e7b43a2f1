"""Requests that certainly keep every rule of their protos: a quick look that says yes, or that it does not know.

protovalidate decides what is refused and why; it is asked whenever the answer here is not yes. But nearly every request
is in order, and asking about one of 500 drives takes a sixth of the time that recording it takes
(docs/benchmarks/recording.md). So the rules of a request's type are read once from its descriptor and written as one
plain function of Python. A rule that is not known here makes its type one of which nothing is ever certain.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from mitodoke.contracts.buf.validate import validate_pb2

FIRST_SECOND: Final = -62_135_596_800
LAST_SECOND: Final = 253_402_300_799
"""Seconds since 1970 of the years 1 and 9999, the bounds of a protobuf timestamp."""

_UUID = re.compile("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_NUMBERS: Final = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_DOUBLE: "double",
}
_BOUNDS: Final = (("gte", ">="), ("lte", "<="))


class _Unknown(Exception):
    """A rule that is not known here."""


def certainly_valid(request: Message) -> bool:
    """Whether the request surely keeps every rule, and every time in it is one. False says nothing."""
    return _check_of(request.DESCRIPTOR)(request)


@cache
def _check_of(descriptor: Descriptor) -> Callable[[Any], bool]:
    try:
        return _Writer().function(descriptor)
    except _Unknown:
        return lambda _: False


class _Writer:
    """Writes the function of one message type, and what it calls."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def function(self, descriptor: Descriptor) -> Callable[[Any], bool]:
        """What answers whether a message keeps the rules. Raises _Unknown."""
        if descriptor.full_name == "google.protobuf.Timestamp" or descriptor.oneofs:
            raise _Unknown(descriptor.full_name)
        options: Any = descriptor.GetOptions()
        if options.HasExtension(validate_pb2.message):
            raise _Unknown(descriptor.full_name)
        lines = ["def check(m):"]
        for field in descriptor.fields:
            lines += [f"    {line}" for line in self._lines(field)]
        lines.append("    return True")
        exec("\n".join(lines), self._known)
        check: Callable[[Any], bool] = self._known["check"]
        return check

    def _lines(self, field: FieldDescriptor) -> list[str]:
        options: Any = field.GetOptions()
        rules: Any = options.Extensions[validate_pb2.field]
        said = {each.name for each, _ in rules.ListFields()}
        lines = [f"v = m.{field.name}"]
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp":
            if field.is_repeated or said - {"required", "timestamp"}:
                raise _Unknown(field.full_name)
            return self._timestamp(field, rules)
        if rules.required or said - {"required", "ignore", "string", "repeated", "enum", "int32", "double"}:
            raise _Unknown(field.full_name)
        conditions = self._conditions(field, rules)
        if field.is_repeated:
            each = self._each(field, rules.repeated.items)
            loop = [f"for v in m.{field.name}:", f"    if not ({each}): return False"] if each else []
            return [*lines, f"if not ({' and '.join(conditions)}): return False", *loop]
        if field.message_type is not None:
            check = self._named(_check_of(field.message_type))
            return [f"if m.HasField({field.name!r}) and not {check}(m.{field.name}): return False"]
        if not conditions:
            return []
        kept = " and ".join(conditions)
        if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
            kept = f"not v or {kept}"
        elif rules.ignore:
            raise _Unknown(field.full_name)
        return [*lines, f"if not ({kept}): return False"]

    def _conditions(self, field: FieldDescriptor, rules: Any) -> list[str]:
        """What must hold of the field's value `v`."""
        if field.is_repeated:
            _only(rules.repeated, "min_items", "max_items", "items")
            most = f" <= {rules.repeated.max_items}" if rules.repeated.HasField("max_items") else ""
            return [f"{rules.repeated.min_items} <= len(v){most}"]
        match field.type:
            case FieldDescriptor.TYPE_STRING:
                return self._of_text(rules.string)
            case FieldDescriptor.TYPE_ENUM:
                return self._of_enum(field, rules.enum)
            case FieldDescriptor.TYPE_INT32 | FieldDescriptor.TYPE_DOUBLE:
                return self._of_number(getattr(rules, _NUMBERS[field.type]))
            case _ if not rules.ListFields():
                return []
        raise _Unknown(field.full_name)

    def _each(self, field: FieldDescriptor, items: Any) -> str:
        """What must hold of each element `v` of a repeated field; empty when anything may stand there."""
        if field.message_type is not None:
            if items.ListFields():
                raise _Unknown(field.full_name)
            return f"{self._named(_check_of(field.message_type))}(v)"
        _only(items, "string", "enum")
        if field.type == FieldDescriptor.TYPE_STRING:
            return " and ".join(self._of_text(items.string))
        if field.type == FieldDescriptor.TYPE_ENUM:
            return " and ".join(self._of_enum(field, items.enum))
        raise _Unknown(field.full_name)

    def _of_text(self, rules: Any) -> list[str]:
        _only(rules, "min_len", "max_len", "pattern", "uuid")
        conditions = []
        if rules.HasField("max_len"):
            conditions.append(f"{rules.min_len} <= len(v) <= {rules.max_len}")
        elif rules.min_len:
            conditions.append(f"{rules.min_len} <= len(v)")
        if rules.pattern:
            # As a whole: what a pattern without ends, or with choices, means in part is protovalidate's to say.
            if not (rules.pattern.startswith("^") and rules.pattern.endswith("$")) or "|" in rules.pattern:
                raise _Unknown(rules.pattern)
            conditions.append(f"{self._named(re.compile(rules.pattern, re.ASCII).fullmatch)}(v)")
        if rules.uuid:
            conditions.append(f"{self._named(_UUID.fullmatch)}(v)")
        return conditions

    def _of_enum(self, field: FieldDescriptor, rules: Any) -> list[str]:
        _only(rules, "defined_only", "not_in")
        if not rules.ListFields():
            return []
        if not rules.defined_only or field.enum_type is None:
            raise _Unknown(field.full_name)
        allowed = frozenset(field.enum_type.values_by_number) - frozenset(rules.not_in)
        return [f"v in {self._named(allowed)}"]

    def _of_number(self, rules: Any) -> list[str]:
        _only(rules, "gte", "lte", "finite")
        bounded = [f"v {sign} {getattr(rules, name)!r}" for name, sign in _BOUNDS if rules.HasField(name)]
        if getattr(rules, "finite", False) and len(bounded) < len(_BOUNDS):
            raise _Unknown("finite without both bounds")
        return bounded

    def _timestamp(self, field: FieldDescriptor, rules: Any) -> list[str]:
        _only(rules.timestamp, "gte")
        least = (
            max(FIRST_SECOND, rules.timestamp.gte.seconds) if rules.HasField("timestamp") else FIRST_SECOND
        )
        if rules.timestamp.gte.nanos:
            raise _Unknown(field.full_name)
        held = f"{least} <= v.seconds <= {LAST_SECOND} and 0 <= v.nanos < 1000000000"
        if rules.required and least > 0:
            # One that is missing reads as 0, which is too early.
            return [f"v = m.{field.name}", f"if not ({held}): return False"]
        missing = "return False" if rules.required else "pass"
        return [
            f"if not m.HasField({field.name!r}): {missing}",
            "else:",
            f"    v = m.{field.name}",
            f"    if not ({held}): return False",
        ]

    def _named(self, value: object) -> str:
        name = f"k{len(self._known)}"
        self._known[name] = value
        return name


def _only(rules: Message, *known: str) -> None:
    unknown = {field.name for field, _ in rules.ListFields()} - set(known)
    if unknown:
        raise _Unknown(", ".join(unknown))
