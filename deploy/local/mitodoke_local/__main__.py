"""`python -m mitodoke_local`: the whole system on this machine."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from mitodoke.eventlog.topics import TopicError
from mitodoke.readmodel.migrations import MigrationError
from mitodoke_local import jars
from mitodoke_local.backends import Backends
from mitodoke_local.errors import RunnerError
from mitodoke_local.progress import Progress
from mitodoke_local.system import SERVICES, WITH_PAGES, System

_UNEXPECTED_END = 3
_LOOK_EVERY = 0.3  # seconds; children that die are noticed within this

# Replays the demo's case into the system whose running.json is named after it.
DEMO_COMMAND = (sys.executable, "-m", "mitodoke_demo", "--running")

app = typer.Typer(
    help="Run all of Mitodoke on this machine: PostgreSQL, Kafka and every service, with no other set-up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they would show passwords
)


class Stopped(BaseException):
    """A signal asked the runner to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@app.command()
def up(
    data: Annotated[
        Path, typer.Option(help="Where data and logs are kept, from one start to the next.")
    ] = Path(".mitodoke"),
    with_demo: Annotated[bool, typer.Option("--with-demo", help="Replay the demo's case into it.")] = False,
    only: Annotated[
        str, typer.Option(help="Start only these services, separated by commas; 'none' for backends alone.")
    ] = ",".join(SERVICES),
) -> None:
    """Start everything, say where it listens, and keep it running until Ctrl-C."""
    services = [] if only == "none" else [name for name in only.split(",") if name]
    if unknown := set(services) - set(SERVICES):
        raise typer.BadParameter(
            f"no such service: {', '.join(sorted(unknown))}. There are: {', '.join(SERVICES)}"
        )
    progress = Progress.on_terminal()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    # A shell that starts a command in the background lets it ignore Ctrl-C; here that would leave everything running.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            Backends.start(data, progress=progress) as backends,
            System.start(backends, services=services, progress=progress) as system,
        ):
            if with_demo:
                subprocess.run([*DEMO_COMMAND, str(system.running_file)], check=True)
            _show(system, services)
            _keep_running(backends)
    except KeyboardInterrupt:
        progress.say("Stopped")
        raise typer.Exit(128 + signal.SIGINT) from None
    except Stopped as stopped:
        progress.say(f"Stopped by {signal.Signals(stopped.number).name}")
        raise typer.Exit(128 + stopped.number) from None
    except subprocess.CalledProcessError as error:
        _fail(f"The demo ended with {error.returncode}; what it said stands above.")


@app.command()
def fetch(
    again: Annotated[
        bool, typer.Option("--again", help="Throw away what the cache holds and fetch it anew.")
    ] = False,
) -> None:
    """Fetch Kafka's jars into the cache (MITODOKE_CACHE names another folder) and check their sums."""
    progress = Progress.on_terminal()
    jars.fetch(progress, again=again)
    progress.say(f"{len(jars.class_path(progress))} jars are there, each with the sum that kafka.lock names")


@app.command()
def lock_jars() -> None:
    """Resolve Kafka's jars anew and rewrite kafka.lock with their sums; for who raises Kafka's version."""
    written = jars.write_lock(Progress.on_terminal())
    typer.echo(f"{len(written)} jars locked in {jars.LOCK_FILE}")


def main() -> None:
    """Run the command line; an error of ours is told in words, without a traceback."""
    try:
        app()
    except (RunnerError, TopicError, MigrationError) as error:
        _fail(str(error))


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    # Once only: what comes after must not interrupt the stopping.
    for again in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)
    raise Stopped(number)


def _keep_running(backends: Backends) -> NoReturn:
    while True:
        backends.children.check()
        time.sleep(_LOOK_EVERY)


def _show(system: System, services: Sequence[str]) -> None:
    console = Console()
    table = Table(title="Mitodoke is running", title_justify="left")
    table.add_column("what")
    table.add_column("where", overflow="fold")
    table.add_column("pages")
    table.add_row("Kafka", system.backends.kafka, "")
    table.add_row("PostgreSQL", system.database.rpartition("@")[2], "")
    for name in services:
        table.add_row(name, system.address(name), system.page(name) if name in WITH_PAGES else "")
    console.print(table)
    console.print(f"Logs: {system.folder / 'logs'}", soft_wrap=True)
    if "dashboard" in services:
        console.print(f"Open the dashboard:        {system.page('dashboard')}", soft_wrap=True)
    if "projection" in services:
        console.print("In another terminal, try:  .venv/bin/mitodoke flags      what nobody has seen to yet")
        console.print(
            "                           .venv/bin/mitodoke drive …    one drive's history, expected and actual"
        )
        console.print("                           .venv/bin/mitodoke status     lag, freshness and counts")
    console.print(
        f"Addresses, database password and development secret: {system.running_file}", soft_wrap=True
    )
    console.print("Ctrl-C stops all of it; the data stay.")


def _fail(message: str) -> NoReturn:
    Console(stderr=True, highlight=False).print("[bold red]Error:[/] ", end="")
    Console(stderr=True, highlight=False).print(message, markup=False, soft_wrap=True)
    sys.exit(_UNEXPECTED_END)


if __name__ == "__main__":
    main()
