"""A case as people write it: parties, what they agreed, and what happened to which drives, read from YAML."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.serials import SerialError, canonical
from mitodoke.policyfile import PolicyErrors, read_policy

_RANGE: Final = re.compile(r"(?P<before>[^{}]*)\{(?P<first>[0-9]+)\.\.(?P<last>[0-9]+)\}(?P<after>[^{}]*)")
_MOST_DRIVES: Final = 10_000
"""As many as one call may report."""
W = TypeVar("W", Role, FactKind)

_SAID_OF_EVERY_FACT: Final = ("at", "fact", "by", "operator", "drives", "except")


class CaseError(ValueError):
    """Something in a case's file that cannot be read; names the file and the line, and says what to write."""


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation of the case."""

    party_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Approval:
    """What the contract approves a party for."""

    party_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Contract:
    """What the owner and its parties agreed."""

    contract_id: str
    title: str
    owner: str
    data_class: str
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The policy that the contract names, and its document."""

    policy_id: str
    version: int
    document: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that one party reports of some drives at one time.

    `details` are the fact's own fields, named as in its proto; a value of an enum is its short word.
    """

    at: datetime
    kind: FactKind
    party: str
    operator: str
    serials: tuple[str, ...]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something that happened outside the chain, which nobody reported."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Label:
    """A serial number as somebody reads it out, and the moment at which he does."""

    read_out: str
    milestone: Milestone


@dataclass(frozen=True, slots=True)
class Case:
    """A case to replay. Times are aware, in `timezone`; happenings are in the order in which they came about."""

    case_id: str
    title: str
    timezone: ZoneInfo
    since: datetime
    parties: tuple[Party, ...]
    policy: PolicyText
    contract: Contract
    happenings: tuple[Happening, ...]
    milestones: tuple[Milestone, ...]
    label: Label


def read_case(path: Path) -> Case:
    """The case in the file. Raises CaseError for the first thing in it that cannot be read."""
    try:
        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"{path}: the case cannot be read: {error}") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CaseError(f"{path}:{line}: this is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise CaseError(f"{path}: this is not YAML: {error}") from None
    return _case(_Section(content, path), path)


def expand(serial: str) -> tuple[str, ...]:
    """The serial numbers that a range such as `ZK8{0001..0396}W` stands for; one that is no range is itself.

    The numbers are as wide as the first is written. Raises ValueError for a range that is none.
    """
    match = _RANGE.fullmatch(serial)
    if match is None:
        if "{" in serial or "}" in serial:
            raise ValueError(f"{serial!r} is not a range; write one as ZK8{{0001..0396}}W")
        return (serial,)
    first, last = int(match["first"]), int(match["last"])
    if last < first or last - first >= _MOST_DRIVES:
        raise ValueError(
            f"{serial!r} goes from {first} to {last}; write up to {_MOST_DRIVES:,} numbers, upwards"
        )
    width = len(match["first"])
    return tuple(f"{match['before']}{number:0{width}}{match['after']}" for number in range(first, last + 1))


class _Section:
    """A mapping of the file that knows its line."""

    def __init__(self, content: Any, path: Path, line: int = 1) -> None:
        self.path = path
        self.line = content.lc.line + 1 if hasattr(content, "lc") else line
        if not isinstance(content, Mapping):
            raise self.wrong("keys with values are expected here")
        self.content = content

    def wrong(self, what: str) -> CaseError:
        return CaseError(f"{self.path}:{self.line}: {what}")

    def value(self, key: str) -> Any:
        if self.content.get(key) is None:
            raise self.wrong(f"{key} is missing")
        return self.content[key]

    def text(self, key: str) -> str:
        value = self.value(key)
        if isinstance(value, (list, Mapping)):
            raise self.wrong(f"{key} is a list or a mapping where a text is expected")
        return str(value)

    def section(self, key: str) -> _Section:
        return _Section(self.value(key), self.path, self.line)

    def sections(self, key: str) -> list[_Section]:
        value = self.value(key)
        if not isinstance(value, list):
            raise self.wrong(f"{key} is to be a list")
        return [_Section(each, self.path, self.line) for each in value]

    def moment(self, key: str, zone: ZoneInfo) -> datetime:
        written = self.text(key)
        try:
            return datetime.strptime(written, "%Y-%m-%d %H:%M").replace(tzinfo=zone)
        except ValueError:
            raise self.wrong(f"{key} is {written!r}; write a local time as in 2019-04-22 15:00") from None


def _case(top: _Section, path: Path) -> Case:
    zone = _zone(top)
    parties = tuple(Party(each.text("id"), each.text("name")) for each in top.sections("parties"))
    known = {party.party_id for party in parties}
    groups = _groups(top.section("drives"))
    happenings = [_happening(each, zone, known, groups) for each in top.sections("facts")]
    milestones = {
        each.text("id"): Milestone(each.moment("at", zone), each.text("name"))
        for each in top.sections("milestones")
    }
    return Case(
        case_id=top.text("case"),
        title=top.text("title"),
        timezone=zone,
        since=top.moment("since", zone),
        parties=parties,
        policy=_policy(top, path.parent / top.text("policy")),
        contract=_contract(top.section("contract"), known),
        happenings=tuple(sorted(happenings, key=lambda each: each.at)),
        milestones=tuple(sorted(milestones.values(), key=lambda each: each.at)),
        label=_label(top.section("label"), milestones),
    )


def _zone(top: _Section) -> ZoneInfo:
    name = top.text("timezone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise top.wrong(f"timezone is {name!r}; write a place of the tz database, as in Asia/Tokyo") from None


def _policy(top: _Section, file: Path) -> PolicyText:
    try:
        document = file.read_text(encoding="utf-8")
        policy = read_policy(document, source=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise top.wrong(f"the policy's file cannot be read: {error}") from None
    except PolicyErrors as errors:
        raise CaseError(str(errors)) from None
    return PolicyText(policy.id, policy.version, document)


def _contract(section: _Section, known: Collection[str]) -> Contract:
    return Contract(
        contract_id=section.text("id"),
        title=section.text("title"),
        owner=_party(section, "owner", known),
        data_class=section.text("data_class"),
        approvals=tuple(
            Approval(_party(each, "party", known), _word(each, "role", Role))
            for each in section.sections("approvals")
        ),
    )


def _happening(
    section: _Section, zone: ZoneInfo, known: Collection[str], groups: Mapping[str, tuple[str, ...]]
) -> Happening:
    serials = _serials(section, section.value("drives"), groups)
    left_out = set(_serials(section, section.content.get("except") or [], groups))
    serials = tuple(serial for serial in serials if serial not in left_out)
    if not serials:
        raise section.wrong("no drive is left that this happened to")
    return Happening(
        at=section.moment("at", zone),
        kind=_word(section, "fact", FactKind),
        party=_party(section, "by", known),
        operator=section.text("operator"),
        serials=serials,
        details={key: value for key, value in section.content.items() if key not in _SAID_OF_EVERY_FACT},
    )


def _label(section: _Section, milestones: Mapping[str, Milestone]) -> Label:
    name = section.text("at")
    if name not in milestones:
        raise section.wrong(f"at is {name!r}; name one of the milestones: {', '.join(milestones)}")
    return Label(section.text("read_out"), milestones[name])


def _party(section: _Section, key: str, known: Collection[str]) -> str:
    party = section.text(key)
    if party not in known:
        raise section.wrong(f"{key} is {party!r}, which is none of the parties: {', '.join(sorted(known))}")
    return party


def _word(section: _Section, key: str, words: type[W]) -> W:
    written = section.text(key)
    try:
        return words(written)
    except ValueError:
        raise section.wrong(f"{key} is {written!r}; write one of {', '.join(words)}") from None


def _groups(section: _Section) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name, written in section.content.items():
        groups[str(name)] = _serials(section, written, groups)
    return groups


def _serials(section: _Section, written: Any, groups: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The serial numbers that a text or a list stands for, each once, in the order in which they are written."""
    found: dict[str, None] = {}
    for each in written if isinstance(written, list) else [written]:
        try:
            found |= dict.fromkeys(groups.get(str(each)) or map(canonical, expand(str(each))))
        except SerialError as error:
            raise section.wrong(
                f"{error}; is it the name of a group? There are: {', '.join(groups)}"
            ) from None
        except ValueError as error:
            raise section.wrong(str(error)) from None
    return tuple(found)
