"""The error that crosses RPC, the configuration's own errors, and what no rule in the protos can say."""

from datetime import timedelta

import grpc
import pytest
from google.rpc import error_details_pb2

from mitodoke.chassis.config import Address, ConfigError, read_config
from mitodoke.chassis.errors import STATUS, Reason, Refusal, Violation, refused_fields, status_of
from mitodoke.chassis.validation import text_with_nul, violations
from mitodoke.contracts.leasing.v1 import leasing_pb2, leasing_service_pb2
from mitodoke.contracts.reference.v1 import reference_pb2, reference_service_pb2

GOOD = {
    "MITODOKE_KAFKA": "127.0.0.1:9092",
    "MITODOKE_LISTEN": "127.0.0.1:7001",
    "MITODOKE_DEV_SECRET": "word",
}


def test_every_reason_has_a_status_and_none_is_unknown() -> None:
    assert set(STATUS) == set(Reason)
    assert grpc.StatusCode.UNKNOWN not in STATUS.values()
    assert [reason for reason, status in STATUS.items() if status is grpc.StatusCode.INTERNAL] == [
        Reason.INTERNAL_ERROR
    ]


def test_a_refusal_is_told_by_the_google_error_model() -> None:
    refusal = Refusal(
        Reason.QUEUE_FULL,
        "Too much",
        violations=[Violation("items[3].serial", "is odd")],
        retry_after=timedelta(seconds=1.5),
        metadata={"a": "b"},
    )
    status = status_of(refusal)
    assert (status.code, status.message) == (grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], "Too much")
    info, bad, retry = (
        error_details_pb2.ErrorInfo(),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    assert [status.details[0].Unpack(info), status.details[1].Unpack(bad), status.details[2].Unpack(retry)]
    assert (info.reason, info.domain, dict(info.metadata)) == ("QUEUE_FULL", "mitodoke", {"a": "b"})
    assert [(each.field, each.description) for each in bad.field_violations] == [
        ("items[3].serial", "is odd")
    ]
    assert retry.retry_delay.ToTimedelta() == timedelta(seconds=1.5)


def test_a_refusal_without_fields_or_delay_has_only_its_reason() -> None:
    assert len(status_of(Refusal(Reason.PARTY_UNKNOWN, "Who?")).details) == 1


def test_of_many_fields_twenty_are_named_and_the_rest_counted() -> None:
    many = [Violation(f"items[{n}].serial", "is odd") for n in range(25)]
    refusal = refused_fields(Reason.SERIAL_REFUSED, many)
    bad = error_details_pb2.BadRequest()
    status_of(refusal).details[1].Unpack(bad)
    assert refusal.sentence == "items[0].serial: is odd (and 24 more)"
    assert len(bad.field_violations) == 20
    assert bad.field_violations[-1].description == "is odd (and 5 more)"


@pytest.mark.parametrize("name", GOOD)
def test_a_setting_that_is_missing_is_named_with_an_example(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is not set.*{name}="):
        read_config({**GOOD, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MITODOKE_KAFKA", "nowhere"),
        ("MITODOKE_KAFKA", "a:1,b"),
        ("MITODOKE_LISTEN", "7001"),
        ("MITODOKE_LISTEN", "host:port"),
        ("MITODOKE_LISTEN", "127.0.0.1:70000"),
        ("MITODOKE_HTTP", ":8001"),
        ("MITODOKE_DATABASE", "mysql://x"),
        ("MITODOKE_ALERTMANAGER", "127.0.0.1:9093"),
    ],
)
def test_a_setting_that_is_malformed_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read_config({**GOOD, name: value})


def test_a_database_address_is_not_repeated_in_its_error() -> None:
    with pytest.raises(ConfigError) as error:
        read_config({**GOOD, "MITODOKE_DATABASE": "mysql://u:password@h"})
    assert "password" not in str(error.value)


def test_a_full_configuration_is_read() -> None:
    config = read_config(
        {
            **GOOD,
            "MITODOKE_LISTEN": "[::1]:7001",
            "MITODOKE_HTTP": "localhost:8001",
            "MITODOKE_DATABASE": "postgresql://h/d",
            "MITODOKE_TOPIC_NAMESPACE": "staging",
            "MITODOKE_ALERTMANAGER": "http://127.0.0.1:9093",
        }
    )
    assert config.listen == Address("::1", 7001)
    assert str(config.listen) == "[::1]:7001"
    assert config.need_http() == Address("localhost", 8001)
    assert config.need_database() == "postgresql://h/d"
    assert (config.administrator, config.topic_namespace) == ("mitodoke-operator", "staging")


def test_what_a_service_needs_and_has_not_is_named() -> None:
    config = read_config(GOOD)
    with pytest.raises(ConfigError, match="MITODOKE_DATABASE"):
        config.need_database()
    with pytest.raises(ConfigError, match="MITODOKE_HTTP"):
        config.need_http()


def request_of(items: int) -> leasing_service_pb2.ReportDriveEnrolledRequest:
    request = leasing_service_pb2.ReportDriveEnrolledRequest(
        request_id="6b1f3c52-0d8e-5d5a-9c0e-7a3f6d2b9e41", contract_id="c", operator_id="o"
    )
    for number in range(items):
        request.items.add(serial=f"disk{number}").occurred_at.seconds = 1_700_000_000
    return request


def found(request: leasing_service_pb2.ReportDriveEnrolledRequest, size: int = 0) -> list[str]:
    return [each.field for each in violations(request, size or request.ByteSize())]


def test_a_good_request_has_no_violations() -> None:
    assert found(request_of(3)) == []


def test_of_a_large_request_each_broken_item_is_named_once() -> None:
    request = request_of(1000)
    request.operator_id = ""
    request.items[5].serial = ""
    request.items[5].ClearField("occurred_at")
    request.items[900].media_type = 99  # type: ignore[assignment]
    assert found(request, 10_000_000) == ["operator_id", "items[5].serial", "items[900].media_type"]


def test_of_a_request_with_millions_of_broken_items_only_the_first_violation_is_looked_for() -> None:
    request = leasing_service_pb2.ReportDriveEnrolledRequest.FromString(b"\x52\x00" * 2_000_000)
    assert len(violations(request, 4_000_000)) == 1


def test_impossible_times_are_found_wherever_they_are() -> None:
    request = reference_service_pb2.RegisterContractRequest(
        request_id="6b1f3c52-0d8e-5d5a-9c0e-7a3f6d2b9e41",
        contract=reference_pb2.ContractRegistered(
            contract_id="c", owner_party_id="o", policy_id="p", policy_version=1
        ),
    )
    approval = request.contract.approvals.add(party_id="l", role=reference_pb2.ROLE_LESSOR)
    approval.valid_until.seconds = 2**60
    request.backfilled_from.nanos = -5
    assert [each.field for each in violations(request, request.ByteSize())] == [
        "backfilled_from",
        "contract.approvals[0].valid_until",
    ]


def test_text_with_nul_is_found_wherever_it_is() -> None:
    item = leasing_pb2.DriveEnrolled(serial="a", enclosure="b\x00")
    item.evidence.add(purpose="photo")
    item.evidence.add(purpose="pho\x00to")
    assert [each.field for each in text_with_nul(item)] == ["evidence[1].purpose", "enclosure"]
