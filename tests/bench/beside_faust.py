"""The projection beside the same judgement in a Faust agent that keeps each drive's record in a table."""

from bench import faust_projection
from bench.chains import facts_of, lots, reports
from bench.corner import corner
from bench.figures import Count, Figure, Finding, at_least, ratio
from bench.plan import Plan
from bench.projection import SEED, projected, tell_log
from mitodoke_local import Backends

DRIVES = 2_000


async def measure(backends: Backends, plan: Plan) -> Finding:
    """Both read the same log, one after the other, and must find as many flags and obligations."""
    ours: list[float] = []
    faust: list[float] = []
    counts: list[Count] = []
    drives = 60 if plan.quick else DRIVES
    made = list(lots(SEED, drives))
    facts = facts_of(made)
    for _ in plan.repeated("faust"):
        async with corner(backends) as place:
            await tell_log(place, reports(made))
            done = await faust_projection.ordered(place, facts, limit=120 if plan.quick else 900)
            faust.append(facts / done.seconds)
            seconds, _ = await projected(place, facts, 1)
            ours.append(facts / seconds)
            async with place.connected() as connection:
                flags = await connection.fetchval("select count(*) from flag")
                owed = await connection.fetchval("select count(*) from obligation")
            counts.append(Count("flags by the agent", done.flags, flags))
            counts.append(Count("obligations by the agent", done.obligations, owed))
    our_figure = Figure("the projection, one worker", "facts/s", tuple(ours))
    faust_figure = Figure("a Faust agent, which writes no tables of PostgreSQL", "facts/s", tuple(faust))
    return Finding(
        "faust",
        "the same judgement",
        (our_figure, faust_figure, ratio("the projection, of Faust", our_figure, faust_figure, at_least(5))),
        tuple(counts),
    )
