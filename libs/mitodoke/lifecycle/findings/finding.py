"""What a finding is, and what makes a rule of one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.policy import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that breaks a rule.

    `subject` tells two findings of the same rule in the same cycle apart, and is "" when there can be only one.
    Where it is about one fact, it is that event's id. `known_at` is when the fact that breaks the rule was known;
    `mended_at` when, later, another fact was known with which it no longer does. `evident_at` is when the
    contract or policy that it breaks was known too, if that was later. `party` is whose fact it is.
    """

    subject: str | UUID
    known_at: datetime
    message: str
    party: str = ""
    mended_at: datetime | None = None
    evident_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """Nothing is wrong yet; `until` is the first moment at which silence alone would make it so: a turning point."""

    until: datetime


MovedBy: TypeAlias = Callable[[Fact, Case, tuple[Finding, ...]], bool]
"""Whether one fact more can change what a rule finds, or what it looks at for it.

The fact is one that the rule looks at, of the cycle or, where it looks at all cycles, of another; it is later than all
others of the drive, and the case holds it already. The findings are those without it. False spares the whole rule, and
must be right; True may be said too often.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the catalogue: its id is the kind of the flags it raises; `find` is the rule itself.

    `moved_by` spares it where one fact more makes no difference; without it, each of a kind that it looks at may.
    """

    id: str
    severity: Severity
    source: str
    find: Callable[[Case], Iterator[Finding] | Iterator[Finding | Awaited]]
    moved_by: MovedBy | None = None
