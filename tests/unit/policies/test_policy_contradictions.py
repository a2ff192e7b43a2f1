"""Parts of a policy that are good alone and make no sense together."""

from __future__ import annotations

import pytest

from mitodoke.policyfile import PolicyError, PolicyErrors, read_policy

HEAD = "policy: p\nversion: 1\ntimezone: Asia/Tokyo\ncalendar: JP\nobligations:\n"
FIRST = "id: first, after: LeaseEnded, expect: DriveReturned, within: 30d, owed_by: lessor"


def errors_of(*obligations: str, rest: str = "") -> tuple[PolicyError, ...]:
    text = HEAD + "".join(f"  - {{{one}}}\n" for one in obligations) + rest
    try:
        read_policy(text)
    except PolicyErrors as errors:
        return errors.errors
    return ()


@pytest.mark.parametrize(
    ("changed", "shadowed"),
    [
        ("within: 30d", True),
        ("within: 2 months", True),
        ("within: 1000h", True),
        # Which of the two is due first depends on the day.
        ("within: 1 month", False),
        ("within: 30bd", True),
        ("within: 20bd", False),
        ("within: 30d, severity: warning", True),
        ("within: 60d, severity: critical", True),
        # Another party's word, another fact, another count.
        ("within: 60d, owed_by: owner", False),
        ("within: 60d, expect: DriveReleased", False),
        ("within: 60d, after: DriveReleased", False),
        ("within: 29d", True),
    ],
)
def test_of_two_obligations_for_one_thing_the_later_is_refused(changed: str, shadowed: bool) -> None:
    parts = dict(part.split(": ") for part in FIRST.split(", ")) | {"id": "second"}
    parts |= dict(part.split(": ") for part in changed.split(", "))
    errors = errors_of(FIRST, ", ".join(f"{key}: {value}" for key, value in parts.items()))
    assert len(errors) == shadowed
    for error in errors:
        assert "they are two names for one thing" in error.message
        assert "on line 6" in error.message
        assert "on line 7" in error.message


def test_the_one_that_tells_nothing_is_the_one_complained_of() -> None:
    (error,) = errors_of(FIRST, FIRST.replace("first", "second").replace("30d", "29d"))
    assert (error.line, error.column, error.path) == (6, 67, "obligations[0].within")
    assert error.message.startswith(
        "The obligation 'first', on line 6, is never due before 'second', on line 7,"
    )
    assert error.suggestion == "Keep one of them"


def test_a_second_and_graver_day_is_written_as_an_escalation() -> None:
    (error,) = errors_of(
        FIRST, FIRST.replace("first", "grave").replace("30d", "60d") + ", severity: critical"
    )
    assert (error.line, error.path) == (7, "obligations[1].within")
    assert error.suggestion == (
        "Take 'grave' out, and let the breach of 'first' grow graver, "
        "as in 'escalate: [{after: 7d, severity: critical}]'"
    )
    assert not errors_of(FIRST + ", escalate: [{after: 30d, severity: critical}]")


def test_three_reports_of_one_loss_are_three_things() -> None:
    report = "after: DriveLost, expect: IncidentReported, owed_by: owner"
    three = [
        f"id: a, {report}, within: 1h, report: to_owner",
        f"id: b, {report}, within: 5d, report: preliminary",
        f"id: c, {report}, within: 30d, report: final",
    ]
    assert not errors_of(*three)
    assert len(errors_of(*three, f"id: d, {report}, within: 60d, report: final")) == 1


@pytest.mark.parametrize(
    ("rules", "refused"),
    [
        ("steps: [DriveReleased, DriveWiped], sanitise_before_release: true", "sanitise_before_release"),
        ("steps: [DriveReturned, DriveDestroyed], sanitise_before_release: true", ""),
        ("steps: [DriveDestroyed, CertificateIssued], sanitise_before_release: true", ""),
        (
            "steps: [DriveReleased, DriveWiped, DriveDestroyed], sanitise_before_release: true",
            "sanitise_before_release",
        ),
        ("steps: [DriveWiped, DriveReleased, DriveDestroyed], sanitise_before_release: true", ""),
        ("steps: [DriveReleased, DriveReturned], sanitise_before_release: true", ""),
        ("steps: [DriveReleased, DriveWiped], sanitise_before_release: false", ""),
        ("steps: [LeaseEnded, DriveWiped], sanitise_before_release: true", ""),
        (
            "steps: [DriveDispatched, DriveDestroyed], destruction: {before_leaving: owner_site}",
            "destruction",
        ),
        ("steps: [DriveDelivered, DriveDestroyed], destruction: {before_leaving: owner_site}", "destruction"),
        # From another's premises it may leave after it has left the owner's.
        ("steps: [DriveReleased, DriveDestroyed], destruction: {before_leaving: destroyer_site}", ""),
        ("steps: [DriveReleased, DriveDestroyed], destruction: {methods: [shred]}", ""),
        ("steps: [DriveReleased, DriveWiped], destruction: {before_leaving: owner_site}", ""),
        ("steps: [DriveWiped, DriveDestroyed], destruction: {before_leaving: owner_site}", ""),
    ],
)
def test_steps_do_not_have_a_drive_leave_before_what_is_wanted_before_it_leaves(
    rules: str, refused: str
) -> None:
    errors = errors_of(FIRST, rest=f"rules: {{{rules}}}\n")
    assert len(errors) == bool(refused)
    for error in errors:
        assert (error.line, error.column, error.path) == (7, 16, "rules.steps")
        assert error.message.endswith(
            f"but '{refused}' wants it done before the drive leaves: no drive can keep to both"
        )


@pytest.mark.parametrize(
    ("steps", "contradicts"),
    [
        ("[LeaseEnded, DriveReturned, DriveDestroyed]", False),
        ("[DriveReturned, LeaseEnded]", True),
        ("[DriveReturned, DriveWiped, LeaseEnded]", True),
        ("[DriveReturned, DriveDestroyed]", False),
    ],
)
def test_steps_do_not_want_first_what_an_obligation_expects_after(steps: str, contradicts: bool) -> None:
    errors = errors_of(FIRST, rest=f"rules:\n  steps: {steps}\n")
    assert len(errors) == contradicts
    for error in errors:
        assert (error.line, error.path) == (6, "obligations[0].expect")
        assert error.message == (
            "The steps have DriveReturned before LeaseEnded, "
            "but the obligation 'first', on line 6, expects it after"
        )
