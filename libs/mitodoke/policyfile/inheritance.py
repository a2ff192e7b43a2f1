"""What a policy takes from the one that it extends.

The obligations of the child replace those of the parent with the same id and are added to the others; each
of its rules replaces the parent's rule of that key; what it removes is gone; everything else is inherited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mitodoke.lifecycle.policy import Policy, Rules
from mitodoke.policyfile.errors import PolicyErrors, shown
from mitodoke.policyfile.obligations import Draft, inherited
from mitodoke.policyfile.rules import keys_in_force, without
from mitodoke.policyfile.values import NAME, Value

Parents = Callable[[str, int], str | bytes | None]
"""The document of that version of that policy; None where none is known."""

LONGEST_LINE = 16
"""The most policies that may extend one another in a row."""

_NAMED = re.compile(rf"(?P<id>{NAME.pattern})@(?P<version>[1-9][0-9]{{0,9}})")
_RULE = "rules."


@dataclass(frozen=True, slots=True)
class Parent:
    """The policy that another extends: its name as `ID@VERSION`, and where it is named."""

    policy: Policy
    name: str
    value: Value


def no_parents(policy_id: str, version: int) -> None:
    """Knows no policy."""


def read_parent(
    value: Value,
    heirs: tuple[str, ...],
    parents: Parents,
    read: Callable[[str | bytes, str, tuple[str, ...]], Policy],
) -> Parent | None:
    """The policy that is named at `value`, as `ID@VERSION`, read by `read` from what `parents` knows.

    `heirs` are the policies that extend one another down to this one, the youngest first. A parent that is
    not known, extends one of its heirs, or cannot be read is complained about.
    """
    text = value.text("a policy and its version")
    if text is None:
        return None
    match = _NAMED.fullmatch(text)
    if match is None:
        value.wrong(
            f"{shown(text)} does not name a version of a policy",
            "Write its name, @ and the number, as in jp-local-government-servers@1",
        )
        return None
    if text in heirs:
        value.wrong(
            f"The policies extend each other in a circle: {' → '.join([*heirs[heirs.index(text) :], text])}",
            "Take one of them out, or extend an earlier version",
        )
        return None
    if len(heirs) >= LONGEST_LINE:
        value.wrong(
            f"More than {LONGEST_LINE} policies extend one another",
            f"Write out what is meant, without 'extends', in {heirs[0]}",
        )
        return None
    found = parents(match["id"], int(match["version"]))
    if found is None:
        value.wrong(
            f"The policy {text} is not known here", "Publish it first, or keep its file in the same folder"
        )
        return None
    try:
        policy = read(found, text, heirs)
    except PolicyErrors as errors:
        first = errors.errors[0]
        value.wrong(
            f"The policy {text} cannot be extended, as it has errors; the first is on its line {first.line}: "
            f"{first.message}",
            f"Mend {text} first",
        )
        return None
    if f"{policy.id}@{policy.version}" != text:
        value.wrong(
            f"The document that is kept as {text} is version {policy.version} of '{policy.id}'",
            "Extend that one, or look at where it is kept",
        )
        return None
    return Parent(policy, text, value)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a child takes away from its parent."""

    obligations: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()


def read_removed(value: Value, parent: Parent) -> Removed:
    """The ids of obligations, and the rules as `rules.KEY`, that are taken away from the parent."""
    ids = [obligation.id for obligation in parent.policy.obligations]
    known = {name: name for name in [*ids, *(f"{_RULE}{key}" for key in keys_in_force(parent.policy.rules))]}
    items = value.items("what is removed")
    if items is not None and not items:
        value.wrong(
            "'remove' is an empty list", "Name what the parent has and this policy has not, or leave it out"
        )
    names: list[str] = []
    for item in items or ():
        name = item.one_of(known, f"an obligation of {parent.name}, nor one of its rules")
        if name is None:
            continue
        if name in names:
            item.wrong(f"'{name}' is removed twice", "Name it once")
        names.append(name)
    rules = frozenset(name.removeprefix(_RULE) for name in names if name not in ids)
    return Removed(frozenset(names).intersection(ids), rules)


def with_inherited(drafts: Sequence[Draft], parent: Parent, removed: Removed) -> list[Draft]:
    """The parent's obligations in their order, those that `drafts` replace replaced, and then the others."""
    own = {draft.id: draft for draft in drafts}
    merged: list[Draft] = []
    for obligation in parent.policy.obligations:
        replacement = own.pop(obligation.id, None)
        if replacement is None:
            if obligation.id not in removed.obligations:
                merged.append(inherited(obligation, parent.name, parent.value))
            continue
        if obligation.id in removed.obligations:
            replacement.values["id"].wrong(
                f"The obligation '{obligation.id}' is removed, and written again",
                "To replace it, only write it: take it out of 'remove'",
            )
        elif replacement.finished() == obligation:
            replacement.values["id"].wrong(
                f"The obligation '{obligation.id}' says what {parent.name} says, which this policy extends",
                "Take it out: it is inherited",
            )
        merged.append(replacement)
    replaced = {id(draft) for draft in merged}
    return [*merged, *(draft for draft in drafts if id(draft) not in replaced)]


def inherited_rules(parent: Parent, removed: Removed) -> Rules:
    """The parent's rules but those that are removed."""
    return without(parent.policy.rules, removed.rules)
