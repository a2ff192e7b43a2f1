"""Free loopback ports, claimed so that two runners never pick the same one."""

import fcntl
import json
import os
import random
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from mitodoke_local.cache import cache_folder
from mitodoke_local.errors import RunnerError

# Below the ranges from which Linux and macOS take ports for outgoing connections: a child that is stopped and
# started again on its port must not find that some client was given it meanwhile.
_LOWEST, _HIGHEST = 20_000, 31_999


class Ports:
    """Claims ports for the life of this process; the claims are file locks, so they end with it.

    A port once given to a name is given to it again after a restart, if it is still free: what a person has open in
    a browser goes on working.
    """

    def __init__(self, *, remembered: Path | None = None, claims: Path | None = None) -> None:
        self._remembered = remembered
        self._claims = claims if claims is not None else cache_folder() / "ports"
        self._held: dict[int, int] = {}
        self._changing = threading.Lock()

    def claim(self, name: str) -> int:
        """Return a port of 127.0.0.1 that nobody listens on."""
        with self._changing:
            known = self._read()
            wanted = [known[name]] if name in known else []
            for port in [*wanted, *random.sample(range(_LOWEST, _HIGHEST + 1), 500)]:
                if self._take(port):
                    if port not in wanted:
                        self._write({**known, name: port})
                    return port
        raise RunnerError(
            f"No free port between {_LOWEST} and {_HIGHEST} on 127.0.0.1 for {name}. "
            "Stop some of what listens there and try again."
        )

    def release(self, ports: Iterable[int]) -> None:
        """Give claims back."""
        with self._changing:
            for port in ports:
                os.close(self._held.pop(port))

    def release_all(self) -> None:
        """Give all claims back."""
        self.release(list(self._held))

    def _take(self, port: int) -> bool:
        if port in self._held:
            return False
        self._claims.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._claims / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as listener:
                # As the servers themselves do: connections that a killed one left behind do not matter.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
        except OSError:
            os.close(descriptor)
            return False
        self._held[port] = descriptor
        return True

    def _read(self) -> dict[str, int]:
        try:
            found = json.loads(self._remembered.read_text()) if self._remembered else {}
        except (OSError, ValueError):
            return {}
        return {str(name): int(port) for name, port in found.items()}

    def _write(self, known: dict[str, int]) -> None:
        if self._remembered is not None:
            self._remembered.write_text(json.dumps(known, indent=2) + "\n")
