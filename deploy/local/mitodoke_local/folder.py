"""The data folder of one runner: its layout, and the lock that keeps it to one runner at a time."""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mitodoke_local.errors import FolderInUseError, RunnerError
from mitodoke_local.waiting import until

# A killed runner's guardian gives the database ten seconds, then six, then ends it.
_CHILDREN_END_WITHIN = 30.0


class DataFolder:
    """One runner's data, logs and passwords, held by a file lock until every child of that runner is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock: int | None = None

    @property
    def logs(self) -> Path:
        """Where every child writes its log."""
        return self.path / "logs"

    @property
    def running_file(self) -> Path:
        """Where the addresses of a running system stand."""
        return self.path / "running.json"

    @property
    def lock(self) -> int:
        """The descriptor that holds the folder; the guardian keeps a copy until it has ended the children."""
        if self._lock is None:
            raise RuntimeError(f"{self.path} is not held")
        return self._lock

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, and give it back on leaving."""
        self.hold()
        try:
            yield
        finally:
            self.let_go()

    def hold(self) -> None:
        """Make the folder and take it for this process.

        A lock left by a runner that was killed goes as soon as its children have been ended, so that is waited for.

        Raises FolderInUseError, naming the holder, when another runner lives in it.
        """
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise RunnerError(
                f"The data folder cannot be made or written: {error}. Name another one with --data."
            ) from error
        try:
            until(lambda: _locked(descriptor) or self._holder_lives(), limit=_CHILDREN_END_WITHIN)
            if not _locked(descriptor):
                raise FolderInUseError(
                    f"{self.path} is in use by {self._holder()}. "
                    "Stop that one first, or name another folder with --data."
                )
        except BaseException:
            os.close(descriptor)
            raise
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        self._lock = descriptor

    def let_go(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _holder(self) -> str:
        holder = self._read_lock()
        if not holder:
            return "another runner"
        return f"the runner with process id {holder.get('pid')} on {holder.get('host')}, since {holder.get('since')}"

    def _holder_lives(self) -> bool:
        pid = self._read_lock().get("pid")
        if not isinstance(pid, int):
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _read_lock(self) -> dict[str, object]:
        try:
            found = json.loads((self.path / "lock").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
