"""Guards the evidence: is what should be shown of a deed there to be looked at?"""

from collections.abc import Iterator, Sequence
from functools import partial

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.policy import Policy, Severity


def evidence_missing(case: Case) -> Iterator[Finding]:
    """A fact without a file, by its digest, for each purpose that the policy names for facts of its kind.

    It is put right by taking the fact back and reporting it again with its evidence: a fact never changes.
    Source: NIST SP 800-88 rev. 1, section 4.8: what was done is documented. On by `evidence`.
    """
    asked = case.rules.evidence
    if not asked:
        return
    for kind in asked:
        yield from filter(None, case.of_each(_unproven, case.of_kind(kind), (_unproven, kind)))


def _unproven(fact: Fact, case: Case) -> Finding | None:
    missing = _missing(fact, case.rules.evidence[fact.kind])
    if not missing:
        return None
    return Finding(
        subject=fact.event_id,
        known_at=fact.known_at,
        message=f"{fact.kind} was reported by {fact.party} without {', '.join(missing)}",
        party=fact.party,
        evident_at=case.asked_since(fact.known_at, partial(_lacks_some, fact)),
    )


def _is_unproven(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    return _unproven(fact, case) is not None


def _missing(fact: Fact, purposes: Sequence[str]) -> list[str]:
    return [purpose for purpose in purposes if purpose not in fact.evidence]


def _lacks_some(fact: Fact, policy: Policy) -> bool:
    return bool(_missing(fact, policy.rules.evidence.get(fact.kind, ())))


RULES = (
    Rule("evidence_missing", Severity.MAJOR, "NIST SP 800-88 rev. 1, 4.8", evidence_missing, _is_unproven),
)
