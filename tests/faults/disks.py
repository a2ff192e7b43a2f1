"""Small disks under broker and database, which can be filled to the last byte."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from faults.network import KAFKA, POSTGRESQL
from mitodoke_local import Backends, Progress

SIZES: Final = {KAFKA: "1g", POSTGRESQL: "3g"}
_FOLDERS: Final = {KAFKA: "kafka", POSTGRESQL: "postgres"}
_BALLAST: Final = "ballast"
_OF_ITS_OWN: Final = "MITODOKE_FAULTS_MOUNTS"


def can_be_filled() -> bool:
    """Whether this process may mount disks of its own: nobody else's mounts are touched, and none is left behind."""
    return os.environ.get(_OF_ITS_OWN) == "own"


def with_mounts_of_its_own() -> None:
    """Start this program anew where its mounts are its own and end with it, if the system lets us."""
    if not can_be_filled() and os.geteuid() == 0 and (unshare := shutil.which("unshare")) is not None:
        of_its_own = [unshare, "--mount", "--propagation", "private"]
        if subprocess.run([*of_its_own, "true"], capture_output=True, check=False).returncode == 0:
            os.environ[_OF_ITS_OWN] = "own"
            os.execv(unshare, [*of_its_own, sys.executable, *sys.orig_argv[1:]])


@dataclass(frozen=True)
class Disks:
    """Each with one folder on it."""

    folders: Mapping[str, Path]

    def fill(self, what: str) -> None:
        """Leave no byte free."""
        place, size = self.folders[what] / _BALLAST, 0
        with place.open("wb") as ballast:
            # In pieces, since whoever lives there takes of it at the same time.
            for piece in (2**24, 2**20, 2**12):
                with suppress(OSError):
                    while True:
                        os.posix_fallocate(ballast.fileno(), size, piece)
                        size += piece

    def clear(self, what: str) -> None:
        """Give back what was filled."""
        (self.folders[what] / _BALLAST).unlink(missing_ok=True)


@contextmanager
def backends_on_small_disks() -> Iterator[tuple[Backends, Disks]]:
    """Kafka and PostgreSQL on a disk each, running while the context is open."""
    with (
        tempfile.TemporaryDirectory(prefix="mitodoke-", ignore_cleanup_errors=True) as folder,
        ExitStack() as mounts,
    ):
        disks = Disks({what: Path(folder) / "data" / name for what, name in _FOLDERS.items()})
        for what, place in disks.folders.items():
            place.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZES[what]}", "tmpfs", place], check=True)
            mounts.callback(partial(subprocess.run, ["umount", "--lazy", place], check=False))
        with Backends.start(Path(folder) / "data", progress=Progress.silent()) as running:
            yield running, disks
