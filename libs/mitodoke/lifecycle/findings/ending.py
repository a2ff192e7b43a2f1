"""Guards the end: what is destroyed stays destroyed, and what is gone is gone until it is seen again."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveLost, DriveSighted, Fact
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import AFTER_THE_END, FactKind
from mitodoke.lifecycle.policy import Severity

PAPERS = AFTER_THE_END | {FactKind.LEASE_ENDED, FactKind.LEASE_EXTENDED}
"""Facts about the papers of a drive, which may come after its end. All others need a drive to happen to."""


def activity_after_destruction(case: Case) -> Iterator[Finding]:
    """Something happened to a drive after it was reported destroyed, whatever the contract: one is untrue.

    Source: the Kanagawa case of 2019, where drives were sold that the papers would have had melted.
    """
    if not case.destroyed:
        return
    destroyed, facts = case.destroyed, case.facts
    for fact in facts[bisect_right(facts, destroyed.first, key=_occurred_at) :]:
        known_at = destroyed.known_of_those_before(fact.occurred_at)
        if known_at is not None and fact.kind not in PAPERS:
            yield Finding(
                subject=fact.event_id,
                known_at=max(fact.known_at, known_at),
                message=f"{fact.kind} was reported by {fact.party} as later than the destruction of the drive",
                party=fact.party,
            )


def _happens(fact: Fact, _: Case, __: tuple[Finding, ...]) -> bool:
    """Papers may come after the end."""
    return fact.kind not in PAPERS


def _occurred_at(fact: Fact) -> datetime:
    return fact.occurred_at


def sighted(case: Case) -> Iterator[Finding]:
    """The drive was seen where it should not be. A recovery closes nothing.

    Source: the Kanagawa case of 2019, where a buyer read tax records off it.
    """
    for fact in case.of(DriveSighted):
        where = f" at {fact.place}" if fact.place else ""
        yield Finding(
            subject=fact.event_id,
            known_at=fact.known_at,
            message=f"{fact.party} reports that it was seen{where}",
            party=fact.party,
        )


def lost(case: Case) -> Iterator[Finding]:
    """The drive is missing, by the word of who held it. A recovery closes neither this nor anything that is owed.

    Source: the Amagasaki case of 2022: the bag was found after two days, and who had read the stick nobody knew.
    """
    for fact in case.of(DriveLost):
        where = f" at {fact.place}" if fact.place else ""
        yield Finding(
            subject=fact.event_id,
            known_at=fact.known_at,
            message=f"{fact.party} reports that it was lost{where}",
            party=fact.party,
        )


RULES = (
    Rule(
        "activity_after_destruction",
        Severity.CRITICAL,
        "the Kanagawa case, 2019",
        activity_after_destruction,
        _happens,
    ),
    Rule("sighted", Severity.CRITICAL, "the Kanagawa case, 2019", sighted),
    Rule("lost", Severity.CRITICAL, "the Amagasaki case, 2022", lost),
)
