"""The whole system, every service a process of its own, and the case of 2019 replayed on it: once for all tests."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mitodoke_demo.__main__ import CASE, SERVICES
from mitodoke_demo.case import read_case
from mitodoke_local import Backends, System
from replayed_case import Told, tell


@pytest.fixture(scope="session")
def system(backends: Backends) -> Iterator[System]:
    with (
        tempfile.TemporaryDirectory(prefix="mitodoke-e2e-", ignore_cleanup_errors=True) as folder,
        System.start(
            backends,
            services=SERVICES,
            database=backends.database.create_database("e2e"),
            topic_namespace="e2e",
            folder=Path(folder),
        ) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def kanagawa(system: System) -> Told:
    return tell(system.running_file, read_case(CASE))
