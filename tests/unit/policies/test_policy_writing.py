"""A policy written down in full, and read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from enum import Enum
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mitodoke.lifecycle.durations import Anchor, Duration, Unit
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.media_levels import CATEGORY_OF_MEDIUM, levels_of
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
from mitodoke.policyfile import read_policy, write_policy
from mitodoke.policyfile.writer import length_text

names = st.sampled_from(["a", "true", "null", "my_number", "photo-before", "x.y", "no", "e1", "p" * 64])
lengths = st.integers(1, 200_000).map(lambda seconds: timedelta(seconds=seconds))
CHAIN = [FactKind.LEASE_ENDED, FactKind.DRIVE_WIPED, FactKind.DRIVE_RELEASED, FactKind.DRIVE_RETURNED]

E = TypeVar("E", bound=Enum)


def some_of(options: type[E]) -> Callable[[], st.SearchStrategy[tuple[E, ...]]]:
    return lambda: st.lists(st.sampled_from(list(options)), unique=True, min_size=1).map(tuple)


@st.composite
def obligations(draw: st.DrawFn) -> tuple[Obligation, ...]:
    """Each of a chain after the one before, so that they contradict one another in nothing."""
    made = []
    for n, (after, expect) in enumerate(pairwise(CHAIN)):
        severity = draw(st.sampled_from(Severity))
        grown = [each for each in Severity if each > severity][: draw(st.integers(0, 2))]
        unit = draw(st.sampled_from(Unit))
        made.append(
            Obligation(
                f"o{n}",
                after,
                expect,
                Duration(draw(st.integers(1, 100)), unit),
                draw(st.sampled_from(Role)),
                Per.SHIPMENT if after is FactKind.DRIVE_RELEASED and draw(st.booleans()) else Per.CYCLE,
                severity,
                tuple(
                    Escalation(Duration(draw(st.integers(1, 9)) + 10 * step, unit), to)
                    for step, to in enumerate(grown)
                ),
            )
        )
    made.append(
        Obligation(
            "back",
            FactKind.EXPORT_APPROVED,
            FactKind.INCIDENT_REPORTED,
            Duration(draw(st.integers(-9, 9)), Unit.HOUR, Anchor.RETURN_BY),
            Role.CARRIER,
            report=draw(st.sampled_from(["", "to_owner", "preliminary", "final"])),
        )
    )
    return tuple(made[: draw(st.integers(1, len(made)))])


rules = st.builds(
    Rules,
    sanitise_before_release=st.booleans(),
    steps=st.sampled_from([(), tuple(CHAIN)]),
    minimum_method=st.dictionaries(names, st.sampled_from(SanitisationLevel)),
    destruction=st.none()
    | st.builds(
        DestructionRule,
        methods=st.just(()) | some_of(DestructionMethod)(),
        witness=st.none() | st.sampled_from(Role),
        before_leaving=st.none() | st.sampled_from(Site),
        particle=st.dictionaries(st.sampled_from(list(CATEGORY_OF_MEDIUM)), st.integers(0, 6)).map(
            lambda levels: {medium: levels_of(medium)[level] for medium, level in levels.items()}
        ),
    ),
    transit=st.none() | st.builds(TransitRule, st.booleans(), st.none() | st.integers(1, 20)),
    separate_people=st.sampled_from([(), ((Person.OPERATOR, Person.WITNESS),)]),
    evidence=st.dictionaries(st.sampled_from(FactKind), st.lists(names).map(tuple)),
    working_hours=st.none()
    | st.builds(WorkingHours, some_of(Weekday)(), st.just(time(8, 30)), st.just(time(17, 15)), st.booleans()),
    late_report=st.none() | lengths,
    custody=st.none() | st.builds(CustodyRule, lengths),
    export_approval=st.booleans(),
    waiver_second_person=st.booleans(),
)
policies = st.builds(
    Policy,
    id=names,
    version=st.integers(1, 2**31 - 1),
    timezone=st.sampled_from(["UTC", "Asia/Tokyo", "Etc/GMT+9"]).map(ZoneInfo),
    calendar=st.sampled_from(["weekdays", "JP", "NO", "DE-BY"]),
    reporting_grace=lengths | st.just(timedelta(0)),
    obligations=obligations(),
    rules=rules,
)


@given(policies)
def test_what_is_written_down_is_read_as_the_same_policy(policy: Policy) -> None:
    document = write_policy(policy)
    assert read_policy(document) == policy
    assert write_policy(read_policy(document)) == document


def test_a_length_is_written_in_its_greatest_whole_unit() -> None:
    assert length_text(timedelta(hours=48)) == "48h"
    assert length_text(timedelta(minutes=90)) == "90min"
    assert length_text(timedelta(seconds=61)) == "61s"
    assert length_text(timedelta(0)) == "0h"
