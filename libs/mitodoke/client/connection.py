"""A connection to a running system as one party."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final

import grpc

from mitodoke.client.calls import Calls, Patience
from mitodoke.client.endpoints import Endpoints, connection_file, read_endpoints
from mitodoke.client.identity import DevelopmentIdentity, Identity
from mitodoke.client.queries import Queries
from mitodoke.client.reference import ReferenceCalls
from mitodoke.client.reports import Destruction, Leasing, Oversight, Returns, Transport, Wipe

_LARGEST_MESSAGE: Final = 16 * 1024 * 1024
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    # By default a channel that lost its service waits for up to two minutes before it looks again.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


class Connection:
    """The services of a system, called as one party: `leasing`, `returns`, …, `reference` and `query`.

    Channels are opened when they are first used, and closed with the connection. Use it in the loop it was
    first used in.
    """

    def __init__(self, endpoints: Endpoints, identity: Identity, *, patience: Patience | None = None) -> None:
        self._endpoints = endpoints
        self._identity = identity
        self._patience = patience or Patience()
        self._channels: dict[str, grpc.aio.Channel] = {}

    @classmethod
    def from_file(
        cls,
        *,
        party: str | None = None,
        path: Path | None = None,
        environment: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> "Connection":
        """The system of a connection file, as `party`; without one, as its administrator.

        The file is `path`, or what MITODOKE_CONNECTION names, or .mitodoke/running.json. Raises
        ConnectionFileError when there is none.
        """
        endpoints = read_endpoints(
            path or connection_file(os.environ if environment is None else environment)
        )
        identity = DevelopmentIdentity(party or endpoints.administrator, endpoints.dev_secret)
        return cls(endpoints, identity, patience=patience)

    @property
    def leasing(self) -> Leasing:
        """Which drives a lease puts under watch, and when it ends."""
        return Leasing(self._calls("leasing"))

    @property
    def returns(self) -> Returns:
        """Drives leave the owner and arrive at a receiver's dock."""
        return Returns(self._calls("returns"))

    @property
    def wipe(self) -> Wipe:
        """What was done to the data, and who checked it."""
        return Wipe(self._calls("wipe"))

    @property
    def transport(self) -> Transport:
        """Drives travel, and change hands."""
        return Transport(self._calls("transport"))

    @property
    def destruction(self) -> Destruction:
        """Drives end, and the papers say so."""
        return Destruction(self._calls("destruction"))

    @property
    def oversight(self) -> Oversight:
        """What is seen, lost and found outside the chain, and what people say of flags and facts."""
        return Oversight(self._calls("oversight"))

    @property
    def reference(self) -> ReferenceCalls:
        """Who the parties are, what they agreed, and which shipments are closed."""
        return ReferenceCalls(self._calls("oversight"))

    @property
    def query(self) -> Queries:
        """What the system knows."""
        return Queries(self._calls("projection"))

    async def close(self) -> None:
        """Close all channels."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _calls(self, service: str) -> Calls:
        channel = self._channels.get(service)
        if channel is None:
            channel = grpc.aio.insecure_channel(
                self._endpoints.address(service), options=(*_OPTIONS, *_keepalive(self._patience.keepalive))
            )
            self._channels[service] = channel
        return Calls(channel, self._identity, self._patience)


def _keepalive(silence: float) -> tuple[tuple[str, int], ...]:
    """Else a path that died without a word, as one through a firewall does, would look like a quiet one for ever."""
    return (
        ("grpc.keepalive_time_ms", int(1000 * silence)),
        ("grpc.keepalive_timeout_ms", int(1000 * silence / 3)),
        # gRPC also pings to measure the path, holds back the other question until that is answered, and waits a minute.
        ("grpc.http2.ping_timeout_ms", int(1000 * silence / 3)),
        # Who waits on a watch sends nothing; gRPC would stop asking after the second time.
        ("grpc.http2.max_pings_without_data", 0),
    )
