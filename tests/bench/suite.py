"""All benchmarks by name."""

from collections.abc import Callable, Coroutine
from typing import Any

from bench import (
    beside_faust,
    breaches,
    judge_cost,
    projection,
    queries,
    rebuilding,
    recording,
    starting,
    visibility,
)
from bench.figures import Finding
from bench.plan import Plan
from mitodoke_local import Backends

BENCHMARKS: dict[str, Callable[[Backends, Plan], Coroutine[Any, Any, Finding]]] = {
    "recording": recording.measure,
    "judgement": judge_cost.measure,
    "projection": projection.measure,
    "faust": beside_faust.measure,
    "visibility": visibility.measure,
    "rebuilding": rebuilding.measure,
    "breaches": breaches.measure,
    "queries": queries.measure,
    "starting": starting.measure,
}
