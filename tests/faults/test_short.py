"""A short run of the fault suite: some 2,000 facts, a few faults, nothing lost, double or accused."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from faults.__main__ import SHORT

LIMIT = 540.0
"""Seconds. It takes one minute on a quiet machine; the run itself says sooner than this what it waits for."""

TESTS = Path(__file__).resolve().parents[1]


async def test_a_few_faults_lose_nothing_count_nothing_twice_and_accuse_nobody(tmp_path: Path) -> None:
    # A process of its own, as with `make faults`: it must start PostgreSQL again while it makes calls.
    suite = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "faults", "--short", "--folder", str(tmp_path)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent / "deploy/local", TESTS)))},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    reading = asyncio.ensure_future(suite.communicate())
    await asyncio.wait([reading], timeout=LIMIT)
    if in_time := reading.done():
        assert suite.returncode == 0, reading.result()[0].decode()
    else:
        # As Ctrl-C: it stops what it started.
        suite.send_signal(signal.SIGINT)
        await asyncio.wait([reading], timeout=60)
        if not reading.done():
            suite.kill()
    said, _ = await reading
    assert in_time, f"not within {LIMIT:g} s: {said.decode()}"
    (result,) = json.loads((tmp_path / "faults.json").read_text())["runs"]
    assert result["violations"] == []
    assert result["outcomes"]["ok"] > 1_500
    assert result["outcomes"]["refused"] > 0
    assert result["flags"] > 0
    assert len(result["injected"]) == len(SHORT)
    assert "0 lost, 0 double, 0 false accusations" in (tmp_path / "faults.md").read_text()
