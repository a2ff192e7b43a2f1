"""The network between services, broker and database: proxies that cut it, slow it, or leave it half open."""

import asyncio
import json
import shutil
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mitodoke_local import Backends
from mitodoke_local.children import Child
from mitodoke_local.errors import NotReadyError
from mitodoke_local.waiting import until

PROGRAM: Final = "toxiproxy-server"
KAFKA: Final = "Kafka"
POSTGRESQL: Final = "PostgreSQL"
SLOW: Final = {"latency": 300, "jitter": 200}
"""Milliseconds that everything takes longer, each way."""

_STARTS_WITHIN: Final = 30.0


def can_be_broken() -> bool:
    """Whether the program that does it is here; scripts/tools.sh builds it."""
    return shutil.which(PROGRAM) is not None


class Network:
    """Between services and backends. Everything goes through as if it were not there, until it is told otherwise."""

    def __init__(self, backends: Backends) -> None:
        self._api = backends.ports.claim("toxiproxy")
        self._ports = {name: backends.ports.claim(f"to {name}") for name in (KAFKA, POSTGRESQL)}
        self._upstream = {KAFKA: backends.broker.port, POSTGRESQL: backends.database.port}

    @classmethod
    @contextmanager
    def before(cls, backends: Backends, log: Path) -> Iterator["Network"]:
        """Start the proxies, and the broker anew, so that it sends its clients to them."""
        network = cls(backends)
        child = backends.children.start(
            "toxiproxy",
            [shutil.which(PROGRAM) or PROGRAM, "-host", "127.0.0.1", "-port", str(network._api)],
            log=log,
        )
        try:
            network._begin(child)
            backends.broker.advertise(network._ports[KAFKA])
            backends.broker.stop()
            backends.broker.start()
            yield network
        finally:
            child.stop()

    def environment(self, backends: Backends, database: str) -> Mapping[str, str]:
        """By which services come through it."""
        return {
            "MITODOKE_KAFKA": f"127.0.0.1:{self._ports[KAFKA]}",
            "MITODOKE_DATABASE": backends.database.dsn(database, port=self._ports[POSTGRESQL]),
        }

    async def cut(self, what: str) -> None:
        """Break every connection to it, and refuse new ones."""
        await self._tell(f"proxies/{what}", {"enabled": False})

    async def half_open(self, what: str) -> None:
        """Let nothing through any more, while both ends believe that they are connected."""
        for stream in ("upstream", "downstream"):
            await self._tell(
                f"proxies/{what}/toxics", {"type": "timeout", "stream": stream, "attributes": {}}
            )

    async def slow(self, what: str) -> None:
        """Let everything take longer."""
        for stream in ("upstream", "downstream"):
            await self._tell(
                f"proxies/{what}/toxics", {"type": "latency", "stream": stream, "attributes": SLOW}
            )

    async def heal(self) -> None:
        """As if it were not there. What was half open is broken off."""
        await self._tell("reset", {})

    async def _tell(self, path: str, what: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self._post, path, what)

    def _post(self, path: str, what: object) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._api}/{path}",
            data=json.dumps(what).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        # Not by way of a proxy that the environment may name.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10):
            pass

    def _begin(self, child: Child) -> None:
        def populated() -> bool:
            try:
                self._post(
                    "populate",
                    [
                        {
                            "name": name,
                            "listen": f"127.0.0.1:{self._ports[name]}",
                            "upstream": f"127.0.0.1:{self._upstream[name]}",
                            "enabled": True,
                        }
                        for name in self._ports
                    ],
                )
            except OSError:
                return False
            return True

        if not until(lambda: not child.running() or populated(), limit=_STARTS_WITHIN) or not child.running():
            raise NotReadyError(f"{PROGRAM} does not answer. Its last lines:\n\n{child.log_tail()}\n")
