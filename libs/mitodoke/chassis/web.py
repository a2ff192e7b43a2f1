"""Pages over HTTP, as a part of a process."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from mitodoke.chassis.config import Address
from mitodoke.chassis.identity import NotLoopbackError, is_loopback

_log = structlog.get_logger("mitodoke.web")

GRACE_SECONDS: Final = 3
"""How long answers in flight may take when the process is told to end."""


class _Server(uvicorn.Server):
    """Leaves signals alone: they are the process's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves an application on one address, which is of this machine alone: nobody who reads here proves who he is."""

    name = "pages"

    def __init__(self, app: ASGIApp, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._server = _Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self._server.started and not self._server.should_exit

    @property
    def address(self) -> Address:
        """Where it listens once started, with the port that it got."""
        return self._address

    async def start(self) -> None:
        """Take the address. Raises NotLoopbackError for one that others can reach, and OSError for one in use."""
        host, port = self._address.host, self._address.port
        if not is_loopback(host):
            raise NotLoopbackError(
                f"The pages ask nobody who he is, so they listen on loopback only, not on {self._address}. "
                "Set MITODOKE_HTTP to 127.0.0.1 and a port"
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as error:
            raise OSError(f"Cannot listen on {self._address}: {error}. Is another process there?") from error
        self._address = Address(host, self._socket.getsockname()[1])
        _log.info("pages", address=f"http://{self.address}/")

    async def run(self) -> None:
        """Answer until cancelled."""
        assert self._socket is not None, "start() comes first"
        serving = asyncio.ensure_future(self._server.serve([self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise

    async def stop(self) -> None:
        """Give the address back."""
        if self._socket is not None:
            self._socket.close()
