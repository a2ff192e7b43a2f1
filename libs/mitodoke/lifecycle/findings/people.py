"""Guards the people: who stood by when it was done, and were they different people?"""

from collections.abc import Iterator

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveDestroyed, DriveWiped, WipeVerified
from mitodoke.lifecycle.findings.as_known import from_first_to_last, latest_before
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.policy import Person, Policy, Rules, Severity

OPERATOR_AND_WITNESS = frozenset({Person.OPERATOR, Person.WITNESS})
OPERATOR_AND_VERIFIER = frozenset({Person.OPERATOR, Person.VERIFIER})


def not_witnessed(case: Case) -> Iterator[Finding]:
    """A destruction that nobody of the party whom the policy names stood by.

    Source: what the prefecture required after the Kanagawa case: destruction witnessed by its own staff.
    On by `destruction.witness`.
    """
    rule = case.rules.destruction
    contract = case.contract
    if rule is None or rule.witness is None or contract is None:
        return
    for destroyed in case.of(DriveDestroyed):
        if not contract.approved(destroyed.witness_party, rule.witness, destroyed.occurred_at):
            asked_since = case.asked_since(destroyed.known_at, _witness_asked_for)
            by = f"by {destroyed.witness_party}" if destroyed.witness_party else "by nobody"
            yield Finding(
                subject=destroyed.event_id,
                known_at=destroyed.known_at,
                message=f"{destroyed.kind} was reported by {destroyed.party}, witnessed {by}; "
                f"the policy asks for a witness of the {rule.witness}",
                party=destroyed.party,
                evident_at=case.disapproved_since(
                    asked_since, destroyed.witness_party, frozenset({rule.witness}), destroyed.occurred_at
                ),
            )


def _witness_asked_for(policy: Policy) -> Role | None:
    rule = policy.rules.destruction
    return None if rule is None else rule.witness


def same_person(case: Case) -> Iterator[Finding]:
    """Two whom the policy keeps apart are one person: the operator of a destruction and its witness, or the
    operator of a wipe and its verifier. Two people are one when their ids, with their parties, are.

    A verification is of the wipe that it names, else of the latest before it. Nobody is named as both the
    witness and the verifier of one deed, so that pair finds nothing; nor does a person whom nobody named.
    Source: NIST SP 800-88 rev. 1, section 4.7.3 (verified by personnel without a stake in the process) and
    NIST SP 800-53 rev. 5, AC-5 (separation of duties). On by `separate_people`.
    """
    rules = case.rules
    if not rules.separate_people:
        return
    if _kept_apart(rules, OPERATOR_AND_WITNESS):
        yield from _own_witness(case)
    if _kept_apart(rules, OPERATOR_AND_VERIFIER):
        yield from _own_verifier(case)


def _kept_apart(rules: Rules, pair: frozenset[Person]) -> bool:
    return any(pair == {one, other} for one, other in rules.separate_people)


def _one_person(party: str, person: str, other_party: str, other: str) -> bool:
    return party == other_party and folded(person) == folded(other) != ""


def _own_witness(case: Case) -> Iterator[Finding]:
    for deed in case.of(DriveDestroyed):
        if _one_person(deed.party, deed.operator, deed.witness_party, deed.witness):
            yield Finding(
                subject=deed.event_id,
                known_at=deed.known_at,
                message=f"{deed.kind} was reported by {deed.party} with {deed.operator} as operator and as witness",
                party=deed.party,
                evident_at=case.asked_since(
                    deed.known_at, lambda p: _kept_apart(p.rules, OPERATOR_AND_WITNESS)
                ),
            )


def _own_verifier(case: Case) -> Iterator[Finding]:
    verifications = case.of(WipeVerified)
    if not verifications:
        return
    wipes = case.of(DriveWiped)
    by_id = {wipe.event_id: wipe for wipe in wipes}
    for verified in verifications:
        if verified.wipe is None:
            about = latest_before(wipes, verified.occurred_at, verified.known_at)
        else:
            named = by_id.get(verified.wipe)
            about = iter(() if named is None else [(named, (max(named.known_at, verified.known_at), None))])
        span = from_first_to_last(
            during
            for wipe, during in about
            if _one_person(wipe.party, wipe.operator, verified.party, verified.operator)
        )
        if span is not None:
            known_at, mended_at = span
            yield Finding(
                subject=verified.event_id,
                known_at=known_at,
                message=f"{verified.kind} was reported by {verified.party} of a wipe by the same person, "
                f"{verified.operator}",
                party=verified.party,
                mended_at=mended_at,
                evident_at=case.asked_since(known_at, lambda p: _kept_apart(p.rules, OPERATOR_AND_VERIFIER)),
            )


RULES = (
    Rule("not_witnessed", Severity.MAJOR, "the Kanagawa case, 2019", not_witnessed),
    Rule("same_person", Severity.MAJOR, "NIST SP 800-88 rev. 1, 4.7.3", same_person),
)
