"""A TCP connection between a caller and a service that a test can cut, or let die without a word."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

_CHUNK = 65_536


class Wire:
    """Carries every byte both ways as long as nobody has broken it. Use `Wire.to`."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._refuses = False
        self._open: set[_Carried] = set()
        self.address = ""
        """host:port for the caller."""
        self.refused = 0
        """Connections that were broken as soon as they were made."""

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, address: str) -> AsyncIterator["Wire"]:
        """A wire to a service at host:port."""
        host, _, port = address.rpartition(":")
        wire = cls(host, int(port))
        server = await asyncio.start_server(wire._accept, "127.0.0.1", 0)
        wire.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield wire
        finally:
            server.close()
            wire.cut()

    @property
    def connections(self) -> int:
        """How many are open at the caller's side."""
        return len(self._open)

    def cut(self) -> None:
        """Break every connection, and each new one as soon as it is made."""
        self._refuses = True
        for each in list(self._open):
            each.abort()

    def mend(self) -> None:
        """Take connections again."""
        self._refuses = False

    def lose_answers(self) -> None:
        """What callers say still arrives over the connections that are open; nothing comes back. New ones are whole."""
        for each in self._open:
            each.answers = False

    def die_silently(self) -> None:
        """Nothing passes over the connections that are open, and both ends believe in them. New ones are whole."""
        for each in self._open:
            each.questions = each.answers = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            self.refused += 1
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        carried = _Carried(writer, far_writer)
        self._open.add(carried)
        try:
            await asyncio.gather(
                carried.carry(reader, far_writer, "questions"), carried.carry(far_reader, writer, "answers")
            )
        finally:
            self._open.discard(carried)


class _Carried:
    def __init__(self, *ends: asyncio.StreamWriter) -> None:
        self._ends = ends
        self.questions = self.answers = True

    def abort(self) -> None:
        for each in self._ends:
            each.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: str) -> None:
        """One way, until either end is closed; then both are."""
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if getattr(self, what):
                    writer.write(data)
                    await writer.drain()
        self.abort()
