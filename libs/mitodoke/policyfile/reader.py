"""Reads a policy, and finds everything that is wrong with it at one go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from mitodoke.lifecycle.durations import Unit
from mitodoke.lifecycle.kinds import FactKind
from mitodoke.lifecycle.policy import WEEKDAYS, Policy, Rules, Site
from mitodoke.policyfile.document import read_document
from mitodoke.policyfile.errors import Complaints, PolicyErrors, TooManyErrors, closest, shown
from mitodoke.policyfile.holiday_calendar import UnknownCalendarError, calendar_for
from mitodoke.policyfile.inheritance import (
    Parent,
    Parents,
    Removed,
    inherited_rules,
    no_parents,
    read_parent,
    read_removed,
    with_inherited,
)
from mitodoke.policyfile.obligations import Draft, check_together, read_obligations
from mitodoke.policyfile.rules import read_rules
from mitodoke.policyfile.values import Value
from mitodoke.policyfile.writer import write_policy

KEYS = (
    "policy",
    "version",
    "extends",
    "timezone",
    "calendar",
    "reporting_grace",
    "remove",
    "obligations",
    "rules",
)
LEAVING = frozenset(
    {FactKind.DRIVE_RELEASED, FactKind.DRIVE_DISPATCHED, FactKind.DRIVE_DELIVERED, FactKind.DRIVE_RETURNED}
)
"""The steps that show that a drive has left its owner."""
SANITISED_BY = (FactKind.DRIVE_WIPED, FactKind.DRIVE_DESTROYED)
REQUIRED = {"policy": "jp-prefecture-server-drives", "version": "1", "timezone": "Asia/Tokyo"}
HIGHEST_VERSION = 2**31 - 1


def read_policy(text: str | bytes, *, source: str = "<policy>", parents: Parents = no_parents) -> Policy:
    """The policy that a YAML document of at most 256 KiB says, with all that it inherits.

    Promises that the policy can be judged by: its time zone and calendar exist, each of its obligations can
    be met, none is hidden by another, and they go neither in a circle nor against its steps. `source` is
    what errors call the document, as a rule its file name. `parents` knows the documents of the policies
    that it may extend, by id and version. Raises PolicyErrors with all that is wrong, each error at its line
    and column, and whatever `parents` raises.
    """
    return _read(text, source, parents, ())


def _read(text: str | bytes, source: str, parents: Parents, heirs: tuple[str, ...]) -> Policy:
    complaints = Complaints()
    policy: Policy | None
    try:
        root = read_document(text, complaints, source)
        policy = _policy(Value(root, "", "the policy", complaints), parents, heirs)
    except TooManyErrors:
        policy = None
    if policy is None or complaints.errors:
        raise PolicyErrors(complaints.errors, source)
    return policy


def _policy(value: Value, parents: Parents, heirs: tuple[str, ...]) -> Policy | None:
    required = {key: REQUIRED[key] for key in REQUIRED if key != "timezone" or value.child("extends") is None}
    values = value.fields(KEYS, required)
    if values is None:
        return None
    name = values["policy"].name("a policy's name") if "policy" in values else None
    version = values["version"].whole_number(1, HIGHEST_VERSION) if "version" in values else None
    parent = removed = None
    if "extends" in values:
        parent = read_parent(
            values["extends"],
            (*heirs, f"{name}@{version}"),
            parents,
            lambda found, named, line: _read(found, named, parents, line),
        )
    elif "remove" in values:
        values["remove"].wrong(
            "Nothing can be removed from a policy that extends no other",
            "Add 'extends: POLICY@VERSION', or take it out",
        )
    if parent is not None:
        removed = read_removed(values["remove"], parent) if "remove" in values else Removed()

    zone = parent.policy.timezone if parent else None
    calendar: str | None = parent.policy.calendar if parent else WEEKDAYS
    grace: timedelta | None = parent.policy.reporting_grace if parent else timedelta(0)
    if "timezone" in values:
        zone = _zone(values["timezone"])
    if "calendar" in values:
        calendar = _calendar(values["calendar"])
    if "reporting_grace" in values:
        grace = values["reporting_grace"].fixed_length("A grace", "24h")
    drafts = read_obligations(values["obligations"]) if "obligations" in values else []
    if parent is not None and removed is not None:
        drafts = with_inherited(drafts, parent, removed)
    rules = inherited_rules(parent, removed) if parent is not None and removed is not None else Rules()
    if "rules" in values:
        rules = read_rules(values["rules"], rules, parent.name if parent is not None else "")
    if "calendar" not in values and "extends" not in values:
        for draft in drafts:
            if draft.within is not None and draft.within.unit is Unit.BUSINESS_DAY:
                draft.values["within"].wrong(
                    "Business days are counted, but the policy names no calendar",
                    f"Add 'calendar: JP', or 'calendar: {WEEKDAYS}' for Monday to Friday without holidays",
                )
    check_together(drafts)
    _check_steps(drafts, rules, values)
    if "rules" in values:
        _check_leaving(rules, values["rules"])
    if not drafts and rules == Rules() and not value.complaints.errors:
        value.wrong("The policy asks for nothing", "Add an obligation or a rule")
    obligations = [draft.finished() for draft in drafts]
    if name is None or version is None or zone is None or calendar is None or grace is None:
        return None
    policy = Policy(
        id=name,
        version=version,
        timezone=zone,
        calendar=calendar,
        reporting_grace=grace,
        obligations=tuple(obligation for obligation in obligations if obligation is not None),
        rules=rules,
    )
    if parent is not None and not value.complaints.errors:
        _check_differs(policy, parent)
        _check_can_be_kept(policy, parent)
    return policy


def _check_differs(policy: Policy, parent: Parent) -> None:
    if replace(policy, id=parent.policy.id, version=parent.policy.version) == parent.policy:
        parent.value.wrong(
            f"The policy repeats {parent.name} without a change",
            f"Say what differs, or use {parent.name} itself",
        )


def _check_can_be_kept(policy: Policy, parent: Parent) -> None:
    # What is published is kept in full as well, to be read for ever without the parent.
    try:
        _read(write_policy(policy), parent.name, no_parents, ())
    except PolicyErrors:
        parent.value.wrong(
            f"Together with what it inherits from {parent.name}, the policy is larger than one may be",
            "Remove what is not needed",
        )


def _check_steps(drafts: list[Draft], rules: Rules, values: dict[str, Value]) -> None:
    """Complain where the steps want first what an obligation expects afterwards."""
    place = {kind: number for number, kind in enumerate(rules.steps)}
    for draft in drafts:
        if draft.after not in place or draft.expect not in place:
            continue
        if place[draft.expect] < place[draft.after]:
            # A parent does not contradict itself: what is not the child's obligation are the child's steps.
            steps = values["rules"].child("steps") if "rules" in values else None
            at = steps if draft.inherited and steps is not None else draft.values["expect"]
            at.wrong(
                f"The steps have {draft.expect} before {draft.after}, "
                f"but the obligation '{draft.id}', {draft.where}, expects it after",
                "Change the order of the steps, or what the obligation expects",
            )


def _check_leaving(rules: Rules, at: Value) -> None:
    """Complain where the steps have a drive leave first, and another rule wants something of it before it leaves."""
    left = next((number for number, step in enumerate(rules.steps) if step in LEAVING), None)
    before_leaving = rules.destruction.before_leaving if rules.destruction else None
    # A wipe that is no step of its own may come at any time.
    wiped_in_steps = FactKind.DRIVE_WIPED in rules.steps
    for key, wanted, done_by in (
        ("sanitise_before_release", rules.sanitise_before_release and wiped_in_steps, SANITISED_BY),
        ("destruction", before_leaving is Site.OWNER, SANITISED_BY[-1:]),
    ):
        done = [number for number, step in enumerate(rules.steps) if step in done_by]
        if not wanted or left is None or not done or min(done) < left:
            continue
        # Where both are inherited, the parent would have been refused.
        place = at.child("steps") or at.child(key)
        if place is not None:
            place.wrong(
                f"The steps have {rules.steps[left]} before {rules.steps[min(done)]}, "
                f"but '{key}' wants it done before the drive leaves: no drive can keep to both",
                f"Put {rules.steps[min(done)]} first, or take '{key}' out",
            )


@cache
def _zone_names() -> frozenset[str]:
    # Not the two that mean something else on each machine, or nothing.
    return frozenset(available_timezones() - {"localtime", "Factory"})


def _zone(value: Value) -> ZoneInfo | None:
    name = value.text("a time zone")
    if name is None:
        return None
    if name not in _zone_names():
        close = closest(name, sorted(_zone_names()))
        value.wrong(
            f"{shown(name)} is not a time zone",
            (f"Did you mean {close!r}? " if close else "")
            + "Write a place of the tz database, as in 'Asia/Tokyo'",
        )
        return None
    return ZoneInfo(name)


def _calendar(value: Value) -> str | None:
    code = value.text("a calendar's code")
    if code is None:
        return None
    try:
        calendar_for(code)
    except UnknownCalendarError as error:
        value.wrong(error.problem, error.suggestion)
        return None
    return code
