"""Guards the chain itself: was what arrived sent, and did each step follow the one before it?"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import EARLIEST, LATEST
from mitodoke.lifecycle.facts import (
    CustodyTransferred,
    DriveDestroyed,
    DriveDispatched,
    DriveReleased,
    Fact,
)
from mitodoke.lifecycle.findings.finding import Awaited, Finding, Rule
from mitodoke.lifecycle.findings.shipments import Arrival, Departure, arrivals, departures
from mitodoke.lifecycle.holder import MOVING, taken_by
from mitodoke.lifecycle.kinds import ARRIVALS, FactKind, Role
from mitodoke.lifecycle.policy import Per, Policy, Severity
from mitodoke.lifecycle.workings import anywhere

LET_GO = (
    DriveReleased.kind,
    DriveDispatched.kind,
    CustodyTransferred.kind,
    DriveDestroyed.kind,
)
"""The facts in which somebody lets the drive go."""

MOVED = anywhere(*LET_GO, *MOVING)
"""What tells who holds the drive, under whatever contract."""

INSTANT = timedelta(microseconds=1)


def not_on_manifest(case: Case) -> Iterator[Finding]:
    """A drive arrived with a lot or shipment on whose manifest it does not stand; mended when the manifest names it.

    Source: ISO/IEC 27001:2022 A.7.10 (storage media); the return list of the Kanagawa case.
    """
    left, scanned = departures(case), arrivals(case)
    first: dict[str, Arrival] = {}
    for fact in scanned:
        if fact.shipment:
            held = first.get(fact.shipment)
            if held is None or (fact.known_at, fact.event_id) < (held.known_at, held.event_id):
                first[fact.shipment] = fact
    if not first:
        return
    listed: dict[str, datetime] = {}
    for departure in left:
        earlier = listed.get(departure.shipment, departure.known_at)
        listed[departure.shipment] = min(earlier, departure.known_at)
    for shipment, arrival in sorted(first.items()):
        listed_at = listed.get(shipment)
        if listed_at is None or listed_at > arrival.known_at:
            yield Finding(
                subject=shipment,
                known_at=arrival.known_at,
                message=f"{arrival.party} scanned it with {shipment}, on whose manifest it does not stand",
                party=arrival.party,
                mended_at=listed_at,
            )


def _manifest_may_matter(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when it leaves with what has not arrived, nor when it arrives with what was known to have it aboard."""
    if isinstance(fact, Departure):
        return any(arrival.shipment == fact.shipment for arrival in arrivals(case))
    return isinstance(fact, Arrival) and not any(
        departure.shipment == fact.shipment and departure.known_at <= fact.known_at
        for departure in departures(case)
    )


def missing_at_close(case: Case) -> Iterator[Finding]:
    """A drive stands on the manifest of a lot or shipment of which its receiver said that was all, and was not scanned.

    Mended when its scan is told after all. Where the policy owes the arrival of what left so, shipment by shipment,
    it is overdue from the same moment, and this says nothing more.
    Source: ISO/IEC 27001:2022 A.7.10 (storage media); the 18 of 396 drives of the Kanagawa case.
    """
    sent, scanned = departures(case), arrivals(case)
    left: dict[str, list[Departure]] = {}
    for departure in sent:
        if departure.shipment:
            left.setdefault(departure.shipment, []).append(departure)
    scanned_at: dict[str, datetime] = {}
    for arrival in scanned:
        known_at = scanned_at.get(arrival.shipment, arrival.known_at)
        scanned_at[arrival.shipment] = min(known_at, arrival.known_at)
    owed_after = _arrival_is_owed_after(case)
    for shipment, manifest in sorted(left.items()):
        if any(departure.kind in owed_after for departure in manifest):
            continue
        closed = case.closure(shipment)
        if closed is None:
            continue
        listed = min(manifest, key=_by_knowledge)
        known_at, mended_at = max(closed.known_at, listed.known_at), scanned_at.get(shipment)
        if mended_at is None or mended_at > known_at:
            yield Finding(
                subject=shipment,
                known_at=known_at,
                message=f"{listed.party} sent it with {shipment}, and {closed.party} closed that without it",
                party=listed.party,
                mended_at=mended_at,
                evident_at=case.asked_since(
                    known_at, partial(_owes_arrival, frozenset(departure.kind for departure in manifest))
                ),
            )


def _may_be_missing(fact: Fact, case: Case, found: tuple[Finding, ...]) -> bool:
    """Not when it arrives with what it is not missed from, nor when its arrival is owed after it has left but once."""
    if isinstance(fact, Arrival):
        return any(finding.subject == fact.shipment for finding in found)
    return (
        not isinstance(fact, Departure)
        or fact.kind not in _arrival_is_owed_after(case)
        or sum(departure.shipment == fact.shipment for departure in departures(case)) > 1
    )


def _arrival_is_owed_after(case: Case) -> Collection[FactKind]:
    return () if case.published is None else _owing_arrival(case.published.policy)


def _owing_arrival(policy: Policy) -> list[FactKind]:
    return [o.after for o in policy.obligations if o.per is Per.SHIPMENT and o.expect in ARRIVALS]


def _owes_arrival(left: frozenset[FactKind], policy: Policy) -> bool:
    return not left.isdisjoint(_owing_arrival(policy))


def not_received(case: Case) -> Iterator[Finding]:
    """A drive that left with a lot or shipment was destroyed, though by no report had anyone received it.

    So what a destroyer says it destroyed is held, serial by serial, against what was received of each lot and
    shipment. The last departure before the destruction counts. It is received by a scan of its lot or shipment, and
    by whatever scan or hand-over since then shows that the destroyer had the drive; mended when one is told.
    Source: ISO/IEC 27001:2022 A.7.10 (storage media); the return list of the Kanagawa case.
    """
    deeds = case.of(DriveDestroyed)
    if not deeds:
        return
    left = sorted(departures(case), key=_occurred_at)
    scanned: dict[str, list[Fact]] = {}
    taken: dict[tuple[int, str], list[Fact]] = {}
    for arrival in arrivals(case):
        scanned.setdefault(arrival.shipment, []).append(arrival)
        taken.setdefault((_departed(left, arrival), arrival.party), []).append(arrival)
    for hand_over in case.of(CustodyTransferred):
        taken.setdefault((_departed(left, hand_over), hand_over.to_party), []).append(hand_over)
    received = {shipment: _earliest(facts) for shipment, facts in scanned.items()}
    had = {who: _earliest(facts) for who, facts in taken.items()}
    for deed in deeds:
        last = _departed(left, deed)
        if not last or not left[last - 1].shipment:
            continue
        departure = left[last - 1]
        known_at = max(deed.known_at, departure.known_at)
        told = (received.get(departure.shipment), had.get((last, deed.party)))
        words = [word for facts in told if facts and (word := facts.known_of_those_by(deed.occurred_at))]
        mended_at = min(words, default=None)
        if mended_at is None or mended_at > known_at:
            yield Finding(
                subject=deed.event_id,
                known_at=known_at,
                message=f"{deed.kind} was reported by {deed.party}, and by no report had anyone received the drive"
                f" after it had left on {departure.shipment}",
                party=deed.party,
                mended_at=mended_at,
            )


def _departed(departures: Sequence[Fact], fact: Fact) -> int:
    """How many of the departures had come about when the fact did."""
    return bisect_right(departures, fact.occurred_at, key=_occurred_at)


def _earliest(facts: list[Fact]) -> Earliest:
    return Earliest(sorted(facts, key=_occurred_at))


def _occurred_at(fact: Fact) -> datetime:
    return fact.occurred_at


def _may_skip_a_step(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when each step before it had come about by then and was known, and it is later than all steps."""
    steps = case.rules.steps
    before = steps[: steps.index(fact.kind)]
    for kind in before:
        known_at = case.earliest(kind).known_of_those_by(fact.occurred_at)
        if known_at is None or known_at > fact.known_at:
            return True
    return any(
        other is not fact and other.occurred_at == fact.occurred_at
        for kind in steps
        for other in case.of_kind(kind)[-2:]
    )


def skipped_step(case: Case) -> Iterator[Finding]:
    """A step of the policy's order came about without one before it; mended when the missing step is reported.

    A step reported as later than the one that needed it does not mend: the order was not kept.
    Source: the policy. On by `steps`.
    """
    done_before: dict[FactKind, Earliest] = {}
    for kind in case.rules.steps:
        if done := case.of_kind(kind):
            yield from _out_of_order(case, kind, done, done_before)
        done_before[kind] = case.earliest(kind)


def _out_of_order(
    case: Case, kind: FactKind, done: Sequence[Fact], done_before: Mapping[FactKind, Earliest]
) -> Iterator[Finding]:
    raised: Fact | None = None
    skipped: set[FactKind] = set()
    mended_at: datetime | None = EARLIEST
    for fact in done:
        broken: dict[FactKind, datetime | None] = {}
        for step, told in done_before.items():
            at = told.known_of_those_by(fact.occurred_at)
            if at is None or at > fact.known_at:
                broken[step] = at
        if not broken:
            continue
        skipped |= broken.keys()
        if raised is None or fact.known_at < raised.known_at:
            raised = fact
        for at in broken.values():
            mended_at = None if at is None or mended_at is None else max(mended_at, at)
    if raised is not None:
        yield Finding(
            subject=kind,
            known_at=raised.known_at,
            message=f"{kind} was reported by {raised.party} without"
            f" {', '.join(step for step in done_before if step in skipped)} before it",
            party=raised.party,
            mended_at=mended_at,
            evident_at=case.asked_since(raised.known_at, lambda p: p.rules.steps),
        )


@dataclass(slots=True)
class _HandOver:
    """What is told of one hand-over: the first word of each side, and when either spoke last."""

    giver: str
    taker: str
    words: dict[str, CustodyTransferred]
    spoke: dict[str, datetime]

    def takes(self, told: CustodyTransferred, within: timedelta) -> bool:
        """Whether this is said of the same hand-over: by its other side, or again by the same within the time."""
        if (self.giver, self.taker) != (told.from_party, told.to_party):
            return False
        last = self.spoke.get(told.party)
        return last is None or told.occurred_at - last <= within

    def add(self, told: CustodyTransferred) -> None:
        """Take in a word of one side; the first that was known counts."""
        held = self.words.get(told.party)
        if held is None or _by_knowledge(told) < _by_knowledge(held):
            self.words[told.party] = told
        self.spoke[told.party] = told.occurred_at


def custody_gap(case: Case) -> Iterator[Finding | Awaited]:
    """A hand-over of which only one side has spoken in time, or of which two receivers speak; mended by the other side.

    Where the giver named one receiver and another says that it took the drive, nothing is waited for: the word of
    the other is flagged at once. Who is neither giver nor receiver attests nothing.
    Source: ISO/IEC 27001:2022 A.7.10 (storage media), and the Kanagawa case of 2019, in which drives
    changed hands twice between two papers. On by `custody.attest_within`.
    """
    rule = case.rules.custody
    if rule is None:
        return
    told = _hand_overs(case.of(CustodyTransferred), rule.attest_within)
    for position, hand_over in enumerate(told):
        first, *others = sorted(hand_over.words.values(), key=_by_knowledge)
        other_at = others[0].known_at if others else None
        limit = _later(first.occurred_at, rule.attest_within)
        raised_at, evident_at = max(limit, first.known_at), max(limit + INSTANT, first.known_at)
        if other_at is not None and other_at <= raised_at:
            continue
        silent = hand_over.taker if first.party == hand_over.giver else hand_over.giver
        message = f"{first.party} reported its hand-over, and {silent} has not attested it in time"
        if (named := _named_another(told, position)) is not None:
            contradicted_at = max(first.known_at, named.known_at)
            if contradicted_at < evident_at:
                raised_at = evident_at = contradicted_at
                message = (
                    f"{first.party} took it from {silent}, which says that it gave it to {named.to_party}"
                )
        if case.as_of < evident_at:
            yield Awaited(evident_at)
            continue
        asked_since = case.asked_since(raised_at, lambda policy: policy.rules.custody)
        yield Finding(
            subject=first.event_id,
            known_at=raised_at,
            message=message,
            party=silent,
            mended_at=other_at,
            evident_at=max(evident_at, asked_since),
        )


def _hand_overs(told: Sequence[CustodyTransferred], within: timedelta) -> list[_HandOver]:
    found: list[_HandOver] = []
    for word in told:
        if word.party in (word.from_party, word.to_party) and word.from_party != word.to_party:
            if not found or not found[-1].takes(word, within):
                found.append(_HandOver(word.from_party, word.to_party, {}, {}))
            found[-1].add(word)
    return found


def _named_another(told: Sequence[_HandOver], position: int) -> CustodyTransferred | None:
    """The word of a giver that names another receiver than the one that alone speaks of this hand-over."""
    hand_over = told[position]
    if hand_over.giver in hand_over.words:
        return None
    for other in (*told[max(0, position - 1) : position], *told[position + 1 : position + 2]):
        if other.giver == hand_over.giver and other.words.keys() == {other.giver}:
            return other.words[other.giver]
    return None


@dataclass(frozen=True, slots=True)
class _Holding:
    """Who may rightly let the drive go after a fact; nobody is named while nobody can say."""

    by: str
    may_let_go: frozenset[str]
    known_at: datetime


def not_the_holder(case: Case) -> Iterator[Finding]:
    """A party gives, dispatches, releases or destroys a drive that by the facts before it another holds.

    While no fact says who holds it, as at the start of the chain and after a loss, nobody is accused. What is
    released may be dispatched by who released it, by who is to receive it and by an approved carrier; what is on
    its way may be handed over by its carrier and by who sent it. The word of the receiving side, told after it
    has the drive, is of the same hand-over. Mended when an earlier fact is told that gives it the drive.
    Source: ISO/IEC 27001:2022 A.7.10 (storage media). On by `custody.attest_within`.
    """
    if case.rules.custody is None:
        return
    letting_go = [fact.event_id for kind in LET_GO for fact in case.of_kind(kind)]
    if not letting_go:
        return
    for doubt in case.of_drive(_hands, MOVED).doubts:
        if doubt.fact.event_id in letting_go:
            yield from _accused(case, doubt)


def _may_let_go_another_s(fact: Fact, case: Case, _: tuple[Finding, ...]) -> bool:
    """Not when it is of another lease, or nothing is let go in it, or by who holds the drive."""
    if case.facts[-1] is not fact or fact.kind not in LET_GO:
        return False
    if sum(len(case.of_kind(kind)) for kind in LET_GO) == 1:
        return True
    doubts = case.of_drive(_hands, MOVED).doubts
    return bool(doubts) and doubts[-1].fact is fact


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A fact in which somebody lets the drive go that another held, by what was known when it was told or is now."""

    fact: Fact
    party: str
    taker: str | None
    then: _Holding | None
    last: _Holding


@dataclass(frozen=True, slots=True)
class _Hands:
    """Who holds the drive, and what was done with it that is in doubt."""

    doubts: tuple[_Doubt, ...]
    held: tuple[_Holding, ...]
    """By occurrence, and of two the earlier only while the later was not known: what was known at a moment is
    then found by its time."""


def _hands(facts: Sequence[Fact], before: _Hands | None) -> _Hands:
    doubts, held = list[_Doubt](), list[_Holding]()
    if before is not None:
        doubts, held = list(before.doubts), list(before.held)
    for fact in facts:
        if held and (letting_go := _letting_go(fact)) is not None:
            known = bisect_right(held, fact.known_at, key=_since)
            doubt = _Doubt(fact, *letting_go, held[known - 1] if known else None, held[-1])
            if _is_another(doubt, doubt.last) or (doubt.then is not None and _is_another(doubt, doubt.then)):
                doubts.append(doubt)
        holding = _holding(fact)
        if holding is not None:
            while held and held[-1].known_at >= holding.known_at:
                held.pop()
            held.append(holding)
    return _Hands(tuple(doubts), tuple(held))


def _since(holding: _Holding) -> datetime:
    return holding.known_at


def _is_another(doubt: _Doubt, holding: _Holding) -> bool:
    return bool(holding.by) and doubt.party not in holding.may_let_go and doubt.taker != holding.by


def _letting_go(fact: Fact) -> tuple[str, str | None] | None:
    """Who lets the drive go in this fact, and to whom, if to anyone that it names."""
    match fact:
        case CustodyTransferred(from_party=giver, to_party=taker):
            return giver, taker
        case DriveReleased(to_party=taker):
            return fact.party, taker
        case DriveDispatched(carrier=carrier):
            return fact.party, carrier
        case DriveDestroyed():
            return fact.party, None
    return None


def _holding(fact: Fact) -> _Holding | None:
    if isinstance(fact, DriveReleased) and not fact.to_party:
        # It has left, and nobody says for where.
        return _Holding("", frozenset(), fact.known_at)
    party = taken_by(fact)
    if party is None:
        return None
    sender = {fact.party} if isinstance(fact, Departure) else set()
    return _Holding(party, frozenset({party, *sender}), fact.known_at)


def _accused(case: Case, doubt: _Doubt) -> Iterator[Finding]:
    fact, party, then, last = doubt.fact, doubt.party, doubt.then, doubt.last
    now_wrong = _wrong(case, doubt, last)
    if then is not None and _wrong(case, doubt, then):
        accused, known_at, mended_at = then, fact.known_at, None if now_wrong else last.known_at
    elif now_wrong:
        accused, known_at, mended_at = last, max(fact.known_at, last.known_at), None
    else:
        return
    yield Finding(
        subject=fact.event_id,
        known_at=known_at,
        message=f"{fact.kind} was reported by {fact.party}: {party} let go what {accused.by} held by then",
        party=party,
        mended_at=mended_at,
        evident_at=case.asked_since(known_at, lambda policy: policy.rules.custody is not None),
    )


def _wrong(case: Case, doubt: _Doubt, holding: _Holding) -> bool:
    if not _is_another(doubt, holding):
        return False
    released = len(holding.may_let_go) > 1
    return not (
        released
        and isinstance(doubt.fact, DriveDispatched)
        and case.approved(doubt.party, frozenset({Role.CARRIER}), doubt.fact.occurred_at)
    )


def _later(moment: datetime, by: timedelta) -> datetime:
    return moment + by if moment <= LATEST - by - INSTANT else LATEST - INSTANT


def _by_knowledge(fact: Fact) -> tuple[datetime, int]:
    return fact.known_at, fact.event_id.int


RULES = (
    Rule(
        "not_on_manifest", Severity.MAJOR, "ISO/IEC 27001:2022 A.7.10", not_on_manifest, _manifest_may_matter
    ),
    Rule("missing_at_close", Severity.MAJOR, "ISO/IEC 27001:2022 A.7.10", missing_at_close, _may_be_missing),
    Rule("not_received", Severity.MAJOR, "ISO/IEC 27001:2022 A.7.10", not_received),
    Rule("skipped_step", Severity.MAJOR, "the policy's steps", skipped_step, _may_skip_a_step),
    Rule("custody_gap", Severity.MAJOR, "ISO/IEC 27001:2022 A.7.10", custody_gap),
    Rule(
        "not_the_holder", Severity.MAJOR, "ISO/IEC 27001:2022 A.7.10", not_the_holder, _may_let_go_another_s
    ),
)
