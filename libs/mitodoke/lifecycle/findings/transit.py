"""Guards the drive on its way: enough people with it, and a seal that is the same at both ends."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.durations import EARLIEST
from mitodoke.lifecycle.facts import DriveDispatched, Fact
from mitodoke.lifecycle.findings.as_known import Span, cut, from_first_to_last, latest_before
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.findings.shipments import Arrival, Departure, arrivals, departures
from mitodoke.lifecycle.policy import Policy, Severity


def understaffed_transit(case: Case) -> Iterator[Finding]:
    """A drive was dispatched with fewer people than the policy asks for; one who is named twice is one.

    Source: the Amagasaki case of 2022: one man, alone, with the data of a city. On by `transit.crew`.
    """
    rule = case.rules.transit
    if rule is None or rule.crew is None:
        return
    for dispatched in case.of(DriveDispatched):
        had = _crew(dispatched)
        if had < rule.crew:
            yield Finding(
                subject=dispatched.event_id,
                known_at=dispatched.known_at,
                message=f"{dispatched.kind} was reported by {dispatched.party} with a crew of {had}; "
                f"the policy asks for {rule.crew}",
                party=dispatched.party,
                evident_at=case.asked_since(dispatched.known_at, partial(_asks_for_more, had)),
            )


def _crew(dispatched: DriveDispatched) -> int:
    return len({name for person in dispatched.crew if (name := folded(person))})


def _asks_for_more(had: int, policy: Policy) -> bool:
    rule = policy.rules.transit
    return rule is not None and rule.crew is not None and had < rule.crew


def _is_understaffed(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    rule = case.rules.transit
    return (
        not isinstance(fact, DriveDispatched) or rule is None or rule.crew is None or _crew(fact) < rule.crew
    )


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
    leaving, scanned = departures(case), arrivals(case)
    sealed: dict[str, list[Departure]] = {}
    for left in sorted(leaving, key=lambda fact: fact.occurred_at):
        if not folded(left.seal):
            yield _of_seal(case, left, (left.known_at, None), "without a seal")
        elif left.shipment:
            sealed.setdefault(left.shipment, []).append(left)
    if sealed:
        yield from _at_arrival(case, sealed, scanned)


def _seal_may_matter(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when it leaves under a seal after all that has arrived, nor when it is the one arrival of what left once."""
    if isinstance(fact, Departure):
        arrived = [arrival.occurred_at for arrival in arrivals(case)]
        return not folded(fact.seal) or max(arrived, default=EARLIEST) >= fact.occurred_at
    if not isinstance(fact, Arrival):
        return True
    left = [left for left in departures(case) if left.shipment == fact.shipment]
    arrived_too = [arrival for arrival in arrivals(case) if arrival.shipment == fact.shipment]
    return len(left) != 1 or len(arrived_too) != 1 or folded(left[0].seal) != folded(fact.seal_found)


def _at_arrival(
    case: Case, sealed: dict[str, list[Departure]], scanned: Sequence[Arrival]
) -> Iterator[Finding]:
    noted: dict[str, datetime] = {}
    for arrival in scanned:
        if folded(arrival.seal_found):
            noted[arrival.shipment] = min(arrival.known_at, noted.get(arrival.shipment, arrival.known_at))
    for arrival in scanned:
        found = folded(arrival.seal_found)
        left_on = sealed.get(arrival.shipment, ())
        spans = [
            during
            for left, during in latest_before(left_on, arrival.occurred_at, arrival.known_at)
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
    Rule(
        "understaffed_transit",
        Severity.MAJOR,
        "the Amagasaki case, 2022",
        understaffed_transit,
        _is_understaffed,
    ),
    Rule("seal_mismatch", Severity.MAJOR, "the Amagasaki case, 2022", seal_mismatch, _seal_may_matter),
)
