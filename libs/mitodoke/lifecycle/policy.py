"""A policy: what must follow what, by when, owed by whom, and the rules that a fact may break."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from functools import total_ordering
from zoneinfo import ZoneInfo

from mitodoke.lifecycle.durations import Duration
from mitodoke.lifecycle.kinds import FactKind, Role

WEEKDAYS = "weekdays"
"""The calendar code that knows no public holiday: Monday to Friday are business days."""


@total_ordering
class Severity(enum.Enum):
    """How much a flag matters, in ascending order: `max()` of two severities is the graver one."""

    WARNING = "warning"
    MAJOR = "major"
    CRITICAL = "critical"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Severity):
            return NotImplemented
        return _GRAVITY[self] < _GRAVITY[other]

    def __str__(self) -> str:
        return self.value


_GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}


class Per(enum.StrEnum):
    """What an obligation is counted by: a drive's contract cycle, or each lot or shipment it travels in."""

    CYCLE = "cycle"
    SHIPMENT = "shipment"


MEDIA_TYPES: tuple[str, ...] = ("hdd", "flash", "ssd", "usb_flash", "tape", "optical")
"""The media that a rule can be about; `flash` stands for SSDs and USB sticks alike."""


class SanitisationLevel(enum.StrEnum):
    """The three levels of sanitisation of NIST SP 800-88, weakest first."""

    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"


class DestructionMethod(enum.StrEnum):
    """Ways of physical destruction: those that NIST SP 800-88 names for the Destroy level, and crushing."""

    SHRED = "shred"
    CRUSH = "crush"
    MELT = "melt"
    DISINTEGRATE = "disintegrate"
    INCINERATE = "incinerate"


class Site(enum.StrEnum):
    """Whose premises a thing is done on."""

    OWNER = "owner_site"
    LESSOR = "lessor_site"
    SANITISER = "sanitiser_site"
    CARRIER = "carrier_site"
    DESTROYER = "destroyer_site"


class Person(enum.StrEnum):
    """The people whom a fact may name."""

    OPERATOR = "operator"
    WITNESS = "witness"
    VERIFIER = "verifier"


class Weekday(enum.StrEnum):
    """A day of the week, in the order of `date.weekday()`: Monday first."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


@dataclass(frozen=True, slots=True)
class Escalation:
    """How grave a breach becomes once it has lasted `after`, counted as `durations.due` counts from its due time."""

    after: Duration
    severity: Severity


@dataclass(frozen=True, slots=True)
class Obligation:
    """One thing that a drive is owed once something else has happened to it.

    Open when the `after` fact is there and the `expect` fact is not; due at `durations.due(...)` of
    `within`, counted from when the `after` fact occurred, or from the time that its anchor names.
    `severity` is that of the breach at its due time; `escalate` lists what it grows to while the breach
    lasts, the earlier and less grave first. `report` is which report an obligation to report an incident
    asks for, one of `kinds.INCIDENT_REPORTS`; empty where any, or another fact, is expected.
    """

    id: str
    after: FactKind
    expect: FactKind
    within: Duration
    owed_by: Role
    per: Per = Per.CYCLE
    severity: Severity = Severity.MAJOR
    escalate: tuple[Escalation, ...] = ()
    report: str = ""


@dataclass(frozen=True, slots=True)
class DestructionRule:
    """How a drive must be destroyed. What is empty or None is not asked for.

    `particle` is the least security level of ISO/IEC 21964 (DIN 66399) by one of `MEDIA_TYPES`, as in
    `{"hdd": "H-4"}`; `media_levels` knows what size each level allows.
    """

    methods: tuple[DestructionMethod, ...] = ()
    witness: Role | None = None
    before_leaving: Site | None = None
    particle: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class TransitRule:
    """How a drive must travel: under a seal or not, and with at least so many people, if that is asked."""

    seal_required: bool = False
    crew: int | None = None


@dataclass(frozen=True, slots=True)
class CustodyRule:
    """How a hand-over must be told: by both sides, the second at most `attest_within` after it happened."""

    attest_within: timedelta


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When drives may be moved: local times of the policy's zone, `opens` included and `closes` excluded."""

    days: tuple[Weekday, ...]
    opens: time
    closes: time
    on_public_holidays: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What facts are held to. Every rule is off unless the policy states it.

    `steps` is the order in which these facts must come about: a fact whose predecessors are not all there
    has skipped a step. `minimum_method` is keyed by one of `MEDIA_TYPES` or by a data class in the
    contract's words, `evidence` by the fact that needs it, with the purposes of its files. `late_report`
    is the most elapsed time that may lie between a fact and its record. With `export_approval`, data may
    leave on a medium only under an approval of the owner; with `waiver_second_person`, a flag is waived
    only by the word of two people.
    """

    sanitise_before_release: bool = False
    steps: tuple[FactKind, ...] = ()
    minimum_method: Mapping[str, SanitisationLevel] = field(default_factory=dict, hash=False)
    destruction: DestructionRule | None = None
    transit: TransitRule | None = None
    separate_people: tuple[tuple[Person, Person], ...] = ()
    evidence: Mapping[FactKind, tuple[str, ...]] = field(default_factory=dict, hash=False)
    working_hours: WorkingHours | None = None
    late_report: timedelta | None = None
    custody: CustodyRule | None = None
    export_approval: bool = False
    waiver_second_person: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """One immutable version of a policy.

    `timezone` is where its days begin and end; `calendar` is the code of its public holidays (`JP`,
    `DE-BY`), or `weekdays`; `reporting_grace` is the elapsed time after a due time within which a timely
    fact may become known.
    """

    id: str
    version: int
    timezone: ZoneInfo
    calendar: str = WEEKDAYS
    reporting_grace: timedelta = timedelta(0)
    obligations: tuple[Obligation, ...] = ()
    rules: Rules = Rules()
