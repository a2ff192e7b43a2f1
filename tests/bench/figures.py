"""What a benchmark found: figures with their spread and bar, curves, and counts that prove that it measured."""

import math
import statistics
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

MISCOUNTED: Final = "counted {found:,} {what}, where {expected:,} were made: this run measured nothing"


class Side(Enum):
    """On which side of its limit a figure is to be."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure is held to."""

    side: Side
    limit: float

    def met(self, value: float) -> bool:
        """Whether a value is on the right side; what is no number is on neither."""
        return value >= self.limit if self.side is Side.AT_LEAST else value <= self.limit


def at_least(limit: float) -> Bar:
    """The bar of a figure that is to be high."""
    return Bar(Side.AT_LEAST, limit)


def at_most(limit: float) -> Bar:
    """The bar of a figure that is to be low."""
    return Bar(Side.AT_MOST, limit)


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured, once for each repeat. It is held to its bar by the median."""

    name: str
    unit: str
    values: tuple[float, ...]
    bar: Bar | None = None

    @property
    def median(self) -> float:
        """The middle of the repeats."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without one."""
        return None if self.bar is None else self.bar.met(self.median)


def ratio(name: str, of: Figure, to: Figure, bar: Bar | None = None) -> Figure:
    """One figure as a part of another, repeat by repeat: both were measured in the same run."""
    values = tuple(one / other for one, other in zip(of.values, to.values, strict=True))
    return Figure(name, "×", values, bar)


@dataclass(frozen=True, slots=True)
class Count:
    """Something that was counted where the system keeps it, beside how much of it was made."""

    what: str
    found: int
    expected: int


@dataclass(frozen=True, slots=True)
class Curve:
    """How a figure goes with another, such as a time with a number of drives."""

    name: str
    x: str
    y: str
    points: tuple[tuple[float, float], ...]
    logarithmic: bool = True

    @property
    def exponent(self) -> float | None:
        """The k of y ~ x^k by least squares; None where the points are too few, or not of a logarithmic curve."""
        if not self.logarithmic or len(self.points) < 2:
            return None
        logs = [(math.log(x), math.log(y)) for x, y in self.points]
        mean_x = statistics.fmean(x for x, _ in logs)
        mean_y = statistics.fmean(y for _, y in logs)
        spread = sum((x - mean_x) ** 2 for x, _ in logs)
        return sum((x - mean_x) * (y - mean_y) for x, y in logs) / spread if spread else None


@dataclass(frozen=True, slots=True)
class Finding:
    """All that one benchmark found."""

    benchmark: str
    title: str
    figures: tuple[Figure, ...]
    counts: tuple[Count, ...] = ()
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def miscounted(self) -> list[str]:
        """A sentence for each count that is not what was made."""
        return [
            MISCOUNTED.format(what=each.what, found=each.found, expected=each.expected)
            for each in self.counts
            if each.found != each.expected
        ]


def percentile(values: list[float], share: float) -> float:
    """The smallest of the values that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
