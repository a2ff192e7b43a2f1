"""The obligations of a policy, and which of them nobody could ever meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mitodoke.lifecycle.durations import Duration, never_earlier
from mitodoke.lifecycle.kinds import (
    AFTER_THE_END,
    CARRIES_ETA,
    CARRIES_RETURN,
    CORRECTIONS,
    INCIDENT_REPORTS,
    NAMES_A_LOT,
    NAMES_A_SHIPMENT,
    FactKind,
    Role,
)
from mitodoke.lifecycle.policy import Escalation, Obligation, Per, Severity
from mitodoke.policyfile.errors import Complaints
from mitodoke.policyfile.values import Value

KEYS = ("id", "after", "expect", "report", "within", "owed_by", "per", "severity", "escalate")
REQUIRED = {
    "id": "return",
    "after": "LeaseEnded",
    "expect": "DriveReturned",
    "within": "30d",
    "owed_by": "lessor",
}
ESCALATION_KEYS = ("after", "severity")

KINDS = {kind.value: kind for kind in FactKind}
ROLES = {role.value: role for role in Role}
_PER = {per.value: per for per in Per}
_SEVERITIES = {severity.value: severity for severity in Severity}
_REPORTS = {report: report for report in INCIDENT_REPORTS}
_GRAVEST = max(Severity)


@dataclass(frozen=True, slots=True)
class Draft:
    """An obligation as far as it could be read, beside the values it was read from.

    What is wrong in it is None. One that is `inherited` has that policy's name here, and the place where
    the policy names it stands for all of its values.
    """

    values: Mapping[str, Value]
    id: str | None
    after: FactKind | None
    expect: FactKind | None
    within: Duration | None
    owed_by: Role | None
    per: Per | None
    severity: Severity | None
    escalate: tuple[Escalation, ...] | None
    report: str | None
    inherited: str = ""

    def finished(self) -> Obligation | None:
        """The obligation, when all of it could be read."""
        if self.id is None or self.after is None or self.expect is None or self.within is None:
            return None
        if self.owed_by is None or self.per is None or self.severity is None:
            return None
        if self.escalate is None or self.report is None:
            return None
        return Obligation(
            self.id,
            self.after,
            self.expect,
            self.within,
            self.owed_by,
            self.per,
            self.severity,
            self.escalate,
            self.report,
        )

    @property
    def where(self) -> str:
        """Where it is written, as a sentence says it."""
        if self.inherited:
            return f"inherited from {self.inherited}"
        return f"on line {min(value.place for value in self.values.values()).line}"


def inherited(obligation: Obligation, parent: str, extends: Value) -> Draft:
    """An obligation of the policy `parent`, which is named at `extends`."""
    return Draft(
        dict.fromkeys(KEYS, extends),
        obligation.id,
        obligation.after,
        obligation.expect,
        obligation.within,
        obligation.owed_by,
        obligation.per,
        obligation.severity,
        obligation.escalate,
        obligation.report,
        inherited=parent,
    )


def read_obligations(value: Value) -> list[Draft]:
    """Every obligation of the list, each checked alone."""
    items = value.items("the obligation")
    drafts = [draft for item in items or () if (draft := _read(item)) is not None]
    _check_ids(drafts)
    return [_checked(draft, value.complaints) for draft in drafts]


def _checked(draft: Draft, complaints: Complaints) -> Draft:
    before = len(complaints.errors)
    for check in _CHECKS:
        check(draft)
    if len(complaints.errors) > before:
        # What is wrong by itself is told once: nothing more is made of it beside the others.
        return replace(draft, expect=None)
    return draft


def check_together(drafts: Sequence[Draft]) -> None:
    """Complain at each obligation that goes against those before it, inherited ones first."""
    in_order = sorted(drafts, key=lambda draft: not draft.inherited)
    _check_circles(in_order)
    _check_shadowed(in_order)


def _read(item: Value) -> Draft | None:
    values = item.fields(KEYS, REQUIRED)
    if values is None:
        return None
    severity = (
        values["severity"].one_of(_SEVERITIES, "a severity") if "severity" in values else Severity.MAJOR
    )
    return Draft(
        values=values,
        id=values["id"].name("an obligation's id") if "id" in values else None,
        after=values["after"].one_of(KINDS, "a kind of fact") if "after" in values else None,
        expect=values["expect"].one_of(KINDS, "a kind of fact") if "expect" in values else None,
        within=values["within"].duration() if "within" in values else None,
        owed_by=values["owed_by"].one_of(ROLES, "a role") if "owed_by" in values else None,
        per=values["per"].one_of(_PER, "what an obligation is counted by") if "per" in values else Per.CYCLE,
        severity=severity,
        escalate=_escalations(values["escalate"], severity) if "escalate" in values else (),
        report=values["report"].one_of(_REPORTS, "a report of an incident") if "report" in values else "",
    )


def _escalations(value: Value, severity: Severity | None) -> tuple[Escalation, ...] | None:
    """What a breach grows to; `severity` is what it begins as."""
    items = value.items("the escalation")
    if items is None:
        return None
    if not items:
        value.wrong("'escalate' is an empty list", "Write [{after: 7d, severity: critical}], or leave it out")
    steps: list[Escalation] = []
    all_read = True
    for item in items:
        values = item.fields(ESCALATION_KEYS, {"after": "7d", "severity": "critical"}) or {}
        after = _time_overdue(values["after"]) if "after" in values else None
        grown = values["severity"].one_of(_SEVERITIES, "a severity") if "severity" in values else None
        if after is None or grown is None:
            all_read = False
            continue
        so_far = steps[-1].severity if steps else severity
        if so_far is not None and grown <= so_far:
            graver = [str(known) for known in Severity if known > so_far]
            values["severity"].wrong(
                f"The escalation to {grown} never applies: the breach is {so_far} by then",
                f"Write {' or '.join(graver)}, or take it out" if graver else "Take it out",
            )
        if steps and never_earlier(steps[-1].after, after):
            values["after"].wrong(
                f"The escalation to {steps[-1].severity} never applies: the one to {grown} comes no later, "
                f"after {after}",
                f"Write a time later than {steps[-1].after}, or take one of them out",
            )
        steps.append(Escalation(after, grown))
    return tuple(steps) if all_read else None


def _time_overdue(value: Value) -> Duration | None:
    after = value.duration()
    if after is not None and after.anchor:
        value.wrong(
            "An escalation counts from the time at which the breach was due", "Write a duration, as in 7d"
        )
        return None
    if after is not None and after.amount == 0:
        value.wrong(
            "An escalation at the due time itself is what 'severity' says",
            "Write a time overdue, as in 7d, or write that severity",
        )
        return None
    return after


def _check_is_about_a_drive(draft: Draft) -> None:
    for name, kind in (("after", draft.after), ("expect", draft.expect)):
        if kind in CORRECTIONS:
            draft.values[name].wrong(
                f"{kind} is about another fact or a flag, so no drive can be owed anything by it",
                "Name a fact that happens to a drive",
            )


def _check_expects_another_fact(draft: Draft) -> None:
    if draft.after is not None and draft.after == draft.expect:
        draft.values["expect"].wrong(
            f"{draft.expect} is expected after itself, and is there as soon as it is owed",
            "Name the fact that must follow it",
        )


def _check_can_follow(draft: Draft) -> None:
    if draft.after is None or draft.expect is None or draft.after == draft.expect:
        return
    if draft.expect is FactKind.DRIVE_ENROLLED:
        draft.values["expect"].wrong(
            "DriveEnrolled begins a drive's cycle, so it can never come after another fact of the same one",
            "Name a fact that follows the enrolment",
        )
    if draft.after is FactKind.DRIVE_DESTROYED and draft.expect not in AFTER_THE_END | CORRECTIONS:
        draft.values["expect"].wrong(
            f"{draft.expect} can never rightly follow DriveDestroyed, which is a drive's end",
            f"After it, expect one of {', '.join(sorted(AFTER_THE_END))}",
        )


def _check_leaves_time(draft: Draft) -> None:
    within = draft.within
    if within is not None and not within.anchor and within.amount == 0:
        draft.values["within"].wrong(
            "No time is left: what is due at the very moment it comes to be owed is never met",
            "Give at least 1s",
        )


def _check_has_its_anchor(draft: Draft) -> None:
    if draft.within is None or not draft.within.anchor or draft.after is None:
        return
    states = CARRIES_ETA if draft.within.from_eta else CARRIES_RETURN
    if draft.after not in states:
        what = "time of arrival" if draft.within.from_eta else "time of return"
        draft.values["within"].wrong(
            f"{draft.after} states no {what}, so nothing can be counted from its {draft.within.anchor}",
            f"Count from {' or '.join(sorted(states))}, or write a duration without {draft.within.anchor}",
        )


def _check_reports_an_incident(draft: Draft) -> None:
    if draft.report and draft.expect not in (None, FactKind.INCIDENT_REPORTED):
        draft.values["report"].wrong(
            f"{draft.expect} is no report of an incident",
            f"Expect {FactKind.INCIDENT_REPORTED}, or leave 'report' out",
        )


def _check_has_a_load(draft: Draft) -> None:
    if draft.per is not Per.SHIPMENT or draft.after is None or draft.expect is None:
        return
    if not any({draft.after, draft.expect} <= kinds for kinds in (NAMES_A_LOT, NAMES_A_SHIPMENT)):
        draft.values["per"].wrong(
            f"{draft.after} and {draft.expect} do not both name a shipment, nor both a lot, "
            "so they cannot be matched per shipment",
            f"Use two of {', '.join(sorted(NAMES_A_SHIPMENT))}, or {' and '.join(sorted(NAMES_A_LOT))}, "
            "or leave 'per' out",
        )


_CHECKS: tuple[Callable[[Draft], None], ...] = (
    _check_is_about_a_drive,
    _check_expects_another_fact,
    _check_can_follow,
    _check_leaves_time,
    _check_has_its_anchor,
    _check_has_a_load,
    _check_reports_an_incident,
)


def _check_ids(drafts: list[Draft]) -> None:
    first: dict[str, Value] = {}
    for draft in drafts:
        if draft.id is None:
            continue
        value = draft.values["id"]
        if draft.id in first:
            value.wrong(
                f"The obligation '{draft.id}' is already on line {first[draft.id].place.line}",
                "Give each obligation an id of its own",
            )
        first.setdefault(draft.id, value)


def _check_circles(drafts: Sequence[Draft]) -> None:
    """Complain at each obligation that closes a circle with those written before it."""
    owed: dict[FactKind, list[FactKind]] = {}
    for draft in drafts:
        if draft.after is None or draft.expect is None or draft.after == draft.expect:
            continue
        way = _way(owed, draft.expect, draft.after)
        if way:
            draft.values["expect"].wrong(
                f"The obligations go in a circle: {' → '.join([draft.after, *way])}",
                "Take one of them out: a drive in a circle is never done",
            )
        else:
            owed.setdefault(draft.after, []).append(draft.expect)


def _check_shadowed(drafts: Sequence[Draft]) -> None:
    """Complain of each obligation that tells nothing which another, of the same party, did not tell by then.

    Two parties may well answer for one thing, each by its own day: that is no shadow.
    """
    by_debt: dict[tuple[object, ...], list[tuple[Draft, Obligation]]] = {}
    for draft in drafts:
        obligation = draft.finished()
        if obligation is None:
            continue
        debt = (obligation.after, obligation.expect, obligation.report, obligation.per, obligation.owed_by)
        earlier = by_debt.setdefault(debt, [])
        for other_draft, other in earlier:
            if other.id == obligation.id:
                continue
            if never_earlier(obligation.within, other.within):
                _complain_of_shadow(draft, obligation, other_draft, other)
                break
            if never_earlier(other.within, obligation.within):
                _complain_of_shadow(other_draft, other, draft, obligation)
                break
        earlier.append((draft, obligation))


def _complain_of_shadow(draft: Draft, shadowed: Obligation, over: Draft, stays: Obligation) -> None:
    # What is inherited cannot be changed where it stands: the child's own obligation is the one to look at.
    at = over if draft.inherited else draft
    if draft.inherited:
        mend = f"Write 'remove: [{shadowed.id}]', or give this one the id '{shadowed.id}' to replace it"
    elif shadowed.severity > stays.severity:
        mend = (
            f"Take '{shadowed.id}' out, and let the breach of '{stays.id}' grow graver, "
            f"as in 'escalate: [{{after: 7d, severity: {shadowed.severity}}}]'"
        )
    else:
        mend = "Keep one of them"
    at.values["within"].wrong(
        f"The obligation '{shadowed.id}', {draft.where}, is never due before '{stays.id}', {over.where}, "
        "which asks the same: they are two names for one thing",
        mend,
    )


def _way(owed: dict[FactKind, list[FactKind]], start: FactKind, end: FactKind) -> list[FactKind]:
    came_from = {start: start}
    waiting = [start]
    for kind in waiting:
        if kind == end:
            way = [kind]
            while way[-1] != start:
                way.append(came_from[way[-1]])
            return way[::-1]
        for following in owed.get(kind, ()):
            if following not in came_from:
                came_from[following] = kind
                waiting.append(following)
    return []
