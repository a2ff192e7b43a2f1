"""A flame graph: which calls, below which, a process was seen in how often (Gregg, The Flame Graph, ACM Queue 2016).

Each frame is as wide as the share of samples in which it was seen; who called it stands above it. The graph that py-spy
draws itself carries another project's script, and shows no names without it; this one is plain SVG, with the whole name
and the share in the tooltip of each frame.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from typing import Final

_WIDTH: Final = 1200
_HEIGHT: Final = 16
_TOP: Final = 30
_LETTER: Final = 6.4
_LEAST_SHARE: Final = 0.002
_COLOURS: Final = ("#f4a259", "#f6b26b", "#e8956b", "#f2c078")


@dataclass(slots=True)
class Frame:
    """A call, how often it was seen, and what it called."""

    name: str
    samples: int = 0
    calls: dict[str, "Frame"] = field(default_factory=dict)

    def seen(self, stack: Iterable[str], samples: int) -> None:
        """Take in a stack, its outermost call first, that was seen so often."""
        frame = self
        frame.samples += samples
        for name in stack:
            frame = frame.calls.setdefault(name, Frame(name))
            frame.samples += samples


def read_stacks(text: str) -> Frame:
    """The frames of collapsed stacks: lines of calls with semicolons between them, and how often they were seen.

    Lines of a function count as one. Raises ValueError for a line that is none.
    """
    root = Frame("all")
    for line in text.splitlines():
        stack, _, samples = line.rpartition(" ")
        root.seen((_function(call) for call in stack.split(";")), int(samples))
    return root


def _function(call: str) -> str:
    name, colon, line = call.rpartition(":")
    return f"{name})" if colon and line.rstrip(")").isdigit() else call


def flame_chart(title: str, root: Frame) -> str:
    """The frames as SVG; those seen in less than two of a thousand samples are left out."""
    parts: list[str] = []
    deepest = _draw(parts, root, root.samples, 0.0, 0)
    height = _TOP + _HEIGHT * (deepest + 1) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'font-family="ui-monospace, monospace" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="10" y="20" font-size="13">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def _draw(parts: list[str], frame: Frame, of: int, x: float, depth: int) -> int:
    width = _WIDTH * frame.samples / of
    y = _TOP + _HEIGHT * depth
    letters = int((width - 4) / _LETTER)
    label = (
        frame.name if len(frame.name) <= letters else f"{frame.name[: letters - 1]}…" if letters > 3 else ""
    )
    parts.append(
        f'<g><title>{escape(frame.name)}: {frame.samples / of:.1%}</title><rect x="{x:.1f}" y="{y}" '
        f'width="{max(0.3, width - 0.5):.1f}" height="{_HEIGHT - 1}" '
        f'fill="{_COLOURS[sum(frame.name.encode()) % len(_COLOURS)]}"/>'
        f'<text x="{x + 3:.1f}" y="{y + 11}">{escape(label)}</text></g>'
    )
    deepest = depth
    for call in sorted(frame.calls.values(), key=lambda each: each.name):
        if call.samples >= of * _LEAST_SHARE:
            deepest = max(deepest, _draw(parts, call, of, x, depth + 1))
        x += _WIDTH * call.samples / of
    return deepest
