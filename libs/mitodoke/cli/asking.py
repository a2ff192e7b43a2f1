"""The way to the running system: who asks, where it listens, and what it means when it does not answer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import stamina.instrumentation

from mitodoke.cli.exits import Exit, Stop
from mitodoke.client import CallFailed, Connection, ConnectionFileError, Patience
from mitodoke.client.queries import Queries

_PATIENCE: Final = Patience(per_attempt=30.0, in_all=60.0, attempts=3)
"""A person waits: what does not answer after a second or two is not there."""

_USAGE: Final = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
)


@dataclass(frozen=True, slots=True)
class Door:
    """Where the running system is described, and the party that asks; the administrator, if none is named."""

    connection: Path
    party: str | None = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Queries]:
        """A way to ask while the context is open. Raises Stop for a question that is not answered."""
        # Retries are told on standard output otherwise, amid the JSON.
        stamina.instrumentation.set_on_retry_hooks(())
        try:
            async with Connection.from_file(
                party=self.party, path=self.connection, patience=_PATIENCE
            ) as system:
                yield system.query
        except ConnectionFileError as error:
            raise nothing_runs(error) from None
        except CallFailed as failed:
            raise _stop(failed) from None


def nothing_runs(error: ConnectionFileError) -> Stop:
    """What to say when no running system is described."""
    return Stop(
        Exit.UNREACHABLE, f"{error} (`make up` starts a system here; --connection names the file of another)"
    )


def is_unknown(failed: CallFailed) -> bool:
    """Whether the call failed because what it asks for is not known, or not to the party that asks."""
    return failed.code is grpc.StatusCode.NOT_FOUND


def _stop(failed: CallFailed) -> Stop:
    if is_unknown(failed):
        return Stop(Exit.WRONG, failed.sentence)
    if failed.code in _USAGE:
        return Stop(Exit.USAGE, failed.sentence)
    return Stop(
        Exit.UNREACHABLE,
        f"The system does not answer ({failed.code.name}: {failed.sentence}). Start it with `make up`, or look at "
        "its logs if it runs",
    )
