"""Policies as people write them, and each way to write one wrong."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitodoke.lifecycle.durations import Anchor, Duration, Unit, parse_duration
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import (
    CustodyRule,
    DestructionMethod,
    DestructionRule,
    Escalation,
    Obligation,
    Per,
    Person,
    Policy,
    Rules,
    SanitisationLevel,
    Severity,
    Site,
    TransitRule,
    Weekday,
    WorkingHours,
)
from mitodoke.policyfile import PolicyError, PolicyErrors, read_policy

POLICIES = Path(__file__).parents[2] / "deploy" / "policies"

HEAD = "policy: p\nversion: 1\ntimezone: Asia/Tokyo\ncalendar: JP\n"
GOOD = "id: a, after: LeaseEnded, expect: DriveReturned, within: 30d, owed_by: lessor"


def errors_of(text: str | bytes) -> tuple[PolicyError, ...]:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(text, source="p.yaml")
    return raised.value.errors


def the_error_of(text: str | bytes) -> PolicyError:
    errors = errors_of(text)
    assert len(errors) == 1, [error.describe("p.yaml") for error in errors]
    return errors[0]


def obligation(text: str) -> str:
    """A policy whose one obligation, on line 6, starts in column 5."""
    return f"{HEAD}obligations:\n  - {{{text}}}\n"


def rules(text: str) -> str:
    """A policy with one rule, on line 6, that starts in column 3."""
    return f"{HEAD}rules:\n  {text}\n"


# What can be read


def test_the_full_example_is_read_to_the_last_key() -> None:
    policy = read_policy((POLICIES / "jp-prefecture-server-drives-v2.yaml").read_bytes())
    assert policy == Policy(
        id="jp-prefecture-server-drives",
        version=2,
        timezone=ZoneInfo("Asia/Tokyo"),
        calendar="JP",
        reporting_grace=timedelta(hours=24),
        obligations=(
            Obligation(
                "return",
                FactKind.LEASE_ENDED,
                FactKind.DRIVE_RETURNED,
                parse_duration("30d"),
                Role.LESSOR,
            ),
            Obligation(
                "arrival",
                FactKind.DRIVE_DISPATCHED,
                FactKind.DRIVE_DELIVERED,
                parse_duration("eta+4h"),
                Role.CARRIER,
                Per.SHIPMENT,
            ),
            Obligation(
                "destruction",
                FactKind.DRIVE_RETURNED,
                FactKind.DRIVE_DESTROYED,
                parse_duration("45d"),
                Role.DESTROYER,
            ),
            Obligation(
                "certificate",
                FactKind.DRIVE_RETURNED,
                FactKind.CERTIFICATE_ACCEPTED,
                parse_duration("2 months"),
                Role.LESSOR,
                severity=Severity.CRITICAL,
            ),
        ),
        rules=Rules(
            sanitise_before_release=True,
            minimum_method={
                "hdd": SanitisationLevel.PURGE,
                "flash": SanitisationLevel.DESTROY,
                "my_number": SanitisationLevel.DESTROY,
            },
            destruction=DestructionRule(
                methods=(
                    DestructionMethod.SHRED,
                    DestructionMethod.CRUSH,
                    DestructionMethod.MELT,
                    DestructionMethod.DISINTEGRATE,
                ),
                witness=Role.OWNER,
                before_leaving=Site.OWNER,
            ),
            transit=TransitRule(seal_required=True, crew=2),
            separate_people=((Person.OPERATOR, Person.WITNESS), (Person.OPERATOR, Person.VERIFIER)),
            evidence={FactKind.DRIVE_DESTROYED: ("photo_before", "photo_after")},
            working_hours=WorkingHours(
                days=(Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY),
                opens=time(8, 30),
                closes=time(17, 15),
                on_public_holidays=False,
            ),
        ),
    )


def test_the_policy_of_2019_asks_for_destruction_and_a_certificate() -> None:
    policy = read_policy((POLICIES / "kanagawa-returns.yaml").read_bytes())
    assert (policy.id, policy.version, policy.calendar) == ("jp-prefecture-server-drives", 1, "JP")
    assert policy.reporting_grace == timedelta(0)
    assert [
        (one.id, one.after, one.expect, str(one.within), one.owed_by, one.severity)
        for one in policy.obligations
    ] == [
        (
            "destruction",
            FactKind.DRIVE_RETURNED,
            FactKind.DRIVE_DESTROYED,
            "45d",
            Role.DESTROYER,
            Severity.MAJOR,
        ),
        (
            "certificate",
            FactKind.DRIVE_RETURNED,
            FactKind.CERTIFICATE_ACCEPTED,
            "2 months",
            Role.LESSOR,
            Severity.CRITICAL,
        ),
    ]
    assert policy.rules == Rules()


def test_steps_are_read_in_their_order() -> None:
    policy = read_policy(rules("steps: [DriveEnrolled, LeaseEnded, DriveReturned, DriveDestroyed]"))
    assert policy.rules.steps == (
        FactKind.DRIVE_ENROLLED,
        FactKind.LEASE_ENDED,
        FactKind.DRIVE_RETURNED,
        FactKind.DRIVE_DESTROYED,
    )


def test_what_is_not_written_is_off_or_usual() -> None:
    policy = read_policy("policy: p\nversion: 1\ntimezone: UTC\nobligations:\n- {" + GOOD + "}\n")
    assert policy.calendar == "weekdays"
    assert policy.reporting_grace == timedelta(0)
    assert policy.rules == Rules()
    assert policy.obligations[0].per is Per.CYCLE
    assert policy.obligations[0].severity is Severity.MAJOR


def test_text_and_bytes_with_or_without_a_byte_order_mark_are_the_same_policy() -> None:
    text = obligation(GOOD)
    policy = read_policy(text)
    for same in (
        text.encode(),
        "\ufeff" + text,
        b"\xef\xbb\xbf" + text.encode(),
        text.replace("\n", "\r\n"),
        text.replace("\n", "\r"),
    ):
        assert read_policy(same) == policy


def test_what_grows_what_is_reported_and_when_a_medium_must_be_back_are_read() -> None:
    policy = read_policy(
        obligation(
            "id: back, after: ExportApproved, expect: DriveReturned, within: return_by+2h, owed_by: carrier, "
            "severity: warning, escalate: [{after: 1bd, severity: major}, {after: 1 month, severity: critical}]"
        )
        + "  - {id: final, after: DriveLost, expect: IncidentReported, report: final, within: 30d, owed_by: owner}\n"
    )
    back, final = policy.obligations
    assert back.within == Duration(2, Unit.HOUR, Anchor.RETURN_BY)
    assert back.escalate == (
        Escalation(Duration(1, Unit.BUSINESS_DAY), Severity.MAJOR),
        Escalation(Duration(1, Unit.MONTH), Severity.CRITICAL),
    )
    assert (back.report, final.report) == ("", "final")


def test_rules_about_time_exports_waivers_and_pieces_are_read() -> None:
    rules_read = read_policy(
        rules(
            "{late_report: 48h, custody: {attest_within: 90min}, export: {approval: required}, "
            "waiver: {second_person: required}, destruction: {particle: {hdd: H-4, ssd: E-4, tape: T-3}}}"
        )
    ).rules
    assert rules_read == Rules(
        late_report=timedelta(hours=48),
        custody=CustodyRule(timedelta(minutes=90)),
        export_approval=True,
        waiver_second_person=True,
        destruction=DestructionRule(particle={"hdd": "H-4", "ssd": "E-4", "tape": "T-3"}),
    )


def test_what_is_optional_is_off() -> None:
    read = read_policy(
        rules("{late_report: 1h, export: {approval: optional}, waiver: {second_person: optional}}")
    )
    assert read.rules == Rules(late_report=timedelta(hours=1))


def test_severities_are_ordered_by_gravity_not_by_name() -> None:
    assert Severity.WARNING < Severity.MAJOR < Severity.CRITICAL
    assert max(Severity.CRITICAL, Severity.WARNING) is Severity.CRITICAL
    assert Severity.MAJOR >= Severity.WARNING
    assert str(Severity.MAJOR) == "major"


# How errors are told


def test_an_error_is_told_with_its_file_line_column_and_what_to_do() -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(obligation(GOOD.replace("30d", "30m")), source="deploy/p.yaml")
    assert str(raised.value) == (
        "deploy/p.yaml:6:63: '30m' may be minutes or months. Write 30min or 30 months."
    )
    assert raised.value.errors == (
        PolicyError(
            6, 63, "obligations[0].within", "'30m' may be minutes or months", "Write 30min or 30 months"
        ),
    )


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() -> None:
    errors = errors_of(
        "policy: Bad Name\n"
        'version: "2"\n'
        "timezone: asia/tokio\n"
        "calendar: jp\n"
        "reporting_grace: 1d\n"
        "obligations:\n"
        "  - {id: a, after: DriveReturnd, expect: DriveDestroyed, within: 45, owed_by: destroyr}\n"
        "  - {id: b, after: LeaseEnded, expect: DriveReturned, within: 30d, owed_by: lessor, severity: high}\n"
        "rules:\n"
        "  sanitise_before_release: yes\n"
    )
    assert [(error.line, error.column, error.path) for error in errors] == [
        (1, 9, "policy"),
        (2, 10, "version"),
        (3, 11, "timezone"),
        (4, 11, "calendar"),
        (5, 18, "reporting_grace"),
        (7, 20, "obligations[0].after"),
        (7, 66, "obligations[0].within"),
        (7, 79, "obligations[0].owed_by"),
        (8, 95, "obligations[1].severity"),
        (10, 28, "rules.sanitise_before_release"),
    ]


def test_reading_stops_after_a_hundred_errors_and_says_so() -> None:
    errors = errors_of(HEAD + "".join(f"key{n}: 1\n" for n in range(2000)))
    assert len(errors) == 101
    assert errors[-1].message == "Reading stopped here, after 100 errors"


# Documents that cannot be read


@pytest.mark.parametrize(
    ("document", "line", "column", "message"),
    [
        (b"policy: p\nversion: \xff1\n", 2, 10, "The byte 0xFF at offset 19 is not UTF-8"),
        ("policy: é\nversion: ".encode() + b"\xe3\x81", 2, 10, "The byte 0xE3 at offset 20 is not UTF-8"),
        (b"\xef\xbb\xbfp: \x80", 1, 4, "The byte 0x80 at offset 6 is not UTF-8"),
        (b"p: caf\xe9\n", 1, 7, "The byte 0xE9 at offset 6 is not UTF-8"),
        ("policy: p\n".encode("utf-16"), 1, 1, "The document is UTF-16, not UTF-8"),
        ("policy: p\na: \x00", 2, 4, "The character U+0000 is not allowed in YAML"),
        ("policy: \ud800", 1, 9, "The character U+D800 is not allowed in YAML"),
        ("", 1, 1, "The document is empty"),
        ("# only a comment\n", 1, 1, "The document is empty"),
        ("policy: [1\n", 2, 1, "This is not YAML: while parsing a flow sequence, expected ',' or ']'"),
        ("policy: p\nversion: 1: 2\n", 2, 11, "This is not YAML: mapping values are not allowed here"),
        ("policy: p\n\tversion: 1\n", 2, 1, "This is not YAML: while scanning"),
        ("a: '\u3042\u2028\nb: @", 2, 5, "This is not YAML: while scanning a quoted scalar"),
        ("a: @b", 1, 4, "This is not YAML: while scanning for the next token"),
        ("policy: p\r\nversion: @", 2, 10, "This is not YAML"),
        ("policy: p\rversion: @", 2, 10, "This is not YAML"),
        ("\ufeffpolicy: @", 1, 9, "This is not YAML"),
        ("\ufeffpolicy: @".encode(), 1, 9, "This is not YAML"),
        (HEAD + "---\n" + HEAD, 5, 1, "A second document starts here"),
        ("[" * 100_000, 1, 17, "Values are nested more than 16 deep"),
        ("? " * 100_000, 1, 33, "Values are nested more than 16 deep"),
        ("a: [" + "1," * 100_000, 1, 9_999, "The document has more than 5,000 values"),
        ("#" * 262_145, 1, 1, "The document has 262,145 bytes; a policy has at most 262,144"),
        ("あ" * 90_000, 1, 1, "The document has 270,000 bytes; a policy has at most 262,144"),
        (b"\xff" * 262_145, 1, 1, "The document has 262,145 bytes; a policy has at most 262,144"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused_at_its_place(
    document: str | bytes, line: int, column: int, message: str
) -> None:
    error = the_error_of(document)
    assert (error.line, error.column) == (line, column), error
    assert error.message.startswith(message)
    assert error.suggestion


def test_a_document_of_just_256_kib_is_read() -> None:
    text = obligation(GOOD)
    assert read_policy(text + "#" * (262_144 - len(text)))


def test_anchors_aliases_and_tags_are_refused_where_they_stand() -> None:
    errors = errors_of(HEAD + "obligations: &all\n- {" + GOOD + "}\nrules: *all\nreporting_grace: !!str 4h\n")
    assert [(error.line, error.column, error.message) for error in errors] == [
        (5, 14, "The anchor &all is not allowed"),
        (7, 8, "The alias *all is not allowed"),
        (8, 18, "The tag tag:yaml.org,2002:str is not allowed"),
    ]


def test_a_document_that_would_grow_to_a_billion_values_is_refused_at_once() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]
    errors = errors_of("\n".join(lines))
    assert errors[0].message == "The anchor &l0 is not allowed" or "not a key" in errors[0].message
    assert any(error.message == "The alias *l0 is not allowed" for error in errors)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_and_any_text_are_a_policy_or_an_error_with_a_place(document: str | bytes) -> None:
    try:
        read_policy(document)
    except PolicyErrors as errors:
        assert errors.errors
        assert all(error.line >= 1 and error.column >= 1 and error.message for error in errors.errors)


@given(st.lists(st.sampled_from("{}[],:?-&*!|>'\"%@`# \n\ta1~"), max_size=60).map("".join))
def test_any_yaml_like_text_is_a_policy_or_an_error_with_a_place(document: str) -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(document)
    assert all(error.line >= 1 and error.column >= 1 for error in raised.value.errors)


# Keys

FULL = """\
policy: p
version: 1
timezone: Asia/Tokyo
calendar: JP
reporting_grace: 24h
obligations:
  - id: arrival
    after: DriveDispatched
    expect: DriveDelivered
    within: eta+4h
    owed_by: carrier
    per: shipment
    severity: major
    escalate:
      - after: 7d
        severity: critical
  - id: told
    after: DriveLost
    expect: IncidentReported
    report: to_owner
    within: 1h
    owed_by: carrier
rules:
  sanitise_before_release: true
  steps: [LeaseEnded, DriveDestroyed]
  minimum_method: {hdd: purge}
  destruction:
    methods: [shred]
    witness: owner
    before_leaving: owner_site
    particle: {hdd: H-4}
  transit:
    seal: required
    crew: 2
  separate_people: [[operator, witness]]
  evidence: {DriveDestroyed: [photo_before]}
  working_hours:
    days: [mon]
    from: "08:30"
    to: "17:15"
    public_holidays: false
  late_report: 48h
  custody:
    attest_within: 24h
  export:
    approval: required
  waiver:
    second_person: required
"""

KEYS = [
    (number, line.index(key) + 1, key)
    for number, line in enumerate(FULL.splitlines(), start=1)
    for key in [line.strip(" -").partition(":")[0]]
]


def test_the_policy_with_every_key_is_good() -> None:
    assert read_policy(FULL).rules.working_hours is not None
    assert len(KEYS) == 48


def misspellings(key: str) -> set[str]:
    """The last letter doubled, lost, or changed places with the one before; and all in capitals."""
    wrong = {key + key[-1], key.upper()}
    if len(key) > 2:  # Two letters would leave nothing to guess from.
        wrong |= {key[:-1], key[:-2] + key[-1] + key[-2]}
    return wrong - {key}


@pytest.mark.parametrize(
    ("line", "column", "key", "written"),
    [(*place, key, wrong) for *place, key in KEYS for wrong in sorted(misspellings(str(key)))],
)
def test_every_key_misspelt_is_told_once_with_the_key_that_was_meant(
    line: int, column: int, key: str, written: str
) -> None:
    lines = FULL.splitlines()
    lines[line - 1] = lines[line - 1].replace(f"{key}:", f"{written}:", 1)
    error = the_error_of("\n".join(lines))
    assert (error.line, error.column) == (line, column)
    assert f"Did you mean {key!r}?" in error.suggestion
    assert written in error.message


@pytest.mark.parametrize(
    ("line", "column", "key"),
    # Those on one line with their value: the others differ from them only in what would have to be repeated.
    [(line, column, key) for line, column, key in KEYS if ": " in FULL.splitlines()[line - 1]],
)
def test_every_key_written_twice_is_told_at_the_second(line: int, column: int, key: str) -> None:
    lines = FULL.splitlines()
    lines.insert(line, " " * (column - 1) + f"{key}: x")
    error = the_error_of("\n".join(lines))
    assert (error.line, error.column) == (line + 1, column)
    assert f"'{key}' is written twice" in error.message
    assert f"the first is on line {line}" in error.message


@pytest.mark.parametrize("key", ["policy", "version", "timezone"])
def test_a_policy_without_a_key_that_it_needs_says_which(key: str) -> None:
    text = "".join(line for line in FULL.splitlines(keepends=True) if not line.startswith(f"{key}:"))
    error = the_error_of(text)
    assert error.message == f"The policy has no '{key}'"
    assert f"'{key}: " in error.suggestion


@pytest.mark.parametrize("key", ["id", "after", "expect", "within", "owed_by"])
def test_an_obligation_without_a_key_that_it_needs_says_which(key: str) -> None:
    text = ", ".join(part for part in GOOD.split(", ") if not part.startswith(f"{key}:"))
    error = the_error_of(obligation(text))
    assert (error.line, error.column) == (6, 5)
    assert error.message == f"The obligation has no '{key}'"


# Values


@pytest.mark.parametrize(
    # The place of the error is marked with a ^ before it.
    ("instead_of", "written", "message", "suggestion"),
    [
        ("a,", "^A b,", "'A b' cannot be an obligation's id", "lower-case"),
        ("a,", f"^{'a' * 65},", "'aaaa", "at most 64"),
        ("a,", "^7,", "'id' must be an obligation's id, not the number 7", 'quotes: "7"'),
        ("LeaseEnded", "^LeaseEnd", "'LeaseEnd' is not a kind of fact", "Did you mean 'LeaseEnded'?"),
        ("LeaseEnded", "^lease_ended", "'lease_ended' is not a kind", "Did you mean 'LeaseEnded'?"),
        ("LeaseEnded", "^[1]", "'after' must be a kind of fact, not a list", "Known here: DriveEnrolled"),
        ("LeaseEnded", "^''", "'' is not a kind of fact", "Known here: DriveEnrolled"),
        ("lessor", "^lesor", "'lesor' is not a role", "Did you mean 'lessor'?"),
        ("lessor", "^recycler", "'recycler' is not a role", "Known here: owner, lessor"),
        ("lessor", "^~", "'owed_by' must be a role, not empty", "Known here: owner, lessor"),
        ("30d", "^30", "'30' has no unit", "Write for example 30d"),
        ("30d", "^true", "'within' must be a duration, not true", "Write for example 4h"),
        ("30d", "^''", "'' says no amount of time", "Write for example 4h"),
        ("lessor", "lessor, per: ^day", "'day' is not what an obligation is counted by", "cycle, shipment"),
        ("lessor", "lessor, severity: ^criticl", "'criticl' is not a severity", "Did you mean 'critical'?"),
        (
            "lessor",
            "lessor, report: ^final",
            "DriveReturned is no report of an incident",
            "leave 'report' out",
        ),
        (
            "DriveReturned",
            "IncidentReported, report: ^finl",
            "'finl' is not a report",
            "Did you mean 'final'?",
        ),
        ("lessor", "lessor, escalate: ^7d", "'escalate' must be a list, not the text '7d'", ""),
        ("lessor", "lessor, escalate: ^[]", "'escalate' is an empty list", "leave it out"),
        ("lessor", "lessor, escalate: [^{after: 7d}]", "The escalation has no 'severity'", "critical"),
        ("lessor", "lessor, escalate: [{^aftr: 7d, severity: critical}]", "'aftr' is not a key", "'after'"),
        ("lessor", "lessor, escalate: [{after: ^7, severity: critical}]", "'7' has no unit", "7d"),
        (
            "lessor",
            "lessor, escalate: [{after: ^eta+7h, severity: critical}]",
            "An escalation counts from the time at which the breach was due",
            "as in 7d",
        ),
        (
            "lessor",
            "lessor, escalate: [{after: ^0h, severity: critical}]",
            "An escalation at the due time itself is what 'severity' says",
            "as in 7d",
        ),
        (
            "lessor",
            "lessor, escalate: [{after: 7d, severity: ^major}]",
            "The escalation to major never applies: the breach is major by then",
            "Write critical",
        ),
        (
            "lessor",
            "lessor, severity: critical, escalate: [{after: 7d, severity: ^critical}]",
            "The escalation to critical never applies: the breach is critical by then",
            "Take it out",
        ),
        (
            "lessor",
            "lessor, severity: warning, escalate: "
            "[{after: 7d, severity: major}, {after: ^7d, severity: critical}]",
            "The escalation to major never applies: the one to critical comes no later, after 7d",
            "Write a time later than 7d",
        ),
        (
            "lessor",
            "lessor, severity: warning, escalate: "
            "[{after: 7d, severity: critical}, {after: 9d, severity: ^major}]",
            "The escalation to major never applies: the breach is critical by then",
            "Take it out",
        ),
    ],
)
def test_a_value_of_an_obligation_that_is_wrong_is_told_at_its_place(
    instead_of: str, written: str, message: str, suggestion: str
) -> None:
    text = obligation(GOOD.replace(instead_of, written, 1))
    error = the_error_of(text.replace("^", ""))
    assert (error.line, error.column) == (6, text.splitlines()[5].index("^") + 1), error
    assert error.message.startswith(message)
    assert suggestion in error.suggestion


@pytest.mark.parametrize(
    ("head", "line", "column", "message", "suggestion"),
    [
        (HEAD.replace("version: 1", "version: 0"), 2, 10, "'version' must be a whole number from 1", ""),
        (HEAD.replace("version: 1", "version: 2147483648"), 2, 10, "'version' must be a whole", ""),
        (HEAD.replace("version: 1", "version: 1.0"), 2, 10, "'version' must be a whole number", ""),
        (HEAD.replace("version: 1", "version: '1'"), 2, 10, "'version' must be", "Write 1 without quotes"),
        (HEAD.replace("version: 1", f"version: {'9' * 5000}"), 2, 10, "'version' must be", ""),
        (HEAD.replace("policy: p", "policy: P"), 1, 9, "'P' cannot be a policy's name", "lower-case"),
        (
            HEAD.replace("Asia/Tokyo", "Asia/Tokio"),
            3,
            11,
            "'Asia/Tokio' is not",
            "Did you mean 'Asia/Tokyo'?",
        ),
        (HEAD.replace("Asia/Tokyo", "JST"), 3, 11, "'JST' is not a time zone", "'Asia/Tokyo'"),
        (HEAD.replace("Asia/Tokyo", "localtime"), 3, 11, "'localtime' is not a time zone", "'Asia/Tokyo'"),
        (HEAD.replace("Asia/Tokyo", "../../etc/passwd"), 3, 11, "'../../etc/passwd' is not", "'Asia/Tokyo'"),
        (HEAD.replace("calendar: JP", "calendar: JA"), 4, 11, "No calendar has the code 'JA'", "'JP'"),
        (HEAD + "reporting_grace: 1d\n", 5, 18, "A grace of 1d has no fixed length", "as in 24h"),
        (HEAD + "reporting_grace: eta+1h\n", 5, 18, "A grace of eta+1h has no fixed length", "as in 24h"),
        (HEAD + "reporting_grace: -1h\n", 5, 18, "'-1h' has a sign", "write 1h"),
        (HEAD + "calender: JP\n", 5, 1, "'calender' is not a key", "Did you mean 'calendar'?"),
        (HEAD + "1: JP\n", 5, 1, "'1' is not a key of the policy", "Known here"),
        (HEAD + "? [a]\n: 1\n", 5, 3, "A key of the policy is not a word", "Write a word"),
    ],
)
def test_a_value_of_the_policy_that_is_wrong_is_told_at_its_place(
    head: str, line: int, column: int, message: str, suggestion: str
) -> None:
    error = the_error_of(f"{head}obligations:\n  - {{{GOOD}}}\n")
    assert (error.line, error.column) == (line, column), error
    assert error.message.startswith(message)
    assert suggestion in error.suggestion


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        ("sanitise_before_release: yes", 28, "'sanitise_before_release' must be true or false", ""),
        ("sanitise_before_release: 'true'", 28, "'sanitise_before_release' must be", "true without quotes"),
        ("steps: [DriveEnrolled]", 10, "One step has no order", "at least two"),
        ("steps: []", 10, "'steps' is an empty list", "leave 'steps' out"),
        ("steps: [LeaseEnded, LeaseEnded, DriveLost]", 23, "The step LeaseEnded is named twice", "once"),
        ("steps: [LeaseEnded, FlagWaived]", 10, "FlagWaived is about another fact or a flag", "Take it out"),
        ("steps: [DriveDestroyed, DriveReturned]", 10, "No drive can take the step", "before DriveDestroyed"),
        ("minimum_method: {flsh: destroy}", 20, "'flsh' is not a media type", "Did you mean 'flash'?"),
        ("minimum_method: {My Number: destroy}", 20, "'My Number' cannot be a media type", "lower-case"),
        ("minimum_method: {hdd: prge}", 25, "'prge' is not a level", "Did you mean 'purge'?"),
        ("minimum_method: [hdd]", 19, "'minimum_method' must be a mapping", ""),
        ("destruction: {methods: [shed]}", 27, "'shed' is not a method of destruction", "'shred'"),
        ("destruction: {methods: shred}", 26, "'methods' must be a list, not the text 'shred'", ""),
        ("destruction: {witness: citizen}", 26, "'citizen' is not a role", "Known here"),
        ("destruction: {before_leaving: owner}", 33, "'owner' is not a site", "'owner_site'"),
        ("destruction: {particle: {hdd: E-4}}", 33, "'E-4' is not a security level of ISO/IEC 21964", "H-4"),
        ("destruction: {particle: {hdd: H-8}}", 33, "'H-8' is not a security level", "H-1, H-2, H-3, H-4"),
        ("destruction: {particle: {flash: 4}}", 35, "'4' is not a security level", "E-1, E-2, E-3"),
        ("destruction: {particle: {hd: H-4}}", 28, "'hd' is not a medium", "Did you mean 'hdd'?"),
        ("destruction: {particle: H-4}", 27, "'particle' must be a mapping", ""),
        ("late_report: 2d", 16, "A limit of 2d has no fixed length", "as in 48h"),
        ("late_report: eta+2h", 16, "A limit of eta+2h has no fixed length", "as in 48h"),
        ("late_report: 0h", 16, "No time is left", "Write 48h"),
        ("custody: {}", 12, "'custody' has no 'attest_within'", "attest_within: 24h"),
        ("custody: {attest_within: 1 month}", 28, "A limit of 1 month has no fixed length", "as in 24h"),
        ("custody: {attested_within: 24h}", 13, "'attested_within' is not a key", "'attest_within'"),
        ("export: {approval: yes}", 22, "'yes' is not what an approval can be", "required, optional"),
        ("export: {}", 11, "'export' has no 'approval'", "approval: required"),
        ("waiver: {second_person: [required]}", 27, "'second_person' must be what a second", "required"),
        ("waiver: {second_persn: required}", 12, "'second_persn' is not a key", "'second_person'"),
        ("transit: {seal: true}", 19, "'true' is not what a seal can be", "Known here: required, optional"),
        ("transit: {crew: 0}", 19, "'crew' must be a whole number from 1 to 20", ""),
        ("separate_people: [[operator]]", 21, "Not two people", "[operator, witness]"),
        ("separate_people: [[operator, operator]]", 32, "The person operator is named twice", "once"),
        ("separate_people: [[operator, driver]]", 32, "'driver' is not a person", "Known here"),
        ("separate_people: [operator, witness]", 21, "The pair must be a list", ""),
        ("evidence: {DriveDestoyed: [photo]}", 14, "'DriveDestoyed' is not a kind", "'DriveDestroyed'"),
        ("evidence: {DriveDestroyed: photo}", 30, "'DriveDestroyed' must be a list", ""),
        ("evidence: {DriveDestroyed: [Photo 1]}", 31, "'Photo 1' cannot be the purpose", "lower-case"),
        ("working_hours: {days: [mon], from: '08:30'}", 18, "'working_hours' has no 'to'", "'to: "),
        ("working_hours: {days: [monday], from: '8:00', to: '17:00'}", 26, "'monday' is not a day", "'mon'"),
        (
            "working_hours: {days: [mon], from: 8:30, to: '17:00'}",
            38,
            "'8:30' is not a time of day",
            '"08:30"',
        ),
        (
            "working_hours: {days: [mon], from: 09:00, to: 24:00}",
            49,
            "'24:00' is not a time of day",
            '"17:15"',
        ),
        (
            "working_hours: {days: [mon], from: 09:00, to: 09:00}",
            49,
            "The hours end at 09:00",
            "an end later",
        ),
    ],
)
def test_a_rule_that_is_wrong_is_told_at_its_place(
    text: str, column: int, message: str, suggestion: str
) -> None:
    errors = errors_of(rules(text))
    assert (errors[0].line, errors[0].column) == (6, column), errors
    assert errors[0].message.startswith(message)
    assert suggestion in errors[0].suggestion


def test_a_policy_that_asks_for_nothing_is_refused() -> None:
    assert the_error_of(HEAD).message == "The policy asks for nothing"
    assert the_error_of(HEAD + "obligations: []\n").message == "The policy asks for nothing"
    assert the_error_of(HEAD + "rules: {}\n").message == "The policy asks for nothing"


# Obligations that nobody could meet


@pytest.mark.parametrize(
    ("after", "expect", "rest", "column", "message"),
    [
        ("DriveReturned", "DriveReturned", "within: 1d", 43, "DriveReturned is expected after itself"),
        ("DriveReturned", "DriveDestroyed", "within: eta+4h", 67, "DriveReturned states no time of arrival"),
        ("DriveReturned", "DriveDestroyed", "within: eta", 67, "DriveReturned states no time of arrival"),
        (
            "DataExported",
            "DriveReturned",
            "within: return_by+2h",
            65,
            "DataExported states no time of return",
        ),
        ("ExportApproved", "DriveReturned", "within: eta+2h", 67, "ExportApproved states no time of arrival"),
        ("DriveReturned", "DriveDestroyed", "within: 0h", 67, "No time is left"),
        ("DriveDestroyed", "DriveReturned", "within: 1d", 44, "DriveReturned can never rightly follow"),
        ("DriveDestroyed", "DriveWiped", "within: 1d", 44, "DriveWiped can never rightly follow"),
        ("DriveReturned", "DriveEnrolled", "within: 1d", 43, "DriveEnrolled begins a drive's cycle"),
        ("DriveReturned", "FlagWaived", "within: 1d", 43, "FlagWaived is about another fact or a flag"),
        ("FactRetracted", "DriveWiped", "within: 1d", 20, "FactRetracted is about another fact or a flag"),
    ],
)
def test_an_obligation_that_can_never_be_met_is_refused(
    after: str, expect: str, rest: str, column: int, message: str
) -> None:
    error = the_error_of(obligation(f"id: a, after: {after}, expect: {expect}, {rest}, owed_by: lessor"))
    assert (error.line, error.column) == (6, column), error
    assert error.message.startswith(message)
    assert error.suggestion


@pytest.mark.parametrize(
    ("after", "expect", "allowed"),
    [
        ("DriveDispatched", "DriveDelivered", True),
        ("DriveDispatched", "CustodyTransferred", True),
        ("DriveReleased", "DriveReturned", True),
        ("DriveReleased", "DriveDelivered", False),
        ("DriveReturned", "DriveDestroyed", False),
        ("DriveDestroyed", "CertificateIssued", False),
    ],
)
def test_only_facts_that_name_the_same_kind_of_load_can_be_owed_per_shipment(
    after: str, expect: str, allowed: bool
) -> None:
    text = obligation(f"id: a, after: {after}, expect: {expect}, within: 1d, owed_by: carrier, per: shipment")
    if allowed:
        assert read_policy(text).obligations[0].per is Per.SHIPMENT
    else:
        assert the_error_of(text).path == "obligations[0].per"


@pytest.mark.parametrize("expect", ["CertificateIssued", "CertificateAccepted", "IncidentReported"])
def test_papers_may_be_owed_after_the_destruction(expect: str) -> None:
    assert read_policy(
        obligation(f"id: a, after: DriveDestroyed, expect: {expect}, within: 1d, owed_by: lessor")
    )


def obligations(*pairs: tuple[str, str]) -> str:
    return f"{HEAD}obligations:\n" + "".join(
        f"  - {{id: o{n}, after: {after}, expect: {expect}, within: 1d, owed_by: lessor}}\n"
        for n, (after, expect) in enumerate(pairs)
    )


def test_a_circle_is_refused_at_the_obligation_that_closes_it() -> None:
    error = the_error_of(
        obligations(
            ("LeaseEnded", "DriveReleased"),
            ("DriveReleased", "DriveReturned"),
            ("DriveReturned", "DriveWiped"),
            ("DriveReturned", "DriveReleased"),
            ("DriveWiped", "WipeVerified"),
        )
    )
    assert (error.line, error.column, error.path) == (9, 44, "obligations[3].expect")
    assert error.message == "The obligations go in a circle: DriveReturned → DriveReleased → DriveReturned"


def test_a_longer_circle_names_every_step_of_it() -> None:
    error = the_error_of(
        obligations(
            ("DriveWiped", "DriveLost"), ("DriveLost", "DriveSighted"), ("DriveSighted", "DriveWiped")
        )
    )
    assert error.message.endswith("DriveSighted → DriveWiped → DriveLost → DriveSighted")


def test_two_ways_to_the_same_fact_are_no_circle() -> None:
    assert read_policy(
        obligations(
            ("DriveReturned", "DriveWiped"),
            ("DriveReturned", "DriveRemoved"),
            ("DriveWiped", "DriveDestroyed"),
            ("DriveRemoved", "DriveDestroyed"),
        )
    )


def test_an_id_that_is_taken_is_refused_at_each_repeat() -> None:
    text = obligations(
        ("LeaseEnded", "DriveReturned"), ("DriveReturned", "DriveWiped"), ("DriveWiped", "DriveDestroyed")
    )
    errors = errors_of(text.replace("o1", "o0").replace("o2", "o0"))
    assert [(error.line, error.column) for error in errors] == [(7, 10), (8, 10)]
    assert {error.message for error in errors} == {"The obligation 'o0' is already on line 6"}


def test_business_days_need_a_calendar() -> None:
    text = obligation(GOOD.replace("30d", "30bd"))
    assert read_policy(text)
    assert read_policy(text.replace("calendar: JP", "calendar: weekdays"))
    error = the_error_of(text.replace("calendar: JP\n", ""))
    assert (error.line, error.column) == (5, 63)
    assert error.message == "Business days are counted, but the policy names no calendar"
