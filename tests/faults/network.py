"""The network between callers, services, broker and database: proxies that cut it, slow it, or leave it half open."""

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
SERVICES: Final = "services"
SLOW: Final = {"latency": 300, "jitter": 200}
"""Milliseconds that everything takes longer, each way."""

_STARTS_WITHIN: Final = 30.0


def can_be_broken() -> bool:
    """Whether the program that does it is here; scripts/tools.sh builds it."""
    return shutil.which(PROGRAM) is not None


class Network:
    """Between all of them. Everything goes through as if it were not there, until it is told otherwise."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._api = backends.ports.claim("toxiproxy")
        self._ports = {name: backends.ports.claim(f"to {name}") for name in (KAFKA, POSTGRESQL)}
        self._proxies = {name: [name] for name in self._ports}

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

    async def before_services(self, addresses: Mapping[str, str]) -> dict[str, str]:
        """Where callers find each service, at host:port, to come through the network."""
        self._proxies[SERVICES] = sorted(addresses)
        for name in self._proxies[SERVICES]:
            self._ports[name] = self._backends.ports.claim(f"to {name}")
            await self._tell("proxies", self._proxy(name, addresses[name]))
        return {name: f"127.0.0.1:{self._ports[name]}" for name in addresses}

    async def cut(self, what: str) -> None:
        """Break every connection to it, and refuse new ones."""
        for proxy in self._proxies[what]:
            await self._tell(f"proxies/{proxy}", {"enabled": False})

    async def half_open(self, what: str) -> None:
        """Let nothing through any more, while both ends believe that they are connected."""
        await self._add(what, "timeout", {})

    async def slow(self, what: str) -> None:
        """Let everything take longer."""
        await self._add(what, "latency", SLOW)

    async def _add(self, what: str, toxic: str, attributes: Mapping[str, int]) -> None:
        for proxy in self._proxies[what]:
            for stream in ("upstream", "downstream"):
                told = {"type": toxic, "stream": stream, "attributes": attributes}
                await self._tell(f"proxies/{proxy}/toxics", told)

    def _proxy(self, name: str, upstream: str) -> Mapping[str, Any]:
        listen = f"127.0.0.1:{self._ports[name]}"
        return {"name": name, "listen": listen, "upstream": upstream, "enabled": True}

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
                        self._proxy(KAFKA, f"127.0.0.1:{self._backends.broker.port}"),
                        self._proxy(POSTGRESQL, f"127.0.0.1:{self._backends.database.port}"),
                    ],
                )
            except OSError:
                return False
            return True

        if not until(lambda: not child.running() or populated(), limit=_STARTS_WITHIN) or not child.running():
            raise NotReadyError(f"{PROGRAM} does not answer. Its last lines:\n\n{child.log_tail()}\n")
