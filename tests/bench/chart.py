"""Findings as SVG: figures beside their bars, and curves. Plain text, so that a change of it can be read."""

import math
from collections.abc import Sequence
from html import escape

from bench.figures import Curve, Figure, Finding, Side
from bench.table import shown

_WIDTH = 760
_FONT = 'font-family="system-ui, sans-serif" font-size="12"'
_MET, _MISSED, _LINE, _GREY = "#1a7f4b", "#b3261e", "#245ea8", "#8a8f98"
_COLOURS = (_LINE, "#b3261e", "#1a7f4b", "#8250df", "#9a6700", "#57606a")


def bars_chart(findings: Sequence[Finding]) -> str:
    """Every figure that has a bar, as a multiple of it, so that all that is right of the line is met."""
    held = [(finding, figure) for finding in findings for figure in finding.figures if figure.bar is not None]
    height = 60 + 26 * len(held)
    left, right = 330, _WIDTH - 90
    parts = []
    for number, (finding, figure) in enumerate(held):
        y = 44 + 26 * number
        share = reached(figure)
        # A decade on either side of the bar; what is beyond stands at the edge.
        x = left + (right - left) * (min(1.0, max(-1.0, math.log10(share))) + 1) / 2 if share > 0 else left
        colour = _MET if figure.met else _MISSED
        parts += [
            _text(left - 8, y + 12, f"{finding.benchmark}: {figure.name}", "end"),
            f'<rect x="{left}" y="{y}" width="{max(1.0, x - left):.1f}" height="16" fill="{colour}"/>',
            _text(right + 6, y + 12, f"{shown(figure.median)} {figure.unit}"),
        ]
    middle = (left + right) / 2
    parts.append(
        f'<line x1="{middle}" y1="34" x2="{middle}" y2="{height - 10}" stroke="#000" stroke-dasharray="4 3"/>'
    )
    for at, label in ((left, "a tenth of the bar"), (middle, "the bar"), (right, "ten times better")):
        parts.append(_text(at, 26, label, "middle"))
    missed = sum(not figure.met for _, figure in held)
    return _svg(height, f"{len(held) - missed} of {len(held)} bars met", parts)


def reached(figure: Figure) -> float:
    """How far a figure is in the direction of its bar: 1 is just met, 2 twice as good."""
    assert figure.bar is not None
    if figure.bar.side is Side.AT_LEAST:
        return figure.median / figure.bar.limit
    return figure.bar.limit / figure.median if figure.median else math.inf


def curves_chart(title: str, curves: Sequence[Curve]) -> str:
    """Curves that share their axes. Logarithmic if they are, with each one's exponent."""
    logarithmic = all(curve.logarithmic for curve in curves)
    points = [point for curve in curves for point in curve.points]
    scale_x = _scale([x for x, _ in points], 80, _WIDTH - 30, logarithmic)
    scale_y = _scale([y for _, y in points] + ([] if logarithmic else [0.0]), 300, 40, logarithmic)
    parts = []
    for axis, ticks in (("x", scale_x.ticks), ("y", scale_y.ticks)):
        for tick in ticks:
            if axis == "x":
                at = scale_x(tick)
                parts.append(f'<line x1="{at:.1f}" y1="40" x2="{at:.1f}" y2="300" stroke="#ddd"/>')
                parts.append(_text(at, 316, shown(tick), "middle"))
            else:
                at = scale_y(tick)
                parts.append(f'<line x1="80" y1="{at:.1f}" x2="{_WIDTH - 30}" y2="{at:.1f}" stroke="#ddd"/>')
                parts.append(_text(74, at + 4, shown(tick), "end"))
    parts.append(_text((80 + _WIDTH - 30) / 2, 334, curves[0].x, "middle"))
    parts.append(_text(80, 32, curves[0].y))
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{scale_x(x):.1f},{scale_y(y):.1f}" for x, y in sorted(curve.points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(curve.points) <= 30:
            parts += [
                f'<circle cx="{scale_x(x):.1f}" cy="{scale_y(y):.1f}" r="3" fill="{colour}"/>'
                for x, y in curve.points
            ]
        exponent = curve.exponent
        label = curve.name + (f"  (exponent {exponent:.2f})" if exponent is not None else "")
        y = 356 + 18 * number
        parts.append(f'<rect x="80" y="{y - 9}" width="12" height="4" fill="{colour}"/>')
        parts.append(_text(98, y - 2, label))
    return _svg(362 + 18 * len(curves), title, parts)


class _scale:
    """From values to places on the page."""

    def __init__(self, values: Sequence[float], first: float, last: float, logarithmic: bool) -> None:
        self._log = logarithmic
        low, high = min(values), max(values)
        if logarithmic:
            low, high = 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high))
            high = high if high > low else low * 10
            decades = round(math.log10(high / low))
            self.ticks = [low * 10**n for n in range(decades + 1)]
        else:
            high = high if high > low else low + 1
            self.ticks = [low + (high - low) * n / 4 for n in range(5)]
        self._low, self._span = self._of(low), self._of(high) - self._of(low)
        self._first, self._length = first, last - first

    def _of(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def __call__(self, value: float) -> float:
        return self._first + self._length * (self._of(value) - self._low) / self._span


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" {_FONT}>',
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )
