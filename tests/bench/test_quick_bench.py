"""Every benchmark runs and counts right. How fast it was is not asked here."""

import math

import pytest

from bench.plan import QUICK
from bench.suite import BENCHMARKS
from mitodoke_local import Backends


@pytest.mark.parametrize("name", BENCHMARKS)
async def test_the_benchmark_runs_and_what_it_counts_is_what_was_made(name: str, backends: Backends) -> None:
    finding = await BENCHMARKS[name](backends, QUICK)
    assert finding.benchmark == name
    assert finding.miscounted() == []
    assert all(count.expected > 0 for count in finding.counts)
    assert finding.figures
    for figure in finding.figures:
        assert figure.values, figure.name
        assert all(math.isfinite(value) and value >= 0 for value in figure.values), figure.name
    assert any(figure.bar is not None for figure in finding.figures)
