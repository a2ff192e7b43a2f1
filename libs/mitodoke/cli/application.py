"""The commands, their words of help, and how each ends.

Everything heavy is imported within the command that needs it: `mitodoke --help` answers at once.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mitodoke.cli.exits import Exit, Stop
from mitodoke.cli.options import (
    AS_OF,
    AS_PARTY,
    CONNECTION,
    CONTRACT,
    JSON,
    LIMIT,
    RUNNING_FILE,
    TIMEZONE,
)

ASK = "Ask"
CHECK = "Check"
RUN = "Run"

SERVICES = (
    "leasing",
    "returns",
    "wipe",
    "transport",
    "destruction",
    "oversight",
    "projection",
    "dashboard",
    "alerting",
    "live",
)


class InGroups(TyperGroup):
    """Lists the commands by what they are for.

    Typer's own coloured help would say the same, but takes longer to load than everything else together.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group of commands."""
        for group in (ASK, CHECK, RUN):
            rows = [
                (name, command.get_short_help_str(limit=120))
                for name in self.list_commands(ctx)
                if (command := self.get_command(ctx, name)) is not None
                and getattr(command, "rich_help_panel", None) == group
            ]
            with formatter.section(group):
                formatter.write_dl(rows)


app = typer.Typer(
    cls=InGroups,
    name="mitodoke",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100},
    help=(
        "Mitodoke (見届け) watches data-bearing drives from lease to destruction: every party reports what it did, "
        "and what was promised and did not happen is flagged, though nobody speaks.\n\n"
        "\b\n"
        "Begin with:\n"
        "  make up DEMO=1                       start the whole system here, with the case of 2019\n"
        "  mitodoke flags                       what is wrong, the gravest first\n"
        "  mitodoke drive s/n: zk8 0137 w       one drive, by the number on its label\n"
        "  mitodoke flags --as-of 2019-06-23    what stood open on the evening of a past day\n"
        "  mitodoke policy check policy.yaml    every mistake in a policy, with its line"
    ),
    epilog=(
        "\b\n"
        "Exit codes, for scripts:\n"
        "  0  fine\n"
        "  1  something is wrong, or what was asked for is not known; each command's help says which\n"
        "  2  wrong usage\n"
        "  3  the system cannot be reached: start it with `make up`"
    ),
)
policy_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Check, read and compare policies before they are published.",
)
app.add_typer(policy_app, name="policy", rich_help_panel=CHECK)


quarantine_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Events that could not be read or judged: show them, take them up again, or discard them for a reason.",
)
app.add_typer(quarantine_app, name="quarantine", rich_help_panel=RUN)


class SeverityWord(enum.StrEnum):
    """How grave a flag is."""

    WARNING = "warning"
    MAJOR = "major"
    CRITICAL = "critical"


class FlagStateWord(enum.StrEnum):
    """What became of a flag."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ObligationStateWord(enum.StrEnum):
    """What became of an obligation."""

    PENDING = "pending"
    MET = "met"
    MET_LATE = "met_late"
    OVERDUE = "overdue"


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    try:
        app(arguments)
    except Stop as stop:
        typer.echo(f"mitodoke: {stop.sentence}", err=True)
        sys.exit(stop.code)
    except BrokenPipeError:
        # Whoever read our output has read enough, as `head` does.
        sys.stderr.close()
        sys.exit(Exit.FINE)
    sys.exit(Exit.FINE)


@app.command(rich_help_panel=ASK)
def flags(
    contract: CONTRACT = "",
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help="Only this kind, such as overdue or sighted.")
    ] = "",
    subject: Annotated[
        str,
        typer.Option(
            "--subject", metavar="WHAT", help="Only this subject: of an overdue flag, what is owed."
        ),
    ] = "",
    severity: Annotated[
        SeverityWord, typer.Option("--severity", help="Only flags as grave as this, or graver.")
    ] = SeverityWord.WARNING,
    state: Annotated[
        list[FlagStateWord] | None,
        typer.Option("--state", help="Open and acknowledged ones, if not said. Several may be given."),
    ] = None,
    limit: LIMIT = 50,
    as_of: AS_OF = None,
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """What is wrong, the gravest first, then the oldest.

    Example:  mitodoke flags --kind overdue --subject certificate --as-of 2019-06-23

    Exit code 1 when there is such a flag, 0 when there is none.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    if state and as_of:
        raise Stop(Exit.USAGE, "--as-of shows the flags that stood open then: leave --state out")
    wanted = questions.FlagsWanted(
        contract=contract,
        kind=kind,
        subject=subject,
        severity=severity.value,
        states=tuple(each.value for each in state or ()),
        limit=limit,
    )
    _end(questions.flags(Door(connection, as_party), wanted, as_of, timezone, as_json=json))


@app.command(rich_help_panel=ASK)
def drive(
    serial: Annotated[
        list[str],
        typer.Argument(
            metavar="SERIAL", help="The number as it stands on the label; blanks and case are no matter."
        ),
    ],
    as_of: AS_OF = None,
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """One drive: owner, contract, holder, what happened, what was expected beside it, and its flags.

    Example:  mitodoke drive s/n: zk8 0137 w

    Exit code 1 when the drive is not known or has an open flag, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    _end(questions.drive(Door(connection, as_party), " ".join(serial), as_of, timezone, as_json=json))


@app.command(rich_help_panel=ASK)
def shipment(
    shipment_id: Annotated[
        str, typer.Argument(metavar="ID", help="The lot or shipment, as on its manifest.")
    ],
    contract: Annotated[
        str,
        typer.Option("--contract", metavar="ID", help="Whose, where several contracts have one so named."),
    ] = "",
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """A lot or shipment: its manifest against what arrived, with the serials that are missing or too many.

    Example:  mitodoke shipment LOT-2019-04-22

    Exit code 1 when it is not known, or a serial is missing or unexpected, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    _end(questions.shipment(Door(connection, as_party), shipment_id, contract, timezone, as_json=json))


@app.command(rich_help_panel=ASK)
def obligations(
    mine: Annotated[
        bool, typer.Option("--mine", help="Only what the asking party itself owes; say who with --as.")
    ] = False,
    contract: CONTRACT = "",
    obligation: Annotated[
        str,
        typer.Option("--obligation", metavar="ID", help="Only this one of the policy, such as certificate."),
    ] = "",
    state: Annotated[
        list[ObligationStateWord] | None,
        typer.Option("--state", help="Pending and overdue ones, if not said. Several may be given."),
    ] = None,
    limit: LIMIT = 50,
    as_of: AS_OF = None,
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """What is owed, by whom and by when; what falls due first comes first.

    Example:  mitodoke obligations --as lessor --mine --state overdue

    Exit code 1 when one of those shown is overdue, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    if state and as_of:
        raise Stop(Exit.USAGE, "--as-of shows what was open then: leave --state out")
    if mine and as_party is None:
        raise Stop(Exit.USAGE, "--mine is what one party owes: say which, as in --as lessor --mine")
    wanted = questions.ObligationsWanted(
        contract=contract,
        obligation=obligation,
        states=tuple(each.value for each in state or ()),
        mine=mine,
        limit=limit,
    )
    _end(questions.obligations(Door(connection, as_party), wanted, as_of, timezone, as_json=json))


@app.command(rich_help_panel=ASK)
def contract(
    contract_id: Annotated[str, typer.Argument(metavar="ID", help="The contract's id.")],
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """A contract: its parties and what each is approved for, its policy, its drives and open flags.

    Example:  mitodoke contract file-server-lease-2014

    Exit code 1 when it is not known, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    _end(questions.contract(Door(connection, as_party), contract_id, timezone, as_json=json))


@app.command(rich_help_panel=ASK)
def status(
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """How fresh the answers are: what is read of the log, what is not yet, and how much there is.

    Example:  mitodoke status --json

    Exit code 1 when an event waits in quarantine, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door

    _end(questions.status(Door(connection, as_party), timezone, as_json=json))


@policy_app.command("check")
def policy_check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies, in YAML.")],
) -> None:
    """Read policies and name every mistake, as FILE:LINE:COLUMN: what is wrong, and what to write instead.

    Example:  mitodoke policy check deploy/policies/*.yaml

    Exit code 1 when one cannot be published, 0 when all can. It asks nothing of a running system.
    """
    from mitodoke.cli.policies import check

    _end(check(files))


class Language(enum.StrEnum):
    """The languages that a policy is told in."""

    JAPANESE = "ja"
    ENGLISH = "en"


POLICY_HELP = "A policy in YAML, or the id of a published one, as in city-servers or city-servers@1."
LANGUAGE = Annotated[Language, typer.Option("--lang", help="The language of the sentences.")]


@policy_app.command("show")
def policy_show(
    policy: Annotated[str, typer.Argument(metavar="POLICY", help=POLICY_HELP)],
    language: LANGUAGE = Language.ENGLISH,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """A policy as a page of plain sentences (Markdown), with all that it inherits.

    Example:  mitodoke policy show deploy/policies/removable-media.yaml --lang ja
    Example:  mitodoke policy show removable-media@2

    Exit code 1 when it cannot be read or is not published. A file asks nothing of a running system.
    """
    from mitodoke.cli.asking import Door
    from mitodoke.cli.policies import show

    _end(show(policy, language, Door(connection, as_party)))


@policy_app.command("diff")
def policy_diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=POLICY_HELP)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What is to follow it, named in the same way.")],
    language: LANGUAGE = Language.ENGLISH,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """What changes from one policy to another, a line each, and whether it gets stricter or laxer.

    Example:  mitodoke policy diff policy-v1.yaml policy-v2.yaml
    Example:  mitodoke policy diff city-servers@1 city-servers-v2.yaml

    Says nothing when both ask the same. Exit code 1 when one cannot be read or is not published.
    """
    from mitodoke.cli.asking import Door
    from mitodoke.cli.policies import diff

    _end(diff(old, new, language, Door(connection, as_party)))


@policy_app.command("try")
def policy_try(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy, in YAML.")],
    contract: Annotated[str, typer.Option("--contract", metavar="ID", help="On whose drives to try it.")],
    as_of: AS_OF = None,
    timezone: TIMEZONE = None,
    json: JSON = False,
    as_party: AS_PARTY = None,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """What would be flagged under a contract, today or on a past day, had this been its policy. Writes nothing.

    Example:  mitodoke policy try stricter.yaml --contract file-server-lease-2014 --as-of 2019-06-23

    Exit code 1 when flags would stand open that do not now, 0 otherwise.
    """
    from mitodoke.cli import questions
    from mitodoke.cli.asking import Door
    from mitodoke.cli.policies import document_of

    document = document_of(file)
    _end(questions.try_policy(Door(connection, as_party), document, contract, as_of, timezone, as_json=json))


@policy_app.command("schema")
def policy_schema() -> None:
    """The JSON Schema of policies, by which editors complete and explain them.

    Example:  mitodoke policy schema > policy.schema.json
    """
    from mitodoke.cli.policies import schema

    _end(schema())


@app.command("rules", rich_help_panel=CHECK)
def rules_(
    markdown: Annotated[bool, typer.Option("--markdown", help="As the page docs/rules.md.")] = False,
    json: JSON = False,
) -> None:
    """The catalogue of rules: what each flags, how gravely, what turns it on, and where it comes from.

    Example:  mitodoke rules

    It asks nothing of a running system.
    """
    from mitodoke.cli.rules import rules

    _end(rules(as_json=json, as_markdown=markdown))


@app.command(rich_help_panel=CHECK)
def healthy(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where the service listens.")],
) -> None:
    """Whether one service serves, by the standard gRPC health check; for supervisors.

    Example:  mitodoke healthy 127.0.0.1:7001

    Exit code 0 when it says SERVING, 1 when it does not.
    """
    from mitodoke.cli.processes import check_health

    _end(check_health(address))


@app.command(rich_help_panel=RUN)
def serve(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SERVICES)}.")],
) -> None:
    """Run one service until it is told to end. Its settings are the MITODOKE_* variables.

    Example:  mitodoke serve leasing

    Exit code 2 when a setting is missing or cannot be read, 1 when the service cannot go on.
    """
    if name not in SERVICES:
        raise Stop(Exit.USAGE, f"There is no service {name!r}. There are: {', '.join(SERVICES)}")
    from mitodoke.cli.processes import serve_service

    _end(serve_service(name))


@app.command(rich_help_panel=RUN)
def setup(
    replication: Annotated[
        int, typer.Option("--replication", min=1, help="On how many brokers each topic is kept, at least.")
    ] = 1,
    partitions: Annotated[
        int,
        typer.Option(
            "--partitions",
            min=1,
            help="Into how many partitions drives are parted, and so the most workers and cores that can judge them. "
            "Fixed for ever.",
        ),
    ] = 6,
) -> None:
    """Make the topics and the tables that are missing. Safe to repeat: what is there stays as it is.

    Example:  MITODOKE_KAFKA=… MITODOKE_DATABASE=… mitodoke setup --replication 3 --partitions 48

    Exit code 1 when a topic is there with other settings or a migration fails, 3 when Kafka or PostgreSQL does
    not answer.
    """
    from mitodoke.cli.processes import set_up

    _end(set_up(replication, partitions))


@app.command(rich_help_panel=RUN)
def rebuild(
    accept_this_log: Annotated[
        bool,
        typer.Option(
            "--accept-this-log",
            help="Go by the log as it is, though the tables were made from another. They are kept aside.",
        ),
    ] = False,
    publish_all_flags: Annotated[
        bool,
        typer.Option(
            "--publish-all-flags",
            help="Publish every flag as it stands, as when the flags topic was lost, and not only those that differ.",
        ),
    ] = False,
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """Build the read model again from the first fact on, and put it in the place of the old one.

    Example:  mitodoke rebuild

    The system may run meanwhile. It takes every core, and as much room for temporary files (TMPDIR) as the log has.
    Settings are the MITODOKE_* variables, or the running system's where those are not set. Exit code 1 when it fails;
    the old read model stays then.
    """
    from mitodoke.cli.processes import rebuild_read_model

    _end(rebuild_read_model(connection, accept_this_log=accept_this_log, publish_all_flags=publish_all_flags))


BY = Annotated[str, typer.Option("--by", help="Who decides: a person's name or id, kept for the auditor.")]
WHY = Annotated[str, typer.Option("--why", help="Why, in a sentence, kept for the auditor.")]
EVENT = Annotated[str, typer.Argument(metavar="EVENT", help="Where it is in the log: PARTITION/OFFSET.")]


@quarantine_app.command("list")
def quarantine_list(
    timezone: TIMEZONE = None, json: JSON = False, connection: CONNECTION = RUNNING_FILE
) -> None:
    """Every event that waits, with what is wrong. The drive's later events wait behind it, in order.

    Example:  mitodoke quarantine list

    Exit code 1 when one waits, 0 when none does.
    """
    from mitodoke.cli import quarantine
    from mitodoke.cli.moments import DEFAULT_ZONE

    _end(quarantine.show_all(connection, timezone or DEFAULT_ZONE, as_json=json))


@quarantine_app.command("show")
def quarantine_show(event: EVENT, timezone: TIMEZONE = None, connection: CONNECTION = RUNNING_FILE) -> None:
    """One event with its headers and the first bytes of its payload.

    Example:  mitodoke quarantine show 2/1187

    Exit code 1 when no such event waits.
    """
    from mitodoke.cli import quarantine
    from mitodoke.cli.moments import DEFAULT_ZONE

    _end(quarantine.show_one(connection, event, timezone or DEFAULT_ZONE))


@quarantine_app.command("retry")
def quarantine_retry(
    serial: Annotated[str, typer.Argument(metavar="DRIVE", help="The drive's serial, as listed.")],
    by: BY,
    why: WHY = "what was wrong is mended",
    connection: CONNECTION = RUNNING_FILE,
) -> None:
    """Take up all events of a drive again, in their order, once what was wrong is mended.

    Example:  mitodoke quarantine retry ZK80397W --by sato --why "version 1.2 reads it"

    Exit code 1 when something of it waits still.
    """
    from mitodoke.cli import quarantine

    _end(quarantine.take_up(connection, serial, by, why))


@quarantine_app.command("discard")
def quarantine_discard(event: EVENT, by: BY, why: WHY, connection: CONNECTION = RUNNING_FILE) -> None:
    """Let an event count for nothing, for ever, and take up what waited behind it. It stays in the log.

    Example:  mitodoke quarantine discard 2/1187 --by sato --why "the wiper sent it twice, see ticket 4711"

    Exit code 1 when something of the drive waits still.
    """
    from mitodoke.cli import quarantine

    _end(quarantine.throw_away(connection, event, by, why))


@quarantine_app.command("decisions")
def quarantine_decisions(timezone: TIMEZONE = None, connection: CONNECTION = RUNNING_FILE) -> None:
    """Who took up or discarded what, when and why.

    Example:  mitodoke quarantine decisions

    Exit code 0, also when there is none.
    """
    from mitodoke.cli import quarantine
    from mitodoke.cli.moments import DEFAULT_ZONE

    _end(quarantine.decisions(connection, timezone or DEFAULT_ZONE))


def _end(code: Exit | int) -> NoReturn:
    raise typer.Exit(int(code))
