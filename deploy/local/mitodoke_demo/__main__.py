"""`python -m mitodoke_demo`: the cases of 2019 and 2022 on a real system, and what it would have told."""

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import stamina.instrumentation
import typer
from rich.console import Console

from mitodoke.client import Connection
from mitodoke_demo.answers import Answers, Lookup, ask_everything, ask_in_short
from mitodoke_demo.case import Case, CaseError, read_case
from mitodoke_demo.replay import Replayed, count_calls, replay
from mitodoke_demo.report import print_in_short, print_next_steps, print_report
from mitodoke_demo.reports import items_of
from mitodoke_local import Backends, Progress, System

CASE = Path(__file__).parents[2] / "demo" / "kanagawa-2019.yaml"
SECOND_CASE = CASE.with_name("amagasaki-2022.yaml")

# Those through which the case goes, and the one that judges it: the others would only take time to start.
SERVICES = ("leasing", "returns", "wipe", "transport", "destruction", "oversight", "projection")

_WIDTH_OF_A_PIPE = 110
_FAILED = 1
_LAST_WORDS = 5.0  # seconds
_WRONG_USAGE = 2


class Steps:
    """Knows which step the demo is at, for the person who has to be told where it failed."""

    def __init__(self) -> None:
        self.now = "beginning"


def demo(
    case_file: Annotated[Path, typer.Option("--case", metavar="FILE", help="The case to replay.")] = CASE,
    running: Annotated[
        Path | None,
        typer.Option("--running", metavar="FILE", help="Only replay it, into the system described in FILE."),
    ] = None,
) -> None:
    """Replay the cases of 2019 and 2022 on a real system, print what that says, and leave nothing running."""
    # Retries would be told on standard output, amid the report.
    stamina.instrumentation.set_on_retry_hooks(())
    try:
        case = read_case(case_file)
        second = read_case(SECOND_CASE) if case_file == CASE and running is None else None
        for happening in (*case.happenings, *(second.happenings if second else ())):
            items_of(happening)  # a mistake is told before anything is started
    except CaseError as error:
        _say(str(error))
        raise typer.Exit(_WRONG_USAGE) from None
    if running is not None:
        load(running, case)
    else:
        show(case, case_file, second)


def load(running: Path, case: Case | None = None) -> None:
    """Replay the case into the system that `running` describes, with a bar; replayed twice, it counts once."""
    replayed = asyncio.run(_replay(running, case or read_case(CASE), Progress.on_terminal()))
    _say(_recorded(replayed))


def show(case: Case, case_file: Path = CASE, second: Case | None = None) -> None:
    """Start a system in a folder of its own, replay, report, and take it down. Raises SystemExit when it fails.

    Of the second case it reports in short.
    """
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _end)
    progress = Progress.on_terminal()
    steps = Steps()
    folder = Path(tempfile.mkdtemp(prefix="mitodoke-demo-"))
    try:
        replayed, answers, in_short = _on_a_system_of_its_own(folder, case, second, progress, steps)
    except KeyboardInterrupt:
        _remove(folder)
        _say("Stopped; nothing is left running")
        sys.exit(128 + signal.SIGINT)
    except Exception as error:
        # Whatever it is, its reader needs the step and the logs, not our call stack.
        _say(f"The demo failed while {steps.now}: {error or type(error).__name__}")
        _say(f"The logs of every process are in {folder / 'system' / 'logs'}")
        sys.exit(_FAILED)
    _remove(folder)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH_OF_A_PIPE)
    print_report(console, case, answers)
    if second is not None:
        print_in_short(console, second, in_short)
    command = _from_here(Path(sys.executable).with_name("mitodoke"))
    print_next_steps(console, case, answers, command=command, case_file=_from_here(case_file))
    console.print(f"\n  {_recorded(replayed)}", style="dim", soft_wrap=True)
    console.print(
        f"  The whole demo took {time.monotonic() - started:.0f} s. Nothing is left running.", style="dim"
    )


def _on_a_system_of_its_own(
    folder: Path, case: Case, second: Case | None, progress: Progress, steps: Steps
) -> tuple[Replayed, Answers, tuple[Lookup, ...]]:
    steps.now = "starting Kafka and PostgreSQL"
    with Backends.start(folder / "system", progress=progress) as backends:
        steps.now = "starting the services"
        with System.start(backends, services=SERVICES, progress=progress) as system:
            steps.now = "replaying the case"
            replayed = asyncio.run(_replay(system.running_file, case, progress))
            steps.now = "asking the system"
            answers = asyncio.run(_ask(system.running_file, case))
            in_short: tuple[Lookup, ...] = ()
            if second is not None:
                steps.now = "replaying the second case"
                asyncio.run(_replay(system.running_file, second, progress))
                in_short = asyncio.run(_ask_in_short(system.running_file, second))
            steps.now = "taking the system down"
    return replayed, answers, in_short


async def _replay(running: Path, case: Case, progress: Progress) -> Replayed:
    with progress.shown(), progress.step("Replaying the case", count_calls(case)) as advance:
        return await replay(running, case, advance=advance)


async def _ask(running: Path, case: Case) -> Answers:
    async with Connection.from_file(path=running) as system:
        return await ask_everything(system.query, case)


async def _ask_in_short(running: Path, case: Case) -> tuple[Lookup, ...]:
    async with Connection.from_file(path=running) as system:
        return await ask_in_short(system.query, case)


def _recorded(replayed: Replayed) -> str:
    return (
        f"{replayed.facts:,} facts were recorded in {replayed.calls} calls in {replayed.recording_took:.1f} s, "
        f"and judged {replayed.judging_took:.1f} s later."
    )


def _remove(folder: Path) -> None:
    """Remove the folder; a process that was only just told to end may still write its last line there."""
    until = time.monotonic() + _LAST_WORDS
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)


def _from_here(path: Path) -> str:
    """The path as one would type it in the working directory."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _say(text: str) -> None:
    Console(stderr=True, highlight=False).print(text, markup=False, soft_wrap=True)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(demo)
