"""Findings as tables for a person."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.figures import Figure, Finding

Last = Mapping[tuple[str, str], tuple[Figure, str]]


def show(console: Console, findings: Sequence[Finding], last: Last, machine: Mapping[str, str]) -> None:
    """Print every finding, what was measured on, and which bars were met or missed."""
    for finding in findings:
        console.print(_table(finding, last))
        for curve in finding.curves:
            exponent = curve.exponent
            if exponent is not None:
                console.print(f"  {curve.name}: {curve.y} ~ {curve.x}^{exponent:.2f}", markup=False)
        for note in finding.notes:
            console.print(f"  {note}", markup=False)
        console.print()
    held = [figure for finding in findings for figure in finding.figures if figure.bar is not None]
    missed = [figure.name for figure in held if not figure.met]
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), markup=False)
    console.print(f"{len(held) - len(missed)} of {len(held)} bars met", markup=False)
    for name in missed:
        console.print(Text(f"MISSED: {name}", style="bold red"))


def _table(finding: Finding, last: Last) -> Table:
    table = Table(title=f"{finding.benchmark}: {finding.title}", title_justify="left")
    for column in ("figure", "median", "least", "most", "unit", "bar", "", "last kept"):
        table.add_column(column, justify="left" if column in ("figure", "unit", "") else "right")
    met: dict[bool | None, str | Text] = {
        None: "",
        True: Text("met", style="green"),
        False: Text("MISSED", style="bold red"),
    }
    for figure in finding.figures:
        table.add_row(
            figure.name,
            shown(figure.median),
            shown(min(figure.values)),
            shown(max(figure.values)),
            figure.unit,
            f"{figure.bar.side.value} {shown(figure.bar.limit)}" if figure.bar else "",
            met[figure.met],
            _change(figure, last.get((finding.benchmark, figure.name))),
        )
    return table


def _change(figure: Figure, before: tuple[Figure, str] | None) -> str:
    if before is None or not before[0].median:
        return ""
    change = figure.median / before[0].median - 1
    return f"{shown(before[0].median)} ({change:+.0%}, {before[1]})"


def shown(value: float) -> str:
    """Three digits that matter, and no more."""
    if value != value or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
