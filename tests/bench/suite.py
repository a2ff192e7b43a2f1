"""All benchmarks by name."""

from collections.abc import Awaitable, Callable

from bench import judge_cost, projection, recording
from bench.figures import Finding
from bench.plan import Plan
from mitodoke_local import Backends

BENCHMARKS: dict[str, Callable[[Backends, Plan], Awaitable[Finding]]] = {
    "recording": recording.measure,
    "judgement": judge_cost.measure,
    "projection": projection.measure,
}
