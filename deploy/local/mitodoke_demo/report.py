"""Prints what the system says of the case, as a calm report. Nothing is counted or dated here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp
from rich import box
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2
from mitodoke.lifecycle.kinds import FactKind
from mitodoke_demo.answers import Answers, Lookup, Owing, Trouble
from mitodoke_demo.case import Case, Milestone

_OWED_IN_VAIN = {
    "CertificateAccepted": "without an accepted certificate",
    "DriveDestroyed": "overdue for destruction",
    "DriveReturned": "overdue for return",
}
_SEVERITY = {1: "[cyan]warning[/]", 2: "[yellow]major[/]", 3: "[bold red]critical[/]"}
_RAISED = "raised:"
_MOST_NUMBERS = 54


def print_report(console: Console, case: Case, answers: Answers) -> None:
    """The whole report, in the order of the story."""
    _the_chain(console, case, answers)
    _what_nobody_saw(console, case, answers)
    _the_telephone_rings(console, case, answers)
    _after_the_recoveries(console, case, answers)


def print_in_short(console: Console, case: Case, lookups: Iterable[Lookup]) -> None:
    """Another case: each drive's facts and flags beside one another, by the hour, and what is owed after a loss."""
    for lookup in lookups:
        drive = lookup.drive
        _heading(console, f"Hour by hour: {case.title}, {drive.serial}")
        told = [(_moment(f.occurred_at), 0, f.kind, f.party_id) for f in drive.facts]
        flagged = [
            (_moment(f.raised_at), f.severity, _flagged(f), f.party_id)
            for f in sorted(drive.flags, key=lambda flag: -flag.severity)
        ]
        table = _table("when", "what", "severity", "by")
        for at, severity, what, party in sorted((*told, *flagged), key=lambda row: row[0]):
            table.add_row(
                _minute(at, case.timezone),
                f"[red]⚑ {escape(what)}[/]" if severity else escape(what),
                _SEVERITY[severity] if severity else "",
                escape(party),
            )
        console.print(Padding(table, (0, 2)))
        _the_clock_of_a_loss(console, case, drive.obligations)


def _flagged(flag: flag_pb2.Flag) -> str:
    return f"{flag.kind}: {flag.subject.partition('/')[0]}" if flag.kind == "overdue" else flag.kind


def _the_clock_of_a_loss(console: Console, case: Case, obligations: Iterable[query_pb2.Obligation]) -> None:
    started = [owed for owed in obligations if owed.after == FactKind.DRIVE_LOST]
    if not started:
        return
    evening = case.happenings[-1].at
    console.print(f"\n  The loss started these clocks; so they stood on the evening of {evening:%Y-%m-%d}:\n")
    table = _table("what", "owed by", "due", "state")
    for owed in sorted(started, key=lambda each: each.due_at.ToNanoseconds()):
        table.add_row(
            escape(owed.obligation_id),
            escape(", ".join(owed.owed_by) or owed.owed_by_role),
            _minute(_moment(owed.due_at), case.timezone),
            query_pb2.ObligationState.Name(owed.state)
            .removeprefix("OBLIGATION_STATE_")
            .lower()
            .replace("_", " "),
        )
    console.print(Padding(table, (0, 2)))


def print_next_steps(console: Console, case: Case, answers: Answers, *, command: str, case_file: str) -> None:
    """What to try now. `command` is how the command line is called here, `case_file` where the facts stand."""
    _heading(console, "What to try next")
    steps = [
        ("make up DEMO=1", "the same system with the same case, kept running; then, in another terminal:"),
        (f"{command} drive {case.label.read_out}", "the drive that was read out: expected beside actual"),
        *(
            (f"{command} flags --as-of {_day(evening.at, case.timezone)}", "what stood open on that evening")
            for evening in answers.evenings[-1:]
        ),
        *(
            (f"{command} obligations --as {party} --mine", "what it owes")
            for party in sorted({each.party for each in answers.open_now if each.kind == "overdue"} - {""})
        ),
        (f"{command} contract {case.contract.contract_id}", "who is approved for what"),
        ("the dashboard", "its address is among those that `make up` prints"),
    ]
    grid = Table.grid(padding=(0, 3))
    for what, why in steps:
        grid.add_row(f"[bold]{escape(what)}[/]", escape(why))
    console.print(Padding(grid, (0, 2)))
    console.print(
        f"\n  The facts stand in {case_file}: change them, run `make demo` again, and read on.",
        style="dim",
        soft_wrap=True,
    )


def _the_chain(console: Console, case: Case, answers: Answers) -> None:
    _heading(console, f"The chain, day by day: {case.title}")
    contract = answers.contract
    console.print(
        f"  {escape(contract.title)}: {contract.drives:,} drives of {escape(contract.owner_name)},\n"
        f"  under the policy {escape(contract.policy_id)}, version {contract.policy_version}. "
        f"Days are those of {answers.timeline.timezone}.\n"
    )
    table = _table("day", "what", ("drives", "right"), "by")
    day = ""
    for entry in answers.timeline.entries:
        flagged = entry.what.startswith(_RAISED)
        what = escape(entry.what.removeprefix(_RAISED).replace(" ", ": ", 1))
        table.add_row(
            entry.day if entry.day != day else "",
            f"[red]⚑ {what}[/]" if flagged else what,
            f"{entry.drives:,}",
            escape(entry.party_name or entry.party_id),
        )
        day = entry.day
    console.print(Padding(table, (0, 2)))
    console.print(
        "  ⚑ is a flag that the system raised, on the day from which it would have been seen.", style="dim"
    )


def _what_nobody_saw(console: Console, case: Case, answers: Answers) -> None:
    _heading(console, "What nobody saw then")
    if not answers.owing:
        console.print("  Nothing is overdue.")
        return
    for owing in sorted(answers.owing, key=lambda each: -len(each.serials)):
        console.print(f"  [bold]{_owed_in_vain(owing)}[/] since [bold]{_day(owing.since, case.timezone)}[/]")
        for milestone in case.milestones:
            console.print(f"    {_days_before(owing.since, milestone, case.timezone)}")
    fewest = min(answers.owing, key=lambda each: len(each.serials))
    console.print(f"\n  Those {_in_vain(fewest)}, by their numbers:")
    console.print(Padding(Columns(fewest.serials[:_MOST_NUMBERS], padding=(0, 3), equal=True), (0, 4)))
    if len(fewest.serials) > _MOST_NUMBERS:
        console.print(f"    and {len(fewest.serials) - _MOST_NUMBERS:,} more")
    earlier, later = answers.evenings
    first, second = (_day(each.at, case.timezone) for each in (earlier, later))
    console.print(f"\n  What stood open on the evening of {first}, and on that of {second}:\n")
    table = _table("severity", "flag", "party", (first, "right"), (second, "right"))
    for trouble in _gravest_first({*earlier.troubles, *later.troubles}):
        table.add_row(
            _SEVERITY[trouble.severity],
            _named(trouble),
            escape(trouble.party),
            f"{earlier.troubles[trouble]:,}",
            f"{later.troubles[trouble]:,}",
        )
    console.print(Padding(table, (0, 2)))


def _the_telephone_rings(console: Console, case: Case, answers: Answers) -> None:
    label = case.label
    at = label.milestone.at
    _heading(console, f"{at:%Y-%m-%d %H:%M}: {label.milestone.name}")
    before, after = answers.before, answers.after
    drive = before.drive
    console.print(
        f"  The number is read out: [bold]{escape(label.read_out)}[/]    answered in {before.took * 1000:.0f} ms\n"
    )
    grid = Table.grid(padding=(0, 2))
    grid.add_row("drive", f"[bold]{escape(drive.serial)}[/]")
    grid.add_row("owner", escape(drive.owner_name))
    grid.add_row("contract", escape(drive.contract_id))
    held = drive.holder_name or drive.holder_party_id or "nobody says"
    if drive.HasField("holder_since"):
        held += f", since {_day(_moment(drive.holder_since), case.timezone)}"
    grid.add_row("last holder", escape(held))
    grid.add_row("destroyed", "yes" if drive.destroyed else "no: nobody has said so")
    console.print(Padding(grid, (0, 2)))
    console.print(f"\n  Its open flags, before a word more was said ({len(before.open_flags)}):\n")
    _flags(console, before.open_flags, case.timezone)
    known = {flag.flag_id for flag in before.drive.flags}
    new = [flag for flag in after.open_flags if flag.flag_id not in known]
    console.print(f"\n  And with what was reported that day, of {answers.seen:,} drives:\n")
    _flags(console, new, case.timezone)


def _after_the_recoveries(console: Console, case: Case, answers: Answers) -> None:
    last = answers.timeline.entries[-1].day if answers.timeline.entries else ""
    _heading(console, f"After {last}")
    recovered = sum(entry.drives for entry in answers.timeline.entries if entry.what == "DriveRecovered")
    console.print(f"  {recovered:,} recoveries are reported. A recovery closes nothing by itself:\n")
    for owing in answers.owing:
        console.print(
            f"  still {_owed_in_vain(owing)} since {_day(owing.since, case.timezone)}", style="bold"
        )
    console.print("\n  All that stands open:\n")
    table = _table("severity", "flag", "party", ("drives", "right"), "first raised")
    for trouble in _gravest_first(answers.open_now):
        table.add_row(
            _SEVERITY[trouble.severity],
            _named(trouble),
            escape(trouble.party),
            f"{answers.open_now[trouble]:,}",
            _day(answers.first_raised[trouble], case.timezone),
        )
    console.print(Padding(table, (0, 2)))


def _flags(console: Console, flags: Iterable[flag_pb2.Flag], zone: ZoneInfo) -> None:
    table = _table("severity", "flag", "since", "what is wrong")
    for flag in flags:
        named = f"{flag.kind}: {flag.subject}" if flag.kind == "overdue" else flag.kind
        table.add_row(
            _SEVERITY[flag.severity],
            escape(named),
            _day(_moment(flag.raised_at), zone),
            escape(flag.message),
        )
    console.print(Padding(table, (0, 2)))


def _owed_in_vain(owing: Owing) -> str:
    count = len(owing.serials)
    return f"{count:,} drive{'' if count == 1 else 's'} {_in_vain(owing)}"


def _in_vain(owing: Owing) -> str:
    return _OWED_IN_VAIN.get(owing.expect, f"without {owing.expect}")


def _days_before(since: datetime, milestone: Milestone, zone: ZoneInfo) -> str:
    days = (milestone.at.astimezone(zone).date() - since.astimezone(zone).date()).days
    when = f"{abs(days):,} days {'before' if days >= 0 else 'after'}"
    return f"[bold]{when}[/] {escape(milestone.name)} of {milestone.at:%Y-%m-%d}"


def _gravest_first(troubles: Iterable[Trouble]) -> list[Trouble]:
    return sorted(troubles, key=lambda each: (-each.severity, each.kind, each.subject, each.party))


def _named(trouble: Trouble) -> str:
    return escape(f"{trouble.kind}: {trouble.subject}" if trouble.subject else trouble.kind)


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"


def _minute(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _moment(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(tzinfo=UTC)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.rule(f"[bold]{escape(text)}[/]", align="left", style="dim")
    console.print()


def _table(*columns: str | tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for column in columns:
        if isinstance(column, str):
            table.add_column(column, overflow="fold")
        else:
            table.add_column(column[0], justify="right")
    return table
