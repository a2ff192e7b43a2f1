"""Guards who acts: is there a contract, and does everyone in the chain stand in it?"""

from collections.abc import Iterator

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import (
    CustodyTransferred,
    DriveDispatched,
    DriveReleased,
    DriveReturned,
    Fact,
)
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import Severity

ANY = frozenset(Role)
CARRIERS = frozenset({Role.CARRIER})

ROLES: dict[FactKind, frozenset[Role]] = {
    FactKind.DRIVE_ENROLLED: frozenset({Role.OWNER, Role.LESSOR}),
    FactKind.LEASE_EXTENDED: frozenset({Role.OWNER, Role.LESSOR}),
    FactKind.LEASE_ENDED: frozenset({Role.OWNER, Role.LESSOR}),
    FactKind.DRIVE_RELEASED: frozenset({Role.OWNER, Role.LESSOR}),
    FactKind.DRIVE_REMOVED: ANY,
    FactKind.DRIVE_RETURNED: frozenset({Role.OWNER, Role.LESSOR, Role.SANITISER, Role.DESTROYER}),
    FactKind.DRIVE_INITIALISED: frozenset({Role.OWNER, Role.LESSOR, Role.SANITISER}),
    FactKind.DRIVE_WIPED: frozenset({Role.OWNER, Role.SANITISER}),
    FactKind.WIPE_VERIFIED: frozenset({Role.OWNER, Role.LESSOR, Role.SANITISER}),
    FactKind.DRIVE_DISPATCHED: ANY,
    FactKind.CUSTODY_TRANSFERRED: ANY,
    FactKind.DRIVE_DELIVERED: ANY,
    FactKind.DRIVE_DESTROYED: frozenset({Role.DESTROYER}),
    FactKind.CERTIFICATE_ISSUED: frozenset({Role.DESTROYER}),
    FactKind.CERTIFICATE_ACCEPTED: frozenset({Role.OWNER}),
    FactKind.EXPORT_APPROVED: frozenset({Role.OWNER}),
    FactKind.DATA_EXPORTED: ANY,
}
"""The roles in which each fact may be reported. What is not named here anyone may say: a sighting, a loss, a find."""


def unknown_contract(case: Case) -> Iterator[Finding]:
    """A fact under a contract that was not known; mended when the contract is registered.

    Source: Act on the Protection of Personal Information (Japan), art. 25: supervision rests on the contract.
    """
    contract = case.contract
    if contract is None or contract.known_at > case.first_known_at:
        first = min(case.facts, key=lambda f: (f.known_at, f.event_id))
        yield Finding(
            subject="",
            known_at=first.known_at,
            message=f"{first.kind} was reported by {first.party} under {first.contract}, a contract not known then",
            party=first.party,
            mended_at=contract.known_at if contract else None,
        )


def unapproved_party(case: Case) -> Iterator[Finding]:
    """A party acts, or is handed the drive, that the contract does not approve for it: once a party, at its first fact.

    Source: the Amagasaki case of 2022 (a sub-sub-contractor whom the city had approved for nothing), and
    the Kanagawa case of 2019 (a recycler under a sales contract that the owner did not know of).
    """
    if case.contract is None:
        return
    first: dict[str, tuple[Fact, frozenset[Role], str]] = {}
    for acts in filter(None, case.of_each(_unapproved, case.facts)):
        for fact, party, roles, did in acts:
            held = first.get(party)
            if held is None or (fact.known_at, fact.event_id) < (held[0].known_at, held[0].event_id):
                first[party] = fact, roles, did
    for party, (fact, roles, did) in sorted(first.items()):
        yield Finding(
            subject=party,
            known_at=fact.known_at,
            message=f"{party} {did} without being approved for it under {fact.contract}",
            party=party,
            evident_at=case.disapproved_since(fact.known_at, party, roles, fact.occurred_at),
        )


def _unapproved(fact: Fact, case: Case) -> list[tuple[Fact, str, frozenset[Role], str]]:
    at = fact.occurred_at
    return [
        (fact, party, roles, f"{did} {fact.kind}")
        for party, roles, did in _acting(fact)
        if not case.approved(party, roles, at)
    ]


def _acts_unapproved(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    return bool(_unapproved(fact, case))


def _acting(fact: Fact) -> list[tuple[str, frozenset[Role], str]]:
    roles = ROLES.get(fact.kind)
    acting = [] if roles is None else [(fact.party, roles, "reported")]
    match fact:
        case CustodyTransferred(from_party=giver, to_party=taker):
            acting.append((giver, ANY, "was named as the giver in"))
            acting.append((taker, ANY, "was named as the receiver in"))
        case DriveReleased(to_party=party) | DriveReturned(from_party=party) if party:
            acting.append((party, ANY, "was named in"))
        case DriveDispatched(carrier=carrier, to_party=taker):
            if carrier:
                acting.append((carrier, CARRIERS, "was named as the carrier in"))
            if taker:
                acting.append((taker, ANY, "was named as the receiver in"))
    return acting


RULES = (
    Rule(
        "unknown_contract",
        Severity.MAJOR,
        "Act on the Protection of Personal Information, art. 25",
        unknown_contract,
    ),
    Rule(
        "unapproved_party", Severity.CRITICAL, "the Amagasaki case, 2022", unapproved_party, _acts_unapproved
    ),
)
