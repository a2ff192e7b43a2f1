"""The soak runs, counts right, and can tell what grows. How much memory anything takes is not asked here."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mitodoke_local import Backends
from soak.__main__ import QUICK, answer, soak, write
from soak.memory import MIB, Memory


async def test_it_runs_and_what_was_answered_is_what_stands_in_the_tables(
    backends: Backends, tmp_path: Path
) -> None:
    soaked = await soak(backends, QUICK, tmp_path)
    assert soaked.wrong == []
    assert soaked.answered >= 5 * QUICK.callers * QUICK.items
    assert soaked.drives * 5 == soaked.in_tables
    assert {memory.name for memory in soaked.memories if memory.must_be_flat} >= {
        "leasing",
        "projection",
        "live",
    }
    assert all(size > MIB for memory in soaked.memories for _, size in memory.samples)
    page, figures, chart = write(soaked, tmp_path / "results")
    assert f"{soaked.answered:,} facts" in page.read_text()
    assert len(json.loads(figures.read_text())["memory"]) == len(soaked.memories)
    assert chart.read_text().startswith("<svg")
    assert replace(soaked, in_tables=soaked.in_tables - 1).wrong != []


def test_a_line_that_something_else_printed_costs_no_soak_and_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert answer("2026-11-26 14:21:07 [warning] something\n8382500\n") == 8_382_500
    assert "The load said: 2026-11-26 14:21:07 [warning] something" in capsys.readouterr().err


def _memory(sizes: list[float]) -> Memory:
    """A process looked at every ten seconds; sizes in MiB."""
    return Memory("leasing", True, [(10.0 * n, round(size * MIB)) for n, size in enumerate(sizes)])


def test_what_rises_only_while_it_warms_up_is_flat() -> None:
    assert _memory([50 + min(n, 50) for n in range(180)]).flat


def test_what_goes_up_and_down_is_flat() -> None:
    assert _memory([100 + n % 7 for n in range(180)]).flat


def test_what_goes_on_rising_is_not() -> None:
    grows = _memory([100 + 0.2 * n for n in range(180)])
    assert not grows.flat
    assert round(grows.growth_an_hour / MIB) == 72
