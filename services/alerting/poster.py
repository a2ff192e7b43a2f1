"""Posts every open flag to Alertmanager, again and again: what is no longer posted resolves by itself."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import asyncpg
import httpx
import structlog

from mitodoke.chassis.clock import Clock
from mitodoke.lifecycle.verdict import FlagState
from mitodoke.readmodel import queries
from mitodoke.readmodel.queries import FlagOf
from mitodoke.readmodel.rows import RANK
from mitodoke.services.alerting.alerts import Alert, alert_of, end_after

_log = structlog.get_logger("mitodoke.alerting")

EVERY: Final = timedelta(seconds=10)
AT_ONCE: Final = 500
"""Alerts of one post."""
PAGE: Final = 2000
"""Flags of one query."""
READ_SECONDS: Final = 15.0
"""How long reading the flags may take; less than what is left of an alert's life after a round that went well."""
ANSWER_SECONDS: Final = 5.0
"""How long Alertmanager may take to answer."""
_MOST_DOUBLINGS: Final = 16


class Poster:
    """Level-triggered: each round posts all flags that are open and not acknowledged, as they are then.

    It need not remember what it posted. Alertmanager started again has all alerts back within one round; a flag
    that is resolved or acknowledged, or whose last post failed, ends three rounds after its last post. Only where
    the read model cannot be read does memory matter: the flags last read are posted on, because alerts that
    resolve themselves would say that all is well.
    """

    name = "poster"

    def __init__(
        self, pool: asyncpg.Pool, alertmanager: str, clock: Clock, *, every: timedelta = EVERY
    ) -> None:
        self._pool = pool
        self._address = f"{alertmanager.rstrip('/')}/api/v2/alerts"
        # The address may hold a password.
        self._shown_address = str(httpx.URL(self._address).copy_with(userinfo=b""))
        self._clock = clock
        self._every = every
        self._open: list[FlagOf] = []
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether the flags could be read in the latest round. Alertmanager being away changes nothing here."""
        return self._ready

    async def start(self) -> None:
        """Nothing waits here: `run` connects, for as long as it takes."""

    async def stop(self) -> None:
        """Nothing is left to do: the alerts end by themselves unless another process posts them."""

    async def run(self) -> None:
        """Post until cancelled."""
        failures = 0
        # Where alerts go is said by the configuration alone, not by proxy settings in the environment.
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            while True:
                went_well = await self._read() and await self._post(client)
                failures = 0 if went_well else failures + 1
                await asyncio.sleep(pause(failures, self._every).total_seconds())

    async def _read(self) -> bool:
        try:
            async with asyncio.timeout(READ_SECONDS):
                self._open = await _open_flags(self._pool)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            self._ready = False
            _log.error("flags_not_read", error=repr(error), posting_as_last_read=len(self._open))
            # With what was last read, the round goes on.
            return bool(self._open)
        self._ready = True
        return True

    async def _post(self, client: httpx.AsyncClient) -> bool:
        went_well = self._ready
        for start in range(0, len(self._open), AT_ONCE):
            ends_at = end_after(self._clock.now(), self._every)
            alerts = [alert_of(flag, ends_at) for flag in self._open[start : start + AT_ONCE]]
            try:
                answer = await client.post(self._address, json=alerts)
            except httpx.HTTPError as error:
                _log.error("alertmanager_unavailable", address=self._shown_address, error=repr(error))
                return False
            if answer.is_error or answer.is_redirect:
                # The others are not to suffer for what is wrong with these.
                went_well = False
                _log.error("alerts_refused", **_refusal(answer, alerts))
        return went_well


def pause(failures: int, every: timedelta) -> timedelta:
    """After so many failures in a row: a round that failed is repeated sooner, then later, up to the usual pause."""
    if failures == 0:
        return every
    return min(every, every / 20 * (1 << min(failures, _MOST_DOUBLINGS)))


def _refusal(answer: httpx.Response, alerts: Sequence[Alert]) -> dict[str, Any]:
    first = alerts[0]["labels"]["flag_id"]
    return {"status": answer.status_code, "answer": answer.text[:500], "alerts": len(alerts), "first": first}


async def _open_flags(pool: asyncpg.Pool) -> list[FlagOf]:
    """All that are open, read in pages of one moment."""
    found: list[FlagOf] = []
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        after = None
        while True:
            page, _ = await queries.flags(connection, states=(FlagState.OPEN,), after=after, limit=PAGE)
            found.extend(page)
            if len(page) < PAGE:
                return found
            last = page[-1].stored.flag
            after = (RANK[last.severity], last.raised_at, last.flag_id)


class Nowhere:
    """Stands in for the poster where no Alertmanager is configured: says so once, and does nothing."""

    name = "poster"
    ready = True

    async def start(self) -> None:
        """Say that nobody is alerted."""
        _log.warning("alerts_go_nowhere", mend="set MITODOKE_ALERTMANAGER, for example http://127.0.0.1:9093")

    async def run(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Nothing is left to do."""
