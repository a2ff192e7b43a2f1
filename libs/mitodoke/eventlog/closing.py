"""Closes consumers within a few seconds, though a broker that was killed may never answer what is under way."""

import asyncio
import contextlib
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from mitodoke.eventlog.clients import Consumer

_log = structlog.get_logger("mitodoke.eventlog")

CLOSING_SECONDS: Final = 5.0

CANNOT_CLOSE: Final = (KafkaError, OSError, RuntimeError)
"""What a client raises that closes: uvloop has a RuntimeError for what is written to a connection that is gone."""


async def close_consumer(consumer: Consumer) -> None:
    """Stop it; where that does not end, as after a broker's death in the middle of a fetch, drop its connections."""
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping], timeout=CLOSING_SECONDS)
    if not stopping.done():
        _log.warning("consumer_not_closed_in_order", error=f"not within {CLOSING_SECONDS:g} s")
        stopping.cancel()
        with contextlib.suppress(*CANNOT_CLOSE):
            await consumer._client.close()
        await asyncio.wait([stopping], timeout=CLOSING_SECONDS)
    if stopping.done() and not stopping.cancelled() and (error := stopping.exception()) is not None:
        _log.warning("consumer_not_closed_in_order", error=repr(error))
