"""What follows from several facts when each is known at another time: since when it was so, and until when."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from mitodoke.lifecycle.facts import Fact

F = TypeVar("F", bound=Fact)

Span: TypeAlias = tuple[datetime, datetime | None]
"""From a moment until before another; None while it lasts."""


def latest_before(facts: Sequence[F], moment: datetime, since: datetime) -> Iterator[tuple[F, Span]]:
    """Which of the facts was the latest to have happened by `moment`, and in which span of time, from `since` on,
    it was known as that: the one that is so now comes first.

    `facts` stand in order of occurrence. A fact told late takes the place of the one before it from then on.
    """
    until: datetime | None = None
    for position in range(bisect_right(facts, moment, key=_occurred_at) - 1, -1, -1):
        fact = facts[position]
        start = max(fact.known_at, since)
        if until is None or start < until:
            yield fact, (start, until)
            until = start
        if start == since:
            return


def _occurred_at(fact: Fact) -> datetime:
    return fact.occurred_at


def cut(spans: Iterable[Span], at: datetime | None) -> list[Span]:
    """The spans as far as they lie before a moment; all of them when there is none."""
    if at is None:
        return list(spans)
    return [(start, at if end is None else min(end, at)) for start, end in spans if start < at]


def from_first_to_last(spans: Iterable[Span]) -> Span | None:
    """From the first moment of all the spans to the end of the last one; None when there is no span."""
    held = list(spans)
    if not held:
        return None
    ends = [end for _, end in held if end is not None]
    return min(start for start, _ in held), max(ends) if len(ends) == len(held) else None
