"""Guards the places: was it done where the policy says, and before the drive left there?"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import EARLIEST
from mitodoke.lifecycle.facts import (
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveReleased,
    DriveReturned,
    Fact,
)
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Policy, Severity, Site

ROLE_AT: Final = {
    Site.OWNER: Role.OWNER,
    Site.LESSOR: Role.LESSOR,
    Site.SANITISER: Role.SANITISER,
    Site.CARRIER: Role.CARRIER,
    Site.DESTROYER: Role.DESTROYER,
}
"""Whose premises a site is."""

LEFT: Final = "left"
"""The subject of the finding that a drive has left as it was; a destruction elsewhere has its own event's."""


def wrong_place(case: Case) -> Iterator[Finding]:
    """A drive left the site at which it was to be destroyed, or was destroyed at another.

    That it left is mended by the report of an earlier destruction. A place is the site when it is written as
    the policy writes it (`owner_site`, `owner site`) or as the id of a party that stood in that role.
    Source: what the prefecture required after the Kanagawa case of 2019: drives are destroyed before they leave
    its building. On by `destruction.before_leaving`.
    """
    rule = case.rules.destruction
    if rule is None or rule.before_leaving is None:
        return
    yield from _left_before(case, rule.before_leaving)
    yield from _elsewhere(case, rule.before_leaving)


def _site(policy: Policy) -> Site | None:
    rule = policy.rules.destruction
    return None if rule is None else rule.before_leaving


def _leaving(case: Case, site: Site) -> list[Fact]:
    """The facts that show that the drive is no longer at the site."""
    dispatched = case.of(DriveDispatched)
    if site is Site.OWNER:
        # Whoever scans it or sends it on has it from the owner, also where nobody told of the release.
        return [*case.of(DriveReleased), *dispatched, *case.of(DriveDelivered), *case.of(DriveReturned)]
    role = frozenset({ROLE_AT[site]})
    return [fact for fact in dispatched if case.approved(fact.party, role, fact.occurred_at)]


def _left_before(case: Case, site: Site) -> Iterator[Finding]:
    leaving = _leaving(case, site)
    if not leaving:
        return
    destroyed = Earliest(case.of(DriveDestroyed))
    raised: Fact | None = None
    mended_at: datetime | None = EARLIEST
    for left in leaving:
        destroyed_at = destroyed.known_of_those_by(left.occurred_at)
        if destroyed_at is not None and destroyed_at <= left.known_at:
            continue
        mended_at = None if destroyed_at is None or mended_at is None else max(mended_at, destroyed_at)
        if raised is None or (left.known_at, left.event_id) < (raised.known_at, raised.event_id):
            raised = left
    if raised is not None:
        yield Finding(
            subject=LEFT,
            known_at=raised.known_at,
            message=f"{raised.kind} was reported by {raised.party} before the drive was destroyed; "
            f"the policy asks for its destruction at {site} first",
            party=raised.party,
            mended_at=mended_at,
            evident_at=case.asked_since(raised.known_at, _site),
        )


def _may_be_wrong(fact: Fact, _: Case, found: tuple[Finding, ...]) -> bool:
    """Not when it leaves again after it has left too early for good."""
    return fact.kind is DriveDestroyed.kind or not any(
        finding.subject == LEFT and finding.mended_at is None and fact.known_at > finding.known_at
        for finding in found
    )


def _elsewhere(case: Case, site: Site) -> Iterator[Finding]:
    role = frozenset({ROLE_AT[site]})
    for deed in case.of(DriveDestroyed):
        place = deed.place.strip()
        if folded(place).replace(" ", "_") == site or case.approved(place, role, deed.occurred_at):
            continue
        yield Finding(
            subject=deed.event_id,
            known_at=deed.known_at,
            message=f"{deed.kind} was reported by {deed.party} at {place or 'a place not told'}; "
            f"the policy asks for {site}",
            party=deed.party,
            evident_at=case.disapproved_since(
                case.asked_since(deed.known_at, _site), place, role, deed.occurred_at
            ),
        )


RULES = (Rule("wrong_place", Severity.MAJOR, "the Kanagawa case, 2019", wrong_place, _may_be_wrong),)
