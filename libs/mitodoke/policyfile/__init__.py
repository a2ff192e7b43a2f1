"""Policies as people write them: YAML read into a `Policy`, every mistake found and placed."""

from mitodoke.policyfile.comparison import Change, Direction, compare
from mitodoke.policyfile.description import describe
from mitodoke.policyfile.errors import PolicyError, PolicyErrors
from mitodoke.policyfile.folder import parents_in
from mitodoke.policyfile.holiday_calendar import UnknownCalendarError, calendar_for
from mitodoke.policyfile.inheritance import Parents
from mitodoke.policyfile.reader import read_policy
from mitodoke.policyfile.writer import write_policy

__all__ = [
    "Change",
    "Direction",
    "Parents",
    "PolicyError",
    "PolicyErrors",
    "UnknownCalendarError",
    "calendar_for",
    "compare",
    "describe",
    "parents_in",
    "read_policy",
    "write_policy",
]
