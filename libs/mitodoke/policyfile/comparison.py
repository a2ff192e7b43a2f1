"""What changes from one policy to another, and whether that asks more or less."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mitodoke.lifecycle.durations import Duration, never_earlier
from mitodoke.lifecycle.policy import (
    Escalation,
    Obligation,
    Policy,
    Rules,
    SanitisationLevel,
    Weekday,
    WorkingHours,
)
from mitodoke.policyfile.description import LANGUAGES
from mitodoke.policyfile.writer import length_text


class Direction(enum.StrEnum):
    """Which way a change goes: the new policy asks more, less, or something else."""

    STRICTER = "stricter"
    LAXER = "laxer"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs between two policies.

    `path` names it as in `obligations.return.within`. `before` and `after` are as the language puts it for
    a whole obligation, and as the policy writes it for all else; None where there was or is none.
    `sentence` says all of it.
    """

    path: str
    before: str | None
    after: str | None
    direction: Direction
    sentence: str


def compare(old: Policy, new: Policy, language: str = "en") -> list[Change]:
    """Everything in which `new` differs from `old` except its version, told in English (`en`) or Japanese (`ja`).

    Empty when both ask the same. A direction is given only where it holds for every drive; an obligation with
    another id is another obligation. Raises KeyError for another language.
    """
    tell = _TELL[language]
    return [
        Change(path, before, after, direction, tell(path, before, after, direction))
        for path, before, after, direction in _changes(old, new, LANGUAGES[language].obligation)
    ]


_Told = tuple[str, str | None, str | None, Direction]
_Direct = Callable[[Any, Any], Direction]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing that a policy asks: how it is written, and which way a change of it goes."""

    value: Any
    text: str
    direct: _Direct


def _changes(old: Policy, new: Policy, sentence: Callable[[Obligation], str]) -> Iterator[_Told]:
    yield from _differences(dict(_head(old)), dict(_head(new)))
    was = {obligation.id: obligation for obligation in old.obligations}
    now = {obligation.id: obligation for obligation in new.obligations}
    for name in [*was, *(name for name in now if name not in was)]:
        path = f"obligations.{name}"
        if name not in now:
            yield path, sentence(was[name]), None, Direction.LAXER
        elif name not in was:
            yield path, None, sentence(now[name]), Direction.STRICTER
        else:
            yield from _differences(dict(_parts(path, was[name])), dict(_parts(path, now[name])))
    yield from _differences(dict(_rules(old.rules)), dict(_rules(new.rules)))


def _differences(was: Mapping[str, _Asked], now: Mapping[str, _Asked]) -> Iterator[_Told]:
    for path in [*was, *(path for path in now if path not in was)]:
        before, after = was.get(path), now.get(path)
        if before is None or after is None:
            direction = Direction.LAXER if after is None else Direction.STRICTER
            yield path, before.text if before else None, after.text if after else None, direction
        elif before.value != after.value:
            yield path, before.text, after.text, before.direct(before.value, after.value)


def _head(policy: Policy) -> Iterator[tuple[str, _Asked]]:
    yield "policy", _Asked(policy.id, policy.id, _neither)
    yield "timezone", _Asked(policy.timezone.key, policy.timezone.key, _neither)
    yield "calendar", _Asked(policy.calendar, policy.calendar, _neither)
    grace = policy.reporting_grace
    yield "reporting_grace", _Asked(grace, length_text(grace), _less_is_stricter)


def _parts(path: str, one: Obligation) -> Iterator[tuple[str, _Asked]]:
    for name, value in (
        ("after", one.after),
        ("expect", one.expect),
        ("per", one.per),
        ("owed_by", one.owed_by),
    ):
        yield f"{path}.{name}", _Asked(value, value, _neither)
    if one.report:
        yield f"{path}.report", _Asked(one.report, one.report, _neither)
    yield f"{path}.within", _Asked(one.within, str(one.within), _sooner_is_stricter)
    yield f"{path}.severity", _Asked(one.severity, str(one.severity), _more_is_stricter)
    if one.escalate:
        text = ", ".join(f"{step.severity} after {step.after}" for step in one.escalate)
        yield f"{path}.escalate", _Asked(one.escalate, text, _of_escalations)


def _rules(rules: Rules) -> Iterator[tuple[str, _Asked]]:
    if rules.sanitise_before_release:
        yield "rules.sanitise_before_release", _Asked(True, "true", _neither)
    if rules.steps:
        yield "rules.steps", _Asked(rules.steps, " → ".join(rules.steps), _neither)
    for of, level in rules.minimum_method.items():
        rank = list(SanitisationLevel).index(level)
        yield f"rules.minimum_method.{of}", _Asked(rank, level, _more_is_stricter)
    if (destruction := rules.destruction) is not None:
        if destruction.methods:
            methods = _Asked(
                frozenset(destruction.methods), ", ".join(destruction.methods), _fewer_is_stricter
            )
            yield "rules.destruction.methods", methods
        if destruction.witness is not None:
            yield "rules.destruction.witness", _Asked(destruction.witness, destruction.witness, _neither)
        if destruction.before_leaving is not None:
            site = destruction.before_leaving
            yield "rules.destruction.before_leaving", _Asked(site, site, _neither)
        for medium, security in destruction.particle.items():
            # Of one medium all levels have one letter, and grow finer with their number.
            yield f"rules.destruction.particle.{medium}", _Asked(security, security, _more_is_stricter)
    if (transit := rules.transit) is not None:
        if transit.seal_required:
            yield "rules.transit.seal", _Asked(True, "required", _neither)
        if transit.crew is not None:
            yield "rules.transit.crew", _Asked(transit.crew, str(transit.crew), _more_is_stricter)
    for pair in rules.separate_people:
        first, second = sorted(pair)
        yield f"rules.separate_people.{first}-{second}", _Asked(True, f"{pair[0]}, {pair[1]}", _neither)
    for kind, purposes in rules.evidence.items():
        if purposes:
            asked = _Asked(frozenset(purposes), ", ".join(purposes), _greater_is_stricter)
            yield f"rules.evidence.{kind}", asked
    if (written := rules.working_hours) is not None:
        hours = replace(written, days=tuple(day for day in Weekday if day in written.days))
        holidays = ", public holidays too" if hours.on_public_holidays else ""
        text = f"{' '.join(hours.days)} {hours.opens:%H:%M}-{hours.closes:%H:%M}{holidays}"
        yield "rules.working_hours", _Asked(hours, text, _of_hours)
    if rules.late_report is not None:
        text = length_text(rules.late_report)
        yield "rules.late_report", _Asked(rules.late_report, text, _less_is_stricter)
    if rules.custody is not None:
        within = rules.custody.attest_within
        yield "rules.custody.attest_within", _Asked(within, length_text(within), _less_is_stricter)
    if rules.export_approval:
        yield "rules.export.approval", _Asked(True, "required", _neither)
    if rules.waiver_second_person:
        yield "rules.waiver.second_person", _Asked(True, "required", _neither)


def _neither(before: Any, after: Any) -> Direction:
    return Direction.OTHER


def _more_is_stricter(before: Any, after: Any) -> Direction:
    return Direction.STRICTER if after > before else Direction.LAXER


def _less_is_stricter(before: Any, after: Any) -> Direction:
    return Direction.STRICTER if after < before else Direction.LAXER


def _sooner_is_stricter(before: Duration, after: Duration) -> Direction:
    sooner, later = never_earlier(before, after), never_earlier(after, before)
    if sooner == later:
        return Direction.OTHER
    return Direction.STRICTER if sooner else Direction.LAXER


def _greater_is_stricter(before: frozenset[Any], after: frozenset[Any]) -> Direction:
    if after > before:
        return Direction.STRICTER
    return Direction.LAXER if after < before else Direction.OTHER


def _fewer_is_stricter(before: frozenset[Any], after: frozenset[Any]) -> Direction:
    return _greater_is_stricter(after, before)


def _of_escalations(before: tuple[Escalation, ...], after: tuple[Escalation, ...]) -> Direction:
    if [step.severity for step in before] != [step.severity for step in after]:
        return _greater_is_stricter(frozenset(before), frozenset(after))
    ways = {
        _sooner_is_stricter(was.after, now.after)
        for was, now in zip(before, after, strict=True)
        if was.after != now.after
    }
    return ways.pop() if len(ways) == 1 else Direction.OTHER


def _of_hours(before: WorkingHours, after: WorkingHours) -> Direction:
    if _lies_in(after, before):
        return Direction.STRICTER
    return Direction.LAXER if _lies_in(before, after) else Direction.OTHER


def _lies_in(inner: WorkingHours, outer: WorkingHours) -> bool:
    return (
        set(inner.days) <= set(outer.days)
        and inner.opens >= outer.opens
        and inner.closes <= outer.closes
        and inner.on_public_holidays <= outer.on_public_holidays
    )


def _in_english(path: str, before: str | None, after: str | None, direction: Direction) -> str:
    way = "" if direction is Direction.OTHER else f" [{direction}]"
    if before is None:
        return f"{path} is new: {after}{way}"
    if after is None:
        return f"{path} is gone; it was: {before}{way}"
    return f"{path} is {after} instead of {before}{way}"


def _in_japanese(path: str, before: str | None, after: str | None, direction: Direction) -> str:
    way = {Direction.STRICTER: "［厳格化］", Direction.LAXER: "［緩和］", Direction.OTHER: ""}[direction]
    if before is None:
        return f"{path} を追加：{after}{way}"
    if after is None:
        return f"{path} を削除（削除前：{before}）{way}"
    return f"{path} を {before} から {after} に変更{way}"


_TELL: Final = {"en": _in_english, "ja": _in_japanese}
