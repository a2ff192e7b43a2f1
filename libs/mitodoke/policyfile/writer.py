"""Writes a policy down in full, so that it can be read for ever without the policies that it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from mitodoke.lifecycle.policy import WEEKDAYS, Obligation, Per, Policy, Rules, Severity
from mitodoke.policyfile.document import Kind, kind_of

# What YAML reads as the same text without quotes, also between brackets.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+@-]*")


def write_policy(policy: Policy) -> str:
    """The YAML document of a policy, with everything that it asks and no `extends`.

    Reading it gives a policy equal to this one, if this one was read; the same policy always gives the same
    text. Comments are not kept: they are in the document as it was written.
    """
    return "\n".join(_lines(policy)) + "\n"


def length_text(length: timedelta) -> str:
    """An elapsed time as policies write it, in the greatest unit that needs no fraction."""
    seconds = length // timedelta(seconds=1)
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _lines(policy: Policy) -> Iterator[str]:
    yield f"policy: {_text(policy.id)}"
    yield f"version: {policy.version}"
    yield f"timezone: {_text(policy.timezone.key)}"
    # Always, even where it is the usual one: business days may be counted by it.
    yield f"calendar: {_text(policy.calendar or WEEKDAYS)}"
    if policy.reporting_grace:
        yield f"reporting_grace: {length_text(policy.reporting_grace)}"
    if policy.obligations:
        yield "obligations:"
        for obligation in policy.obligations:
            yield f"  - {_mapping(_obligation(obligation))}"
    rules = list(_rules(policy.rules))
    if rules:
        yield "rules:"
        for key, written in rules:
            yield f"  {key}: {written}"


def _obligation(obligation: Obligation) -> Iterator[tuple[str, str]]:
    yield "id", _text(obligation.id)
    yield "after", obligation.after
    yield "expect", obligation.expect
    if obligation.report:
        yield "report", obligation.report
    yield "within", str(obligation.within)
    yield "owed_by", obligation.owed_by
    if obligation.per is not Per.CYCLE:
        yield "per", obligation.per
    if obligation.severity is not Severity.MAJOR:
        yield "severity", str(obligation.severity)
    if obligation.escalate:
        steps = (
            _mapping([("after", str(step.after)), ("severity", str(step.severity))])
            for step in obligation.escalate
        )
        yield "escalate", _sequence(steps)


def _rules(rules: Rules) -> Iterator[tuple[str, str]]:
    if rules.sanitise_before_release:
        yield "sanitise_before_release", "true"
    if rules.steps:
        yield "steps", _sequence(rules.steps)
    if rules.minimum_method:
        yield "minimum_method", _mapping((_text(of), level) for of, level in rules.minimum_method.items())
    if (destruction := rules.destruction) is not None:
        parts = []
        if destruction.methods:
            parts.append(("methods", _sequence(destruction.methods)))
        if destruction.witness is not None:
            parts.append(("witness", destruction.witness))
        if destruction.before_leaving is not None:
            parts.append(("before_leaving", destruction.before_leaving))
        if destruction.particle:
            parts.append(("particle", _mapping(destruction.particle.items())))
        yield "destruction", _mapping(parts)
    if (transit := rules.transit) is not None:
        parts = [("seal", "required")] if transit.seal_required else []
        if transit.crew is not None:
            parts.append(("crew", str(transit.crew)))
        yield "transit", _mapping(parts)
    if rules.separate_people:
        yield "separate_people", _sequence(_sequence(pair) for pair in rules.separate_people)
    if rules.evidence:
        needed = ((kind, _sequence(map(_text, purposes))) for kind, purposes in rules.evidence.items())
        yield "evidence", _mapping(needed)
    if (hours := rules.working_hours) is not None:
        parts = [
            ("days", _sequence(hours.days)),
            ("from", f'"{hours.opens:%H:%M}"'),
            ("to", f'"{hours.closes:%H:%M}"'),
        ]
        if hours.on_public_holidays:
            parts.append(("public_holidays", "true"))
        yield "working_hours", _mapping(parts)
    if rules.late_report is not None:
        yield "late_report", length_text(rules.late_report)
    if rules.custody is not None:
        yield "custody", _mapping([("attest_within", length_text(rules.custody.attest_within))])
    if rules.export_approval:
        yield "export", _mapping([("approval", "required")])
    if rules.waiver_second_person:
        yield "waiver", _mapping([("second_person", "required")])


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and kind_of(text, plain=True) is Kind.TEXT else json.dumps(text)


def _mapping(entries: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"


def _sequence(items: Iterable[str]) -> str:
    return "[" + ", ".join(items) + "]"
