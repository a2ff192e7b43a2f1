"""The real broker and database in a folder that goes with them."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mitodoke_local import Backends, Progress


@contextlib.contextmanager
def real_backends() -> Iterator[Backends]:
    """Kafka and PostgreSQL, running while the context is open."""
    with (
        tempfile.TemporaryDirectory(prefix="mitodoke-", ignore_cleanup_errors=True) as folder,
        Backends.start(Path(folder) / "data", progress=Progress.silent()) as running,
    ):
        yield running
