"""Who calls: what a caller must show, and what is refused."""

import pytest

from mitodoke.chassis.config import Address
from mitodoke.chassis.errors import Reason, Refusal
from mitodoke.chassis.identity import Caller, DevelopmentAuthenticator, is_loopback

AUTHENTICATOR = DevelopmentAuthenticator("s3cret", Address("127.0.0.1", 7001))


@pytest.mark.parametrize("scheme", ["Dev", "dev"])
def test_a_party_with_the_secret_is_believed(scheme: str) -> None:
    assert AUTHENTICATOR.authenticate((("authorization", f"{scheme} lessor:s3cret"),)) == Caller("lessor")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ((), Reason.CREDENTIALS_MISSING),
        ((("other", "Dev lessor:s3cret"),), Reason.CREDENTIALS_MISSING),
        ((("authorization", ""),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Dev"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Dev lessor"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Dev lessor:"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Dev :s3cret"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Dev lessor:s3cre"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", "Bearer lessor:s3cret"),), Reason.CREDENTIALS_REFUSED),
        ((("authorization", b"\xff\xfe"),), Reason.CREDENTIALS_REFUSED),
    ],
)
def test_anything_else_is_refused(metadata: tuple[tuple[str, str | bytes], ...], reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        AUTHENTICATOR.authenticate(metadata)
    assert refused.value.reason is reason
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
