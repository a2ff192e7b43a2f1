"""The progress bar of the command line: only for what lasts, and only where somebody looks."""

import io

import pytest
from rich.console import Console

from mitodoke.cli.progress import PATIENCE_SECONDS, progress


def shown(*told_at: float, terminal: bool = True) -> str:
    """What stands on a terminal when it is told at these seconds how far it has come."""
    seconds = iter((0.0, *told_at))
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100)
    with progress("Trying", console=console, clock=lambda: next(seconds)) as tell:
        for number in range(len(told_at)):
            tell(number + 1, 7)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("told_at", [(), (0.1,), (0.1, PATIENCE_SECONDS - 0.01)])
def test_what_is_soon_done_shows_no_bar(told_at: tuple[float, ...]) -> None:
    assert shown(*told_at) == ""


def test_what_lasts_shows_how_far_it_has_come() -> None:
    bar = shown(0.1, PATIENCE_SECONDS)
    assert "Trying" in bar
    assert "2/7" in bar


def test_where_there_is_no_terminal_nothing_is_drawn() -> None:
    assert shown(0.1, PATIENCE_SECONDS, terminal=False) == ""
