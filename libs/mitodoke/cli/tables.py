"""Answers as people read them: colours and rules on a terminal, plain aligned columns in a pipe."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mitodoke.cli.answer_json import word
from mitodoke.cli.moments import days_between, shown, time_of
from mitodoke.cli.rules import Described
from mitodoke.contracts.custody.v1 import flag_pb2, query_pb2

_WIDE: Final = 400
"""In a pipe nobody wants a line broken to fit a terminal that is not there."""

_STYLE: Final = {"critical": "bold red", "major": "yellow", "warning": "cyan", "overdue": "bold red"}
_SEVERITY: Final = flag_pb2.Severity.DESCRIPTOR
_FLAG_STATE: Final = flag_pb2.FlagState.DESCRIPTOR
_OBLIGATION_STATE: Final = query_pb2.ObligationState.DESCRIPTOR


def flags(answer: query_pb2.ListFlagsResponse, zone: ZoneInfo, as_of: datetime | None) -> None:
    """A line for each flag, then how many there are."""
    console = _console()
    if not answer.total:
        console.print(f"No flag{_then(as_of, zone)}.")
        _freshness(console, answer.freshness, zone)
        return
    if answer.flags:
        _flag_table(console, answer.flags, zone, serials=True, states=as_of is None)
    by_kind = Counter(_what(flag) for flag in answer.flags)
    more = f", of which {len(answer.flags):,} are shown: --limit shows more" if answer.next_page_token else ""
    console.print(f"{_total(answer)} flag{_s(answer.total)}{_then(as_of, zone)}{more}.")
    if len(by_kind) > 1:
        console.print(
            "Shown: " + ", ".join(f"{count:,} {escape(what)}" for what, count in by_kind.most_common())
        )
    _freshness(console, answer.freshness, zone)


def obligations(answer: query_pb2.ListObligationsResponse, zone: ZoneInfo, as_of: datetime | None) -> None:
    """A line for each obligation, then how many there are."""
    console = _console()
    if answer.obligations:
        table = _table("serial", "state", "expected", "owed by", f"due ({_zone_name(zone)})", "contract")
        for each in answer.obligations:
            state = _state_then(each, as_of)
            table.add_row(
                each.serial,
                _styled(state),
                escape(_expected(each)),
                escape(_who(each)),
                shown(time_of(each.due_at), zone),
                escape(each.contract_id),
            )
        console.print(table)
    more = (
        f", of which {len(answer.obligations):,} are shown: --limit shows more"
        if answer.next_page_token
        else ""
    )
    console.print(f"{_total(answer)} obligation{_s(answer.total)}{_then(as_of, zone)}{more}.")
    _freshness(console, answer.freshness, zone)


def _total(answer: query_pb2.ListFlagsResponse | query_pb2.ListObligationsResponse) -> str:
    return f"{'More than ' if answer.more_than_total else ''}{answer.total:,}"


def drive(
    answer: query_pb2.GetDriveResponse, zone: ZoneInfo, as_of: datetime | None, *, now: datetime
) -> None:
    """Whose it is and who has it; what happened; what was expected beside it; its flags."""
    console = _console()
    it = answer.drive
    console.print(f"[bold]Drive {escape(it.serial)}[/bold]{_then(as_of, zone)}")
    if it.parked:
        console.print(
            "[bold red]An event of it waits in quarantine: what is said here may be wrong. "
            "`mitodoke quarantine list` says what.[/bold red]"
        )
    facts = Table.grid(padding=(0, 2))
    facts.add_row("owner", escape(named(it.owner_party_id, it.owner_name)) or "not known")
    facts.add_row("contract", escape(it.contract_id) or "none")
    held = escape(named(it.holder_party_id, it.holder_name))
    since = shown(time_of(it.holder_since), zone)
    facts.add_row("last holder", f"{held}, since {since}" if held else "nobody says")
    facts.add_row("destroyed", "yes" if it.destroyed else "no")
    console.print(facts)
    _drive_facts(console, it, zone)
    _expected_beside_actual(console, it, zone, as_of or now)
    if it.flags:
        console.print("\n[bold]Flags[/bold]")
        _flag_table(console, it.flags, zone, serials=False, states=True)
    else:
        console.print("\nNo flags.")
    _freshness(console, answer.freshness, zone)


def shipment(answer: query_pb2.GetShipmentResponse, zone: ZoneInfo) -> None:
    """The counts, then the serials by name."""
    console = _console()
    closed = shown(time_of(answer.closed_at), zone)
    console.print(f"[bold]{escape(answer.shipment_id)}[/bold]  contract {escape(answer.contract_id)}")
    console.print(
        f"{answer.sent:,} on the manifest, {answer.received:,} scanned by the receiver; "
        + (f"closed {closed} ({_zone_name(zone)})" if closed else "still open")
    )
    meant: dict[str, list[str]] = {}
    for pair in answer.perhaps_misread:
        meant.setdefault(pair.scanned, []).append(pair.on_manifest)
    for title, serials in (
        ("missing: on the manifest, not scanned", answer.missing),
        ("unexpected: scanned, not on the manifest", answer.unexpected),
    ):
        console.print(f"\n{len(serials):,} {title}")
        for serial in serials:
            perhaps = f"; did you mean {' or '.join(meant[serial])}?" if serial in meant else ""
            console.print(f"  {escape(serial + perhaps)}")
    _freshness(console, answer.freshness, zone)


def contract(answer: query_pb2.GetContractResponse, zone: ZoneInfo) -> None:
    """Its parties, policy and counts."""
    console = _console()
    console.print(f"[bold]{escape(answer.contract_id)}[/bold]  {escape(answer.title)}")
    facts = Table.grid(padding=(0, 2))
    facts.add_row("owner", escape(named(answer.owner_party_id, answer.owner_name)))
    facts.add_row("policy", escape(f"{answer.policy_id}, version {answer.policy_version}"))
    facts.add_row("drives", f"{answer.drives:,}")
    facts.add_row("open flags", f"{answer.open_flags:,}")
    console.print(facts)
    if answer.approvals:
        table = _table("approved party", "for", f"from ({_zone_name(zone)})", "until")
        for each in answer.approvals:
            table.add_row(
                escape(named(each.party_id, each.party_name)),
                each.role,
                shown(time_of(each.valid_from), zone) or "the beginning",
                shown(time_of(each.valid_until), zone) or "without end",
            )
        console.print(table)
    else:
        console.print("No party but the owner is approved for anything.")
    _freshness(console, answer.freshness, zone)


def tried(answer: query_pb2.TryPolicyResponse, zone: ZoneInfo, as_of: datetime | None) -> None:
    """What would stand open beside what does, then the new flags by drive."""
    console = _console()
    table = _table("severity", "flag", "would stand", "stand", "difference")
    for each in answer.flags:
        what = f"{each.kind}: {each.subject}" if each.subject else each.kind
        table.add_row(
            _styled(word(_SEVERITY, each.severity)),
            escape(what),
            f"{each.would_stand:,}",
            f"{each.stand:,}",
            f"{each.would_stand - each.stand:+,}",
        )
    console.print(
        f"{answer.drives:,} drive{_s(answer.drives)} tried{_then(as_of, zone)}. Nothing was changed."
    )
    if answer.flags:
        console.print(table)
    else:
        console.print("No flag would stand open, and none does.")
    if answer.newly:
        console.print("New, of these drives:")
        _flag_table(console, answer.newly, zone, serials=True, states=False)
    _freshness(console, answer.freshness, zone)


def rules(catalogue: Sequence[Described]) -> None:
    """A paragraph for each rule."""
    console = _console()
    for rule in catalogue:
        console.print(f"[bold]{rule.id}[/bold]  {_styled(rule.severity)}  {escape(rule.key) or 'always'}")
        console.print(f"  {escape(rule.sentence)}")
        console.print(f"  For example: {escape(rule.example)}")
        console.print(f"  [dim]{escape(rule.source)}; findings/{rule.guards}.py[/dim]")


def status(answer: query_pb2.GetStatusResponse, zone: ZoneInfo, *, now: datetime) -> None:
    """How far each partition is read, and how much the tables hold."""
    console = _console()
    counts = Table.grid(padding=(0, 2))
    counts.add_column()
    counts.add_column(justify="right")
    for what, field in (
        ("facts", "facts"),
        ("drives", "drives"),
        ("open flags", "open_flags"),
        ("pending obligations", "pending_obligations"),
        ("in quarantine", "quarantined"),
        ("changes of flags to be published", "outbox"),
    ):
        about = "about " if field in answer.estimated else ""
        counts.add_row(what, f"{about}{getattr(answer, field):,}")
    console.print(counts)
    table = _table("partition", "read up to", "log ends at", "behind", f"judged through ({_zone_name(zone)})")
    for each in answer.partitions:
        behind = max(0, each.end_offset - each.next_offset)
        table.add_row(
            str(each.partition),
            f"{each.next_offset:,}",
            f"{each.end_offset:,}",
            f"{behind:,}",
            shown(time_of(each.read_through), zone),
        )
    console.print(table)
    if (read_through := time_of(answer.freshness.read_through)) is not None:
        console.print(
            f"Answers hold all that was recorded until {(now - read_through).total_seconds():.1f} s ago."
        )
    _freshness(console, answer.freshness, zone)


def is_overdue(each: query_pb2.Obligation, as_of: datetime | None) -> bool:
    """Whether it is overdue now, or stood overdue at `as_of`."""
    return _state_then(each, as_of) == "overdue"


def named(party_id: str, name: str) -> str:
    """A party by its name and id."""
    return f"{name} [{party_id}]" if name and party_id else party_id


def _state_then(each: query_pb2.Obligation, as_of: datetime | None) -> str:
    if as_of is None:
        return word(_OBLIGATION_STATE, each.state)
    # What is listed for a past day stood open then; whether in time, its due time says.
    due = time_of(each.due_at)
    return "overdue" if due is not None and due < as_of else "pending"


def _drive_facts(console: Console, it: query_pb2.Drive, zone: ZoneInfo) -> None:
    table = _table(f"happened ({_zone_name(zone)})", "fact", "reported by", "it says")
    for fact in it.facts:
        notes = [f"{key} {_short(value)}" for key, value in json.loads(fact.details or "{}").items()]
        if fact.retracted:
            notes.insert(0, "retracted")
        if fact.backfilled:
            notes.append("imported history")
        table.add_row(
            shown(time_of(fact.occurred_at), zone),
            fact.kind,
            escape(f"{fact.party_id} ({fact.operator_id})"),
            escape(", ".join(notes)),
        )
    console.print("\n[bold]What happened[/bold]")
    console.print(table)


def _expected_beside_actual(console: Console, it: query_pb2.Drive, zone: ZoneInfo, at: datetime) -> None:
    if not it.obligations:
        console.print("\nNothing is expected of it.")
        return
    table = _table("expected", "owed by", f"due ({_zone_name(zone)})", "actual", "state")
    for each in it.obligations:
        state = word(_OBLIGATION_STATE, each.state)
        actual = shown(time_of(each.met_at), zone)
        due = time_of(each.due_at)
        if not actual and state == "overdue" and due is not None:
            actual = f"nothing, {days_between(due, at, zone):,} days after it"
        table.add_row(
            escape(_expected(each)), escape(_who(each)), shown(due, zone), actual or "not yet", _styled(state)
        )
    console.print("\n[bold]Expected, and actual[/bold]")
    console.print(table)


def _flag_table(
    console: Console, listed: Sequence[flag_pb2.Flag], zone: ZoneInfo, *, serials: bool, states: bool
) -> None:
    columns = ["severity", *(["serial"] if serials else []), "flag", f"since ({_zone_name(zone)})"]
    table = _table(*columns, *(["state"] if states else []), "what is wrong")
    for flag in listed:
        state = word(_FLAG_STATE, flag.state)
        if flag.resolution:
            state += f" ({flag.resolution})"
        table.add_row(
            _styled(word(_SEVERITY, flag.severity)),
            *([escape(flag.serial)] if serials else []),
            escape(_what(flag)),
            shown(time_of(flag.raised_at), zone),
            *([state] if states else []),
            escape(flag.message),
        )
    console.print(table)


def _what(flag: flag_pb2.Flag) -> str:
    # The subject of a finding may be the id of a fact, which tells a reader nothing.
    return f"{flag.kind}: {flag.subject}" if flag.kind == "overdue" else flag.kind


def _expected(each: query_pb2.Obligation) -> str:
    about = f" of {each.subject}" if each.subject else ""
    return f"{each.expect}{about} after {each.after}"


def _who(each: query_pb2.Obligation) -> str:
    return ", ".join(each.owed_by) or f"{each.owed_by_role} (nobody is approved)"


def _styled(text: str) -> str:
    style = _STYLE.get(text)
    return f"[{style}]{text}[/]" if style else text


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _then(as_of: datetime | None, zone: ZoneInfo) -> str:
    return f", as of {as_of.astimezone(zone):%Y-%m-%d %H:%M:%S} ({_zone_name(zone)})" if as_of else ""


def _zone_name(zone: ZoneInfo) -> str:
    return zone.key


def _freshness(console: Console, freshness: query_pb2.Freshness, zone: ZoneInfo) -> None:
    read_through = time_of(freshness.read_through)
    until = (
        f"{read_through.astimezone(zone):%Y-%m-%d %H:%M:%S} ({_zone_name(zone)})"
        if read_through
        else "nothing"
    )
    console.print(f"Read through {until}{_behind(freshness)}.", style="dim")


def _behind(freshness: query_pb2.Freshness) -> str:
    if freshness.lag_unknown:
        known = f": at least {freshness.lag:,} facts" if freshness.lag else ""
        return f"; the log does not answer, so what is not read yet is not known{known}"
    return f"; {freshness.lag:,} facts are not read yet" if freshness.lag else ""


def _console() -> Console:
    terminal = sys.stdout.isatty()
    return Console(highlight=False, soft_wrap=not terminal, width=None if terminal else _WIDE)


def _table(*columns: str) -> Table:
    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=not terminal)
    return table
