"""Guards the drive on its way: enough people with it, and a seal that is the same at both ends."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import DriveDelivered, DriveDispatched, DriveReleased, DriveReturned
from mitodoke.lifecycle.findings.as_known import Span, cut, from_first_to_last, latest_before
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.policy import Policy, Severity

Departure = DriveReleased | DriveDispatched
Arrival = DriveDelivered | DriveReturned


def understaffed_transit(case: Case) -> Iterator[Finding]:
    """A drive was dispatched with fewer people than the policy asks for; one who is named twice is one.

    Source: the Amagasaki case of 2022: one man, alone, with the data of a city. On by `transit.crew`.
    """
    rule = case.rules.transit
    if rule is None or rule.crew is None:
        return
    for dispatched in case.of(DriveDispatched):
        had = len({name for person in dispatched.crew if (name := folded(person))})
        if had < rule.crew:
            yield Finding(
                subject=dispatched.event_id,
                known_at=dispatched.known_at,
                message=f"{dispatched.kind} was reported by {dispatched.party} with a crew of {had}; "
                f"the policy asks for {rule.crew}",
                party=dispatched.party,
                evident_at=case.asked_since(dispatched.known_at, partial(_asks_for_more, had)),
            )


def _asks_for_more(had: int, policy: Policy) -> bool:
    rule = policy.rules.transit
    return rule is not None and rule.crew is not None and had < rule.crew


def seal_mismatch(case: Case) -> Iterator[Finding]:
    """A drive left without a seal, or arrived under another than it left under, or nobody noted which.

    An arrival is held to the seal that was set last before it on its lot or shipment. That nobody noted the
    seal is mended by whoever else received the shipment and did: one that was broken open at the first
    arrival is not there at the next. Full width, letter case and blanks make no difference.
    Source: the Amagasaki case of 2022: no seal, and a bag that lay open to anyone. On by `transit.seal`.
    """
    rule = case.rules.transit
    if rule is None or not rule.seal_required:
        return
    leaving: list[Departure] = [*case.of(DriveReleased), *case.of(DriveDispatched)]
    sealed: dict[str, list[Departure]] = {}
    for left in sorted(leaving, key=lambda fact: fact.occurred_at):
        if not folded(left.seal):
            yield _of_seal(case, left, (left.known_at, None), "without a seal")
        elif left.shipment:
            sealed.setdefault(left.shipment, []).append(left)
    if sealed:
        yield from _at_arrival(case, sealed)


def _at_arrival(case: Case, sealed: dict[str, list[Departure]]) -> Iterator[Finding]:
    arrivals: list[Arrival] = [*case.of(DriveDelivered), *case.of(DriveReturned)]
    noted: dict[str, datetime] = {}
    for arrival in arrivals:
        if folded(arrival.seal_found):
            noted[arrival.shipment] = min(arrival.known_at, noted.get(arrival.shipment, arrival.known_at))
    for arrival in arrivals:
        found = folded(arrival.seal_found)
        departures = sealed.get(arrival.shipment, ())
        spans = [
            during
            for left, during in latest_before(departures, arrival.occurred_at, arrival.known_at)
            if folded(left.seal) != found
        ]
        if found:
            fault = f"under the seal {arrival.seal_found.strip()}, and had left on {arrival.shipment} under another"
        else:
            fault = f"with no word of the seal under which it had left on {arrival.shipment}"
            spans = cut(spans, noted.get(arrival.shipment))
        span = from_first_to_last(spans)
        if span is not None:
            yield _of_seal(case, arrival, span, fault)


def _of_seal(case: Case, fact: Departure | Arrival, span: Span, fault: str) -> Finding:
    known_at, mended_at = span
    return Finding(
        subject=fact.event_id,
        known_at=known_at,
        message=f"{fact.kind} was reported by {fact.party} {fault}",
        party=fact.party,
        mended_at=mended_at,
        evident_at=case.asked_since(known_at, _asks_for_a_seal),
    )


def _asks_for_a_seal(policy: Policy) -> bool:
    return policy.rules.transit is not None and policy.rules.transit.seal_required


RULES = (
    Rule("understaffed_transit", Severity.MAJOR, "the Amagasaki case, 2022", understaffed_transit),
    Rule("seal_mismatch", Severity.MAJOR, "the Amagasaki case, 2022", seal_mismatch),
)
