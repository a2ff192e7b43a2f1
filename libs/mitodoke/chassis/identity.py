"""Who calls. The one place that knows how a caller proves which party it is."""

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mitodoke.chassis.config import Address
from mitodoke.chassis.errors import Reason, Refusal

Metadata = Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True)
class Caller:
    """The party that a call comes from, as proved."""

    party_id: str


class Authenticator(Protocol):
    """Tells the caller of a call from what came with it."""

    def authenticate(self, metadata: Metadata) -> Caller:
        """The caller. Raises Refusal (UNAUTHENTICATED) when it cannot be told."""
        ...


class NotLoopbackError(ValueError):
    """The development identity was asked to listen where others could reach it."""


class DevelopmentAuthenticator:
    """Believes whoever knows one shared secret: `authorization: Dev PARTY:SECRET`.

    Anyone with the secret can speak for any party, so it serves on loopback only.
    """

    def __init__(self, secret: str, listen: Address) -> None:
        """Raises NotLoopbackError when `listen` is not a loopback address."""
        if not is_loopback(listen.host):
            raise NotLoopbackError(
                f"The development identity is insecure and listens on loopback only, not on {listen}. "
                "Set MITODOKE_LISTEN to 127.0.0.1 and a port"
            )
        self._secret = secret.encode()

    def authenticate(self, metadata: Metadata) -> Caller:
        """The party that the authorization names. Raises Refusal when it is missing or its secret is wrong."""
        given = next((value for name, value in metadata if name == "authorization"), None)
        if given is None:
            raise Refusal(
                Reason.CREDENTIALS_MISSING,
                "The call says nothing about who makes it; send the metadata authorization: Dev PARTY:SECRET",
            )
        text = given.decode("utf-8", "replace") if isinstance(given, bytes) else given
        scheme, _, credentials = text.partition(" ")
        party, _, secret = credentials.partition(":")
        # Compared even when the party is empty, so that the time taken tells nothing about the secret.
        matches = hmac.compare_digest(secret.encode(), self._secret)
        if scheme.lower() != "dev" or not party or not matches:
            raise Refusal(
                Reason.CREDENTIALS_REFUSED,
                "The authorization is not Dev PARTY:SECRET with the secret of this service; "
                "the local runner writes it into running.json",
            )
        return Caller(party)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
