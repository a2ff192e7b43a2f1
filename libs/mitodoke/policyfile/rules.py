"""The rules of a policy: what facts are held to."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

from mitodoke.lifecycle.kinds import CORRECTIONS, FactKind
from mitodoke.lifecycle.media_levels import CATEGORY_OF_MEDIUM, levels_of
from mitodoke.lifecycle.policy import (
    MEDIA_TYPES,
    CustodyRule,
    DestructionMethod,
    DestructionRule,
    Person,
    Rules,
    SanitisationLevel,
    Site,
    TransitRule,
    Weekday,
    WorkingHours,
)
from mitodoke.policyfile.obligations import KINDS, ROLES
from mitodoke.policyfile.values import T, Value

DESTRUCTION_KEYS = ("methods", "witness", "before_leaving", "particle")
TRANSIT_KEYS = ("seal", "crew")
WORKING_HOURS_KEYS = ("days", "from", "to", "public_holidays")
CUSTODY_KEYS = ("attest_within",)
EXPORT_KEYS = ("approval",)
WAIVER_KEYS = ("second_person",)

_LEVELS = {level.value: level for level in SanitisationLevel}
_METHODS = {method.value: method for method in DestructionMethod}
_SITES = {site.value: site for site in Site}
_PEOPLE = {person.value: person for person in Person}
_WEEKDAYS = {day.value: day for day in Weekday}
_NEED = {"required": True, "optional": False}
_MEDIA = {medium: medium for medium in CATEGORY_OF_MEDIUM}
MOST_CREW = 20


def read_rules(value: Value, inherited: Rules, parent: str) -> Rules:
    """The rules that are written, over those that are inherited from the policy `parent`, key by key.

    One that cannot be read is complained about, and is off. So is one that repeats what is inherited.
    """
    rules = inherited
    for key, written in (value.fields(KEYS, {}) or {}).items():
        field, read = _RULES[key]
        complaints = len(value.complaints.errors)
        read_as = read(written)
        if parent and len(value.complaints.errors) == complaints and getattr(inherited, field) == read_as:
            written.wrong(
                f"'{key}' says what {parent} says, which this policy extends", "Take it out: it is inherited"
            )
        rules = replace(rules, **{field: read_as})
    return rules


def without(rules: Rules, keys: Collection[str]) -> Rules:
    """The rules with those of these keys off."""
    off = Rules()
    return replace(rules, **{_RULES[key][0]: getattr(off, _RULES[key][0]) for key in keys})


def keys_in_force(rules: Rules) -> tuple[str, ...]:
    """The keys of the rules that are not off."""
    off = Rules()
    return tuple(key for key in KEYS if getattr(rules, _RULES[key][0]) != getattr(off, _RULES[key][0]))


def _steps(value: Value) -> tuple[FactKind, ...]:
    steps = _words(value, KINDS, "a kind of fact", "step")
    for step in steps:
        if step in CORRECTIONS:
            value.wrong(f"{step} is about another fact or a flag, and is no step of a drive", "Take it out")
    if len(steps) == 1:
        value.wrong("One step has no order", "Name at least two, the earlier first")
    for before, after in pairwise(steps):
        if before is FactKind.DRIVE_DESTROYED and after not in (
            FactKind.CERTIFICATE_ISSUED,
            FactKind.CERTIFICATE_ACCEPTED,
        ):
            value.wrong(
                f"No drive can take the step {after} after DriveDestroyed", "Put it before DriveDestroyed"
            )
    return steps


def _minimum_method(value: Value) -> dict[str, SanitisationLevel]:
    levels: dict[str, SanitisationLevel] = {}
    for key, level_value in value.entries() or ():
        name = Value(key, level_value.path, f"the key '{key.text[:40]}'", value.complaints).name(
            "a media type or a data class"
        )
        # A data class may have any name; but one that all but spells a media type is that media type,
        # misspelt, and would be a rule that is never applied.
        if name is not None and name not in MEDIA_TYPES:
            close = difflib.get_close_matches(name, MEDIA_TYPES, n=1, cutoff=0.75)
            if close:
                value.complaints.add(
                    key.place,
                    level_value.path,
                    f"'{name}' is not a media type, and too like one to be a data class",
                    f"Did you mean {close[0]!r}? The media types are {', '.join(MEDIA_TYPES)}",
                )
        level = level_value.one_of(_LEVELS, "a level of sanitisation")
        if name is not None and level is not None:
            levels[name] = level
    return levels


def _destruction(value: Value) -> DestructionRule:
    values = value.fields(DESTRUCTION_KEYS, {}) or {}
    return DestructionRule(
        methods=_words(values["methods"], _METHODS, "a method of destruction", "method")
        if "methods" in values
        else (),
        witness=values["witness"].one_of(ROLES, "a role") if "witness" in values else None,
        before_leaving=values["before_leaving"].one_of(_SITES, "a site")
        if "before_leaving" in values
        else None,
        particle=_particle(values["particle"]) if "particle" in values else {},
    )


def _particle(value: Value) -> dict[str, str]:
    levels: dict[str, str] = {}
    for key, level_value in value.entries() or ():
        medium = Value(key, level_value.path, f"'{key.text[:40]}'", value.complaints).one_of(
            _MEDIA, "a medium that can be destroyed to a size"
        )
        if medium is None:
            continue
        known = {level: level for level in levels_of(medium)}
        level = level_value.one_of(known, f"a security level of ISO/IEC 21964 for {medium}")
        if level is not None:
            levels[medium] = level
    return levels


def _transit(value: Value) -> TransitRule:
    values = value.fields(TRANSIT_KEYS, {}) or {}
    seal = values["seal"].one_of(_NEED, "what a seal can be") if "seal" in values else None
    return TransitRule(
        seal_required=bool(seal),
        crew=values["crew"].whole_number(1, MOST_CREW) if "crew" in values else None,
    )


def _separate_people(value: Value) -> tuple[tuple[Person, Person], ...]:
    pairs: list[tuple[Person, Person]] = []
    for item in value.items("the pair") or ():
        people = _words(item, _PEOPLE, "a person whom a fact names", "person")
        if len(people) == 2:
            pairs.append((people[0], people[1]))
        elif people and len(people) == len(item.items("person") or ()):
            item.wrong(
                "Not two people: the rule is that two of them differ",
                "Write a pair, as in [operator, witness]",
            )
    return tuple(pairs)


def _evidence(value: Value) -> dict[FactKind, tuple[str, ...]]:
    needed: dict[FactKind, tuple[str, ...]] = {}
    for key, purposes_value in value.entries() or ():
        kind = Value(key, purposes_value.path, f"'{key.text[:40]}'", value.complaints).one_of(
            KINDS, "a kind of fact"
        )
        purposes = [
            purpose
            for item in purposes_value.items("the evidence") or ()
            if (purpose := item.name("the purpose of a file")) is not None
        ]
        if kind is not None:
            needed[kind] = tuple(purposes)
    return needed


def _working_hours(value: Value) -> WorkingHours | None:
    values = value.fields(
        WORKING_HOURS_KEYS, {"days": "[mon, tue, wed, thu, fri]", "from": '"08:30"', "to": '"17:15"'}
    )
    if values is None:
        return None
    days = _words(values["days"], _WEEKDAYS, "a day of the week", "day") if "days" in values else ()
    opens = values["from"].clock() if "from" in values else None
    closes = values["to"].clock() if "to" in values else None
    holidays = values["public_holidays"].boolean() if "public_holidays" in values else False
    if opens is None or closes is None:
        return None
    if opens >= closes:
        values["to"].wrong(
            f"The hours end at {closes:%H:%M}, not after they start at {opens:%H:%M}",
            "Write an end later in that day",
        )
    return WorkingHours(days, opens, closes, on_public_holidays=bool(holidays))


def _words(value: Value, options: dict[str, T], what: str, called: str) -> tuple[T, ...]:
    """A list, not empty, of different words out of a few."""
    items = value.items(f"the {called}")
    if items is None:
        return ()
    if not items:
        value.wrong(
            f"{value.called} is an empty list", f"Name at least one {called}, or leave {value.called} out"
        )
    words: list[T] = []
    for item in items:
        word = item.one_of(options, what)
        if word is None:
            continue
        if word in words:
            item.wrong(f"The {called} {word} is named twice", "Name it once")
        else:
            words.append(word)
    return tuple(words)


def _sanitise(value: Value) -> bool:
    return bool(value.boolean())


def _late_report(value: Value) -> timedelta | None:
    return _limit(value, "48h")


def _custody(value: Value) -> CustodyRule | None:
    values = value.fields(CUSTODY_KEYS, {"attest_within": "24h"})
    within = _limit(values["attest_within"], "24h") if values and "attest_within" in values else None
    return None if within is None else CustodyRule(within)


def _export(value: Value) -> bool:
    return _needed(value, EXPORT_KEYS, "what an approval can be")


def _waiver(value: Value) -> bool:
    return _needed(value, WAIVER_KEYS, "what a second person can be")


def _needed(value: Value, keys: tuple[str], what: str) -> bool:
    values = value.fields(keys, {keys[0]: "required"}) or {}
    return bool(values[keys[0]].one_of(_NEED, what)) if keys[0] in values else False


def _limit(value: Value, example: str) -> timedelta | None:
    limit = value.fixed_length("A limit", example)
    if limit == timedelta(0):
        value.wrong("No time is left: every report comes later than what it tells", f"Write {example}")
        return None
    return limit


_RULES: Final[dict[str, tuple[str, Callable[[Value], Any]]]] = {
    "sanitise_before_release": ("sanitise_before_release", _sanitise),
    "steps": ("steps", _steps),
    "minimum_method": ("minimum_method", _minimum_method),
    "destruction": ("destruction", _destruction),
    "transit": ("transit", _transit),
    "separate_people": ("separate_people", _separate_people),
    "evidence": ("evidence", _evidence),
    "working_hours": ("working_hours", _working_hours),
    "late_report": ("late_report", _late_report),
    "custody": ("custody", _custody),
    "export": ("export_approval", _export),
    "waiver": ("waiver_second_person", _waiver),
}
"""The field of `Rules` that a key sets, and what reads it."""

KEYS: Final = tuple(_RULES)
