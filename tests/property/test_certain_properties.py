"""The quick look at a request and protovalidate never disagree, whatever is in it."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from mitodoke.chassis.certain import certainly_valid
from mitodoke.chassis.validation import _impossible_times, _rules_broken
from mitodoke.contracts.destruction.v1 import destruction_service_pb2
from mitodoke.contracts.leasing.v1 import leasing_service_pb2
from mitodoke.contracts.oversight.v1 import oversight_service_pb2
from mitodoke.contracts.returns.v1 import returns_service_pb2
from mitodoke.contracts.transport.v1 import transport_service_pb2
from mitodoke.contracts.wipe.v1 import wipe_service_pb2

REQUESTS = [
    method.input_type
    for module in (
        leasing_service_pb2,
        returns_service_pb2,
        wipe_service_pb2,
        transport_service_pb2,
        destruction_service_pb2,
        oversight_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

UUID = "6b1f3c52-0d8e-5d5a-9c0e-7a3f6d2b9e41"
ODD_TEXTS = [
    "",
    "a",
    "K-1",
    "K-1\n",
    "\nK-1",
    "-K",
    "Ｋ－１",
    "H-4",
    "H-4\n",
    "H-9",
    UUID,
    UUID.upper(),
    UUID + "\n",
    UUID[:-1],
    "{" + UUID[1:],
    "0" * 64,
    "0" * 64 + "\n",
    "0" * 63 + "G",
    "x\x00y",
    "x y",
    "\u0661",
    *("a" * n for n in (1, 16, 63, 64, 65, 127, 128, 129, 511, 512, 513, 2000, 2001)),
    # As long in letters as may be, and longer in bytes.
    *("ß" * n for n in (64, 128, 129)),
]
TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=8))
ODD_NUMBERS = [-2, -1, 0, 1, 2, 99, 1000, 1001, 10**6, 10**6 + 1]
ODD_SECONDS = [0, 1, -1, 315532799, 315532800, 253402300799, 253402300800, -62135596800, -62135596801]
ODD_NANOS = [0, 1, -1, 999_999_999, 1_000_000_000]
ODD_DOUBLES = [0.0, -0.0, 1000.0, 1000.0001, 1e6, 1e6 + 1, -1e-9, math.inf, -math.inf, math.nan]
SECONDS = st.one_of(
    st.sampled_from(
        [0, 1, -1, 315532799, 315532800, 315532801, 253402300799, 253402300800, -62135596800, -62135596801]
    ),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(1_000_000_000, 2_000_000_000),
)
NANOS = st.one_of(
    st.just(0), st.sampled_from([1, -1, 999_999_999, 1_000_000_000]), st.integers(-(2**31), 2**31 - 1)
)
DOUBLES = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1000.0, 1000.0001, 1e6, 1e6 + 1, -1e-9, math.inf, -math.inf, math.nan]),
    st.floats(),
)


def messages(descriptor: Descriptor, often: bool) -> st.SearchStrategy[Any]:
    """Messages of a type, with every kind of trouble; `often` they are mostly in order."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        usual = st.builds(GetMessageClass(descriptor), seconds=st.just(1_700_000_000))
        odd = st.builds(GetMessageClass(descriptor), seconds=SECONDS, nanos=NANOS)
        return usual if often else odd
    fields = {field.name: values(field, often) for field in descriptor.fields}
    kind = GetMessageClass(descriptor)

    def made(said: dict[str, Any]) -> Any:
        return kind(**{name: value for name, value in said.items() if value is not None})

    return st.fixed_dictionaries(fields).map(made)


def values(field: FieldDescriptor, often: bool) -> st.SearchStrategy[Any]:
    odd = one(field, often=False)
    if field.is_repeated:
        most = 18 if field.name != "items" else 3
        odd = st.lists(one(field, often), max_size=most)
    if not often:
        return st.one_of(st.none(), odd)
    # One field in twenty is anything at all; the others are as their rules want them.
    return st.integers(0, 19).flatmap(lambda n: odd if n == 0 else usual(field))


def usual(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.is_repeated:
        least = 1 if field.name == "items" or field.name == "fields" else 0
        return st.lists(one(field, often=True), min_size=least, max_size=2)
    return one(field, often=True)


def one(field: FieldDescriptor, often: bool) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        return messages(field.message_type, often)
    if often:
        return st.just(in_order_value(field))
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return TEXTS
        case FieldDescriptor.TYPE_ENUM:
            assert field.enum_type is not None
            return st.integers(-1, len(field.enum_type.values) + 1)
        case FieldDescriptor.TYPE_DOUBLE:
            return DOUBLES
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case _:
            return st.integers(0, 100)


def in_order_value(field: FieldDescriptor) -> Any:
    """A value of a plain field that its rules allow."""
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            if field.name == "sha256":
                return "0" * 64
            if field.name == "security_level":
                return "H-4"
            ids = ("event_id", "flag_id", "request_id")
            return UUID if field.name.endswith(ids) else "K-1"
        case FieldDescriptor.TYPE_DOUBLE:
            return 3.5
        case FieldDescriptor.TYPE_BOOL:
            return False
        case _:
            return 1


def in_order(request: Any) -> bool:
    """What protovalidate and the look at the times say."""
    size = request.ByteSize()
    return not _rules_broken(request, size) and not list(_impossible_times(request, ""))


@pytest.mark.parametrize("descriptor", REQUESTS, ids=lambda each: each.name)
def test_what_is_certain_is_what_protovalidate_finds_in_order(descriptor: Descriptor) -> None:
    seen = {True: 0, False: 0}

    @settings(max_examples=60, deadline=None)
    @given(st.booleans().flatmap(lambda often: messages(descriptor, often)))
    def agree(request: Any) -> None:
        expected = in_order(request)
        seen[expected] += 1
        assert certainly_valid(request) is expected

    agree()
    # Of each kind there were some, or nothing was shown.
    assert seen[True] and seen[False]


def in_turn(message: Any) -> Iterator[None]:
    """Set each field of a message, and of those in it, to each odd value; afterwards it is as it was."""
    for field in message.DESCRIPTOR.fields:
        before = type(message)()
        before.CopyFrom(message)
        held = getattr(message, field.name)
        if field.message_type is not None:
            inner = held if field.is_repeated else [held] if message.HasField(field.name) else []
            for each in inner:
                yield from in_turn(each)
            message.ClearField(field.name)
            yield
            message.CopyFrom(before)
            continue
        for value in odd_values(field):
            if field.is_repeated:
                for many in ([value], [value] * 17):
                    del held[:]
                    held.extend(many)
                    yield
            else:
                setattr(message, field.name, value)
                yield
        message.CopyFrom(before)


def odd_values(field: FieldDescriptor) -> Sequence[Any]:
    if field.name in ("seconds", "nanos"):
        return ODD_SECONDS if field.name == "seconds" else ODD_NANOS
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return ODD_TEXTS
        case FieldDescriptor.TYPE_DOUBLE:
            return ODD_DOUBLES
        case FieldDescriptor.TYPE_BOOL:
            return (False, True)
        case FieldDescriptor.TYPE_ENUM:
            return ODD_NUMBERS
        case _:
            return (0, 1, 2**31 - 1)


def whole(descriptor: Descriptor) -> Any:
    """A message in order with every field set, and two of what is repeated."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp":
            getattr(message, field.name).seconds = 1_700_000_000
        elif field.message_type is not None and field.is_repeated:
            getattr(message, field.name).extend([whole(field.message_type)] * 2)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(whole(field.message_type))
        else:
            value = in_order_value(field)
            if field.is_repeated:
                getattr(message, field.name).extend([value] * 2)
            else:
                setattr(message, field.name, value)
    return message


@pytest.mark.parametrize("descriptor", REQUESTS, ids=lambda each: each.name)
def test_one_odd_value_in_a_request_in_order_is_seen_by_both_or_by_neither(descriptor: Descriptor) -> None:
    request = whole(descriptor)
    assert in_order(request) and certainly_valid(request)
    refused = 0
    for _ in in_turn(request):
        expected = in_order(request)
        refused += not expected
        assert certainly_valid(request) is expected, request
    assert refused > 20
    assert certainly_valid(request)


def test_of_a_rule_that_is_not_known_nothing_is_certain() -> None:
    from mitodoke.contracts.custody.v1 import query_pb2

    request = query_pb2.TryPolicyRequest(contract_id="K-1", document="policy: x")
    assert in_order(request)
    assert not certainly_valid(request)


def test_ten_thousand_items_are_in_order_and_one_more_is_not() -> None:
    from google.protobuf.timestamp_pb2 import Timestamp

    from mitodoke.contracts.leasing.v1 import leasing_pb2

    item = leasing_pb2.LeaseEnded(serial="A1", occurred_at=Timestamp(seconds=1_700_000_000))
    for count in (0, 1, 10_000, 10_001):
        request = leasing_service_pb2.ReportLeaseEndedRequest(
            request_id=UUID, contract_id="K-1", operator_id="op", items=[item] * count
        )
        assert certainly_valid(request) is in_order(request) is (0 < count <= 10_000)
