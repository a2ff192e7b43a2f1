"""Posts what is wrong to Alertmanager, again and again: what is no longer posted resolves by itself."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx
import structlog

from mitodoke.chassis.clock import Clock
from mitodoke.services.alerting.alerts import Alert, alert_of, end_after
from mitodoke.services.alerting.reading import Reading, Wrong, earliest, is_behind, read

_log = structlog.get_logger("mitodoke.alerting")

EVERY: Final = timedelta(seconds=10)
AT_ONCE: Final = 500
"""Alerts of one post."""
READ_SECONDS: Final = 15.0
"""How long reading the flags may take; less than what is left of an alert's life after a round that went well."""
ANSWER_SECONDS: Final = 5.0
"""How long Alertmanager may take to answer."""
_MOST_DOUBLINGS: Final = 16


class Poster:
    """Level-triggered: each round posts all flags that are open and not acknowledged, and all parked drives.

    It need not remember what it posted. Alertmanager started again has all alerts back within one round; a flag
    that is resolved or acknowledged, a drive that is taken up, or what could not be posted, ends three rounds after
    its last post. Only where the read model cannot be read, or knows less than it did, does memory matter: the former
    alerts are posted on, because alerts that resolve themselves would say that all is well.

    Tables that were set up again, or restored from an older copy, know less until each partition is read through as
    far as it was when they last knew all: then nothing that was known is missing, and what they say is so again.
    Until then the former alerts are posted beside those found, and the service is not ready; nor is it when it has
    just started, while a partition was not read at all. That ends where the projection runs, since tables are read
    through to the broker's clock once the log is read to its end: also where no fact was ever recorded, and where
    `rebuild --accept-this-log` put tables of another log in place, which have lost flags for good. Only a broker
    whose clock was set back puts it off, by as much; started again, the poster goes by the tables as they are.
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
        self._known = Reading({}, {})
        """What the read model said when it last knew all."""
        self._posted: Wrong = {}
        self._ready = False

    @property
    def ready(self) -> bool:
        """Whether the latest round could read all that is wrong. Alertmanager being away changes nothing here."""
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
                await self._read()
                went_well = await self._post(client)
                failures = 0 if went_well else failures + 1
                await asyncio.sleep(pause(failures, self._every).total_seconds())

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS):
                found = await read(self._pool)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            self._ready = False
            # With what was last read, the round goes on.
            _log.error("flags_not_read", error=repr(error), posting_as_last_read=len(self._posted))
            return
        self._ready = not is_behind(found.read_through, self._known.read_through)
        if self._ready:
            self._known = found
        else:
            _log.warning(
                "read_model_behind",
                read_through=_said(earliest(found.read_through)),
                was_read_through=_said(earliest(self._known.read_through)),
                found=len(found.wrong),
                posting_as_known_before=len(self._known.wrong),
                mend="the projection reads on by itself; `mitodoke status` shows how far it is, and whether it runs",
            )
        self._posted = self._known.wrong | found.wrong

    async def _post(self, client: httpx.AsyncClient) -> bool:
        went_well = self._ready
        posted = list(self._posted.values())
        for start in range(0, len(posted), AT_ONCE):
            ends_at = end_after(self._clock.now(), self._every)
            alerts = [alert_of(wrong, ends_at) for wrong in posted[start : start + AT_ONCE]]
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
    first = alerts[0]["labels"]
    return {"status": answer.status_code, "answer": answer.text[:500], "alerts": len(alerts), "first": first}


def _said(read_through: datetime | None) -> str:
    return read_through.isoformat() if read_through else "unknown"


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
