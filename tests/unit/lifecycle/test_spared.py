"""What the verdict before spares: who has looked at nothing new is not asked again, and everyone else is, once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

import mitodoke.lifecycle.judge as judging
import worlds
from histories import STRICT, History, fact_by_fact, histories, in_a_rush
from mitodoke.lifecycle import workings
from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.facts import (
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveEnrolled,
    DriveReturned,
    DriveWiped,
    Fact,
)
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Rule
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.obligations import Debt, owed
from mitodoke.lifecycle.policy import CustodyRule, Obligation, Per, Policy, Rules
from mitodoke.lifecycle.record import Record, fold
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.lifecycle.workings import (
    ANYWHERE,
    CycleWorkings,
    Piece,
    Read,
    Told,
    Whole,
    Workings,
    one_of_a_kind,
)
from worlds import INSTANT, LOT, OWNER, at, enrolled, one_of_each, owes, policy, record, reference, registered

POLICY = policy(
    owes("return", DriveEnrolled, DriveReturned, "10d"),
    owes("wipe", DriveReturned, DriveWiped, "5d"),
    owes("destruction", DriveReturned, DriveDestroyed, "20d"),
    rules=Rules(custody=CustodyRule(timedelta(hours=24))),
)
FIRST, SECOND = CONTRACTS = ("K-1", "K-2")
AGREED = reference(worlds.published(POLICY), *(registered(contract) for contract in CONTRACTS))
PIECES = [*(o.id for o in POLICY.obligations), *(rule.id for rule in CATALOGUE)]
"""What is asked of a cycle, in the order of its pieces."""


class Asked:
    """Who was asked about which cycle; "" is the drive of which nothing was told."""

    def __init__(self) -> None:
        self.by_cycle: dict[str, list[str]] = {}

    def note(self, case: Case, name: str) -> None:
        self.by_cycle.setdefault(case.cycle.name if case.number else "", []).append(name)

    def anew(self) -> dict[str, list[str]]:
        """Who has been asked since this was called last."""
        asked, self.by_cycle = self.by_cycle, {}
        return asked


def _watched(rule: Rule, seen: Asked) -> Rule:
    def find(case: Case) -> Iterator[Any]:
        seen.note(case, rule.id)
        return rule.find(case)

    return replace(rule, find=find)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Who is asked by what they look at alone, whatever would have moved them."""
    seen = Asked()

    def debts(case: Case, obligation: Obligation) -> Iterator[Debt]:
        seen.note(case, obligation.id)
        return owed(case, obligation)

    rules = (replace(_watched(rule, seen), moved_by=None) for rule in CATALOGUE)
    monkeypatch.setattr(judging, "CATALOGUE", tuple(rules))
    monkeypatch.setattr(judging, "owed", debts)
    return seen


_LOT, _SHIPMENT = {"shipment": LOT}, {"shipment": "S-1"}
_CREW = ("sato", "suzuki")
_HANDED_OVER = {"from_party": worlds.LESSOR, "to_party": worlds.CARRIER, **_SHIPMENT}

AS_AGREED: list[tuple[Fact, set[str]]] = [
    (
        enrolled("04-01 10:00"),
        {"activity_after_destruction", "alive_twice", "suspect_serial", "unknown_contract", "unknown_drive"},
    ),
    (worlds.lease_extended("04-01 11:00", until="05-01"), set()),
    (worlds.lease_ended("04-02 10:00"), set()),
    (worlds.wiped("04-03 10:00", evidence=("photo",)), {"weak_method"}),
    (worlds.verified("04-03 11:00", person="verifier"), {"same_person"}),
    (
        worlds.released("04-04 10:00", seal="A", to_party=worlds.LESSOR, **_LOT),
        {"missing_at_close", "not_sanitised", "not_the_holder", "wrong_place"},
    ),
    (worlds.returned("04-04 12:00", seal_found="A", from_party=OWNER, **_LOT), {"not_sanitised"}),
    (worlds.dispatched("04-05 10:00", seal="B", crew=_CREW, **_SHIPMENT), {"not_sanitised"}),
    (worlds.transferred("04-05 10:30", **_HANDED_OVER), {"custody_gap"}),
    (worlds.transferred("04-05 10:31", by=worlds.CARRIER, **_HANDED_OVER), {"custody_gap"}),
    (worlds.delivered("04-05 15:00", seal_found="B", **_SHIPMENT), {"not_sanitised"}),
    (
        worlds.destroyed("04-08 10:00", witness="witness"),
        {
            "activity_after_destruction",
            "certificate_without_destruction",
            "not_received",
            "same_person",
            "weak_method",
            "wrong_place",
        },
    ),
    (worlds.certified("04-08 11:00"), {"conflicting_facts"}),
    (worlds.accepted("04-09 10:00"), set()),
]
"""A chain under every rule, and the rules that each fact of it may move."""


def test_a_fact_that_can_change_nothing_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a rule says what moves it, it is asked at every fact that it looks at: four to twelve rules a fact."""
    seen = Asked()
    monkeypatch.setattr(judging, "CATALOGUE", tuple(_watched(rule, seen) for rule in CATALOGUE))
    agreed = reference(worlds.published(replace(STRICT, version=1)), registered(worlds.CONTRACT))
    held, verdict = Record(worlds.DRIVE), None
    for fact, moves in AS_AGREED:
        held = fold(held, fact)
        verdict = judge(held, agreed, fact.known_at, verdict)
        assert (fact.kind, set(seen.anew().get(worlds.CONTRACT, ()))) == (fact.kind, moves)


def _workings(verdict: Verdict) -> Workings:
    assert isinstance(verdict.workings, Workings)
    return verdict.workings


def _cycle(verdict: Verdict, name: str) -> CycleWorkings:
    return _workings(verdict).cycles[name]


def _who_looked_at(held: CycleWorkings, *news: Read) -> list[str]:
    """Whose answer about the cycle rests on one of these."""
    return [name for name, piece in zip(PIECES, held.pieces, strict=True) if not piece.reads.isdisjoint(news)]


TWO_LEASES = record(
    [
        enrolled("04-01", contract=FIRST),
        worlds.returned("04-05", contract=FIRST),
        enrolled("05-04", contract=SECOND),
    ]
)
"""A drive that was never destroyed under its first contract, and is leased again."""


def test_nothing_new_asks_nobody(asked: Asked) -> None:
    before = judge(TWO_LEASES, AGREED, at("05-04"))
    turns_at = before.turns_at
    assert turns_at is not None
    asked.anew()
    for moment in (before.as_of, at("05-05"), turns_at - INSTANT):
        verdict = judge(TWO_LEASES, AGREED, moment, before)
        assert asked.anew() == {}
        assert verdict == replace(before, as_of=moment)
        assert _workings(verdict).stood is _workings(before).stood
        for name in CONTRACTS:
            assert _cycle(verdict, name) is _cycle(before, name)
        before = verdict


def test_a_verdict_of_later_than_now_spares_nothing(asked: Asked) -> None:
    later = judge(TWO_LEASES, AGREED, at("05-10"))
    asked.anew()
    assert judge(TWO_LEASES, AGREED, at("04-06"), later) == judge(TWO_LEASES, AGREED, at("04-06"))


def test_a_moment_asks_those_alone_who_waited_for_it(asked: Asked) -> None:
    held = record([enrolled("04-01", contract=FIRST), worlds.returned("04-05", contract=FIRST)])
    verdict = judge(held, AGREED, at("04-05"))
    asked.anew()
    turned: list[list[str]] = []
    while verdict.turns_at is not None:
        waited = [
            name
            for name, piece in zip(PIECES, _cycle(verdict, FIRST).pieces, strict=True)
            if piece.until == verdict.turns_at
        ]
        verdict = judge(held, AGREED, verdict.turns_at, verdict)
        assert asked.anew() == {FIRST: waited}
        turned.append(waited)
    debts = [names for names in turned if "wipe" in names or "destruction" in names]
    assert debts == [["wipe"], ["destruction"]]
    assert _cycle(verdict, FIRST).waiting == 0
    assert _cycle(verdict, FIRST).until is None


def test_two_who_waited_for_the_same_moment_are_both_asked(asked: Asked) -> None:
    both = policy(
        owes("return", DriveEnrolled, DriveReturned, "10d"),
        owes("wipe", DriveEnrolled, DriveWiped, "10d"),
        owes("destruction", DriveEnrolled, DriveDestroyed, "10d"),
    )
    agreed = reference(worlds.published(both), registered(FIRST))
    held = record([enrolled("04-01", contract=FIRST)])
    verdict = judge(held, agreed, at("04-01"))
    asked.anew()
    while verdict.turns_at is not None:
        verdict = judge(held, agreed, verdict.turns_at, verdict)
    assert [name for name in asked.anew()[FIRST] if name in PIECES[:3]] == ["return", "wipe", "destruction"]
    assert {f.subject for f in verdict.flags} >= {"return", "wipe", "destruction"}


LATE = {"occurred": "05-01", "known": "05-10"}
TOLD_LATE = [fact for contract in CONTRACTS for fact in one_of_each(**LATE, contract=contract)]


@pytest.mark.parametrize("late", TOLD_LATE, ids=lambda fact: f"{fact.kind}-{fact.contract}")
def test_a_fact_asks_those_alone_who_look_at_its_kind(asked: Asked, late: Fact) -> None:
    before = judge(TWO_LEASES, AGREED, at("05-10"))
    asked.anew()
    verdict = judge(fold(TWO_LEASES, late), AGREED, at("05-10"), before)
    own, other = _cycle(before, late.contract), next(n for n in CONTRACTS if n != late.contract)
    news: set[Read] = {late.kind, ANYWHERE[late.kind], Whole.CYCLE}
    if late.kind is DriveEnrolled.kind and late.contract == FIRST:
        news.add(
            Whole.FIRST
        )  # it begins another cycle of that contract; which one comes first is of no account
    if late.kind is DriveDestroyed.kind:
        news.add(Whole.DESTRUCTIONS)
    seen = asked.anew()
    if late.kind is not DriveEnrolled.kind:
        assert sorted(seen.get(late.contract, [])) == sorted(_who_looked_at(own, *news))
    of_drive = news & {ANYWHERE[late.kind], Whole.DESTRUCTIONS}
    assert sorted(seen.get(other, [])) == sorted(_who_looked_at(_cycle(before, other), *of_drive))
    if not seen.get(other):
        assert _cycle(verdict, other).pieces is _cycle(before, other).pieces


@pytest.mark.parametrize(
    "late",
    [worlds.sighted(**LATE, contract=SECOND), worlds.returned(**LATE, contract=FIRST)],
    ids=lambda fact: fact.kind,
)
def test_an_answer_that_is_the_same_again_is_the_same_thing(asked: Asked, late: Fact) -> None:
    """So that whoever keeps verdicts keeps each answer once, and can see at a glance what is another."""
    before = judge(TWO_LEASES, AGREED, at("05-10"))
    verdict = judge(fold(TWO_LEASES, late), AGREED, at("05-10"), before)
    for name in CONTRACTS:
        were, are = _cycle(before, name), _cycle(verdict, name)
        assert _who_looked_at(are, DriveEnrolled.kind)
        for was, piece in zip(were.pieces, are.pieces, strict=True):
            assert (piece is was) == (_says(piece) == _says(was))
        same_reads = [piece.reads for piece in are.pieces] == [was.reads for was in were.pieces]
        assert (are.readers is were.readers) == same_reads


def _says(piece: Piece) -> tuple[object, ...]:
    return piece.answer, piece.until, piece.reads, piece.closures


def test_a_fact_taken_back_asks_those_who_looked_at_it(asked: Asked) -> None:
    sighting = worlds.sighted("05-06", contract=SECOND, name="the sighting")
    held = fold(TWO_LEASES, sighting)
    before = judge(held, AGREED, at("05-06"))
    asked.anew()
    taken_back = worlds.retracted("05-07", contract=SECOND, retracted="the sighting", by=sighting.party)
    verdict = judge(fold(held, taken_back), AGREED, at("05-07"), before)
    news = (sighting.kind, ANYWHERE[sighting.kind], Whole.CYCLE)
    seen = asked.anew()
    assert sorted(seen[SECOND]) == sorted(_who_looked_at(_cycle(before, SECOND), *news))
    assert verdict == judge(fold(held, taken_back), AGREED, at("05-07"))


def test_a_drive_leaving_a_contract_altogether_asks_the_other_who_looked_there(asked: Asked) -> None:
    """The only fact under the second contract is taken back: that cycle is no more."""
    only = worlds.destroyed("05-06", contract=SECOND, name="the only one")
    held = record([enrolled("04-01", contract=FIRST), worlds.returned("04-05", contract=FIRST), only])
    before = judge(held, AGREED, at("05-06"))
    asked.anew()
    gone = fold(held, worlds.retracted("05-07", contract=SECOND, retracted="the only one", by=only.party))
    verdict = judge(gone, AGREED, at("05-07"), before)
    news = (ANYWHERE[only.kind], Whole.DESTRUCTIONS, Whole.CONTRACTS)
    assert sorted(asked.anew()[FIRST]) == sorted(_who_looked_at(_cycle(before, FIRST), *news))
    assert verdict == judge(gone, AGREED, at("05-07"))


def test_a_lease_told_late_under_another_contract_asks_who_looked_at_whether_there_is_one(
    asked: Asked,
) -> None:
    held = record([enrolled("05-04", contract=FIRST)])
    before = judge(held, AGREED, at("05-04"))
    piece = _cycle(before, FIRST).pieces[PIECES.index("alive_twice")]
    assert piece.reads == {DriveEnrolled.kind, Whole.CONTRACTS}
    asked.anew()
    now = fold(held, enrolled("04-01", known="05-10", contract=SECOND))
    verdict = judge(now, AGREED, at("05-10"), before)
    assert "alive_twice" in asked.anew()[FIRST]
    assert [(f.cycle, f.kind) for f in verdict.flags if f.kind == "alive_twice"] == [(FIRST, "alive_twice")]
    assert verdict == judge(now, AGREED, at("05-10"))


def test_one_of_two_hand_overs_falls_due_and_the_other_is_waited_for_still() -> None:
    def hand_over(day: str, giver: str, taker: str) -> Fact:
        return worlds.transferred(day, by=giver, from_party=giver, to_party=taker, contract=FIRST)

    held = record(
        [
            enrolled("04-01", contract=FIRST),
            hand_over("04-02 10:00", OWNER, worlds.CARRIER),
            hand_over("04-02 16:00", worlds.CARRIER, worlds.LESSOR),
        ]
    )
    verdict = judge(held, AGREED, at("04-02 16:00"))
    for gaps in (1, 2):
        assert verdict.turns_at is not None
        verdict = judge(held, AGREED, verdict.turns_at, verdict)
        assert [f.kind for f in verdict.flags].count("custody_gap") == gaps
        assert verdict == judge(held, AGREED, verdict.as_of)


def test_a_flag_that_stays_beside_a_new_one_is_the_same_thing() -> None:
    held = fold(TWO_LEASES, worlds.sighted("05-06", contract=SECOND))
    before = judge(held, AGREED, at("05-06"))
    now = judge(fold(held, worlds.sighted("05-07", contract=SECOND)), AGREED, at("05-07"), before)
    [first] = [f for f in before.flags if f.kind == "sighted"]
    assert [f is first for f in now.flags if f.kind == "sighted"] == [True, False]


def test_a_destruction_taken_back_asks_who_looked_at_it_from_another_lease(asked: Asked) -> None:
    deed = worlds.destroyed("05-06", contract=SECOND, name="the deed")
    held = fold(TWO_LEASES, deed)
    before = judge(held, AGREED, at("05-06"))
    asked.anew()
    now = fold(held, worlds.retracted("05-07", contract=SECOND, retracted="the deed", by=deed.party))
    verdict = judge(now, AGREED, at("05-07"), before)
    looked = _who_looked_at(_cycle(before, FIRST), ANYWHERE[deed.kind], Whole.DESTRUCTIONS)
    assert looked
    assert sorted(asked.anew()[FIRST]) == sorted(looked)
    assert verdict == judge(now, AGREED, at("05-07"))


def test_a_lease_known_earlier_than_it_was_asks_who_looked_at_when(asked: Asked) -> None:
    before = judge(TWO_LEASES, AGREED, at("05-10"))
    asked.anew()
    earlier = worlds.removed("04-02", known="05-10", contract=SECOND, backfilled=True)
    verdict = judge(fold(TWO_LEASES, earlier), AGREED, at("05-10"), before)
    own = _cycle(before, SECOND)
    [first_known_at] = [c.first_known_at for c in _workings(verdict).stood.cycles if c.name == SECOND]
    assert first_known_at == at("04-02")
    news = (earlier.kind, ANYWHERE[earlier.kind], Whole.CYCLE)
    looked = _who_looked_at(own, *news, Whole.FIRST)
    assert set(looked) > set(_who_looked_at(own, *news))
    assert sorted(asked.anew()[SECOND]) == sorted(looked)


def test_a_closed_shipment_asks_those_who_asked_for_it(asked: Asked) -> None:
    lot = {"shipment": LOT, "contract": FIRST}
    held = record([enrolled("04-01", contract=FIRST), worlds.dispatched("04-06", by=OWNER, **lot)])
    closed = worlds.closed("04-08", contract=FIRST)
    # Another contract has a shipment of that name too.
    elsewhere = worlds.closed("04-07 10:00", contract=SECOND)
    agreed = reference(worlds.published(POLICY), registered(FIRST), registered(SECOND), elsewhere, closed)
    before = judge(held, agreed, at("04-07"))
    who = [name for name, piece in zip(PIECES, _cycle(before, FIRST).pieces, strict=True) if piece.closures]
    assert who
    asked.anew()
    for moment in (at("04-07 12:00"), closed.known_at - INSTANT):
        before = judge(held, agreed, moment, before)
        assert asked.anew() == {}
    before = judge(held, agreed, closed.known_at, before)
    assert asked.anew() == {FIRST: who}
    judge(held, agreed, at("04-09"), before)
    assert asked.anew() == {}


def test_a_new_drive_asks_those_alone_who_look_at_what_was_told(asked: Asked) -> None:
    """What the rules say where nothing was told is asked once for an agreement, and not for each drive."""
    agreed = reference(worlds.published(POLICY), registered(FIRST))
    one = record([enrolled("04-01", contract=FIRST)], "WD-1")
    verdict = judge(one, agreed, at("04-01"))
    first = asked.anew()
    assert first[""] == PIECES
    contract, published = _cycle(verdict, FIRST).contract, _cycle(verdict, FIRST).published
    assert contract is not None and published is not None
    untold: object = agreed.once(contract, published, lambda: pytest.fail("it was not kept"))
    assert isinstance(untold, CycleWorkings)
    kind = DriveEnrolled.kind
    looking = _who_looked_at(untold, *Whole, kind, ANYWHERE[kind])
    assert len(looking) < len(PIECES) / 2
    assert sorted(first[FIRST]) == sorted(looking)
    judge(record([enrolled("04-02", contract=FIRST)], "WD-2"), agreed, at("04-02"))
    assert {name: sorted(who) for name, who in asked.anew().items()} == {FIRST: sorted(looking)}


def _twice_published(then: Policy) -> Reference:
    return reference(
        worlds.published(POLICY),
        registered(FIRST),
        registered(SECOND),
        worlds.published(replace(then, version=2), "05-08"),
        worlds.amended("05-09", *worlds.CHAIN, contract=FIRST, version=2),
    )


def test_another_policy_is_asked_from_the_beginning_and_the_other_contract_is_too(asked: Asked) -> None:
    """That a policy was published at all can matter to whoever named one that was not there."""
    agreed = _twice_published(POLICY)
    before = judge(TWO_LEASES, agreed.read_through(at("05-07")), at("05-07"))
    asked.anew()
    before = judge(TWO_LEASES, agreed.read_through(at("05-08")), at("05-08"), before)
    assert set(asked.anew()) == {"", *CONTRACTS}
    before = judge(TWO_LEASES, agreed.read_through(at("05-09")), at("05-09"), before)
    assert set(asked.anew()) == {"", FIRST}
    judge(TWO_LEASES, agreed.read_through(at("05-10")), at("05-10"), before)
    assert asked.anew() == {}


def test_the_latest_fact_of_one_lease_asks_nobody_about_another_who_does_not_look_there(asked: Asked) -> None:
    told = fold(TWO_LEASES, worlds.removed("05-05", contract=SECOND))
    before = judge(told, AGREED, at("05-05"))
    asked.anew()
    latest = worlds.returned("05-06", contract=SECOND)
    judge(fold(told, latest), AGREED, at("05-06"), before)
    looked = _who_looked_at(_cycle(before, FIRST), ANYWHERE[latest.kind])
    assert looked != _who_looked_at(_cycle(before, FIRST), ANYWHERE[latest.kind], latest.kind)
    assert asked.anew()[FIRST] == looked


def test_the_reference_is_asked_again_only_when_more_of_it_was_read_or_a_moment_of_it_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = worlds.amended("05-08", contract=FIRST)
    agreed = reference(worlds.published(POLICY), registered(FIRST), registered(SECOND), ends)
    told = [
        fold(TWO_LEASES, worlds.dispatched("05-05", contract=SECOND)),
        *(worlds.removed(f"05-0{day}", contract=SECOND) for day in (6, 7, 8, 9)),
    ]
    [held, *more] = told
    assert isinstance(held, Record)
    before = judge(held, agreed, at("05-05"))
    questions: list[str] = []
    for name in ("contract", "policy", "closure", "next_change"):
        asks = getattr(Reference, name)

        def counted(self: Reference, *what: Any, name: str = name, asks: Any = asks) -> Any:
            questions.append(name)
            return asks(self, *what)

        monkeypatch.setattr(Reference, name, counted)
    said: list[bool] = []
    for fact in more:
        assert isinstance(fact, Fact)
        held = fold(held, fact)
        questions.clear()
        before = judge(held, agreed, fact.known_at, before)
        said.append(bool(questions))
    assert said == [False, False, True, False]
    assert agreed.append(worlds.closed("05-09", contract=FIRST))
    questions.clear()
    judge(held, agreed, at("05-09"), before)
    assert questions


def test_what_no_fact_has_changed_is_passed_on_as_it_is() -> None:
    agreed = reference(worlds.published(replace(STRICT, version=1)), registered(FIRST))
    held = record([enrolled("04-01 10:00", contract=FIRST)])
    before = judge(held, agreed, at("04-01 10:00"))
    quiet = judge(
        fold(held, worlds.lease_extended("04-01 11:00", until="05-01", contract=FIRST)),
        agreed,
        at("04-01 11:00"),
        before,
    )
    assert _cycle(quiet, FIRST) is _cycle(before, FIRST)


def test_no_drive_shares_with_another_what_was_made_of_its_facts() -> None:
    agreed = reference(worlds.published(POLICY), registered(FIRST))
    one, other = (
        _cycle(judge(record([enrolled("04-01", contract=FIRST)], serial), agreed, at("04-01")), FIRST)
        for serial in ("WD-1", "WD-2")
    )
    contract, published = one.contract, one.published
    assert contract is not None and published is not None
    untold: Any = agreed.once(contract, published, lambda: pytest.fail("it was not kept"))
    assert len({id(held.told) for held in (one, other, untold)}) == 3


ARRIVALS = policy(
    owes("arrival", DriveDispatched, DriveDelivered, "240h", Role.CARRIER, Per.SHIPMENT),
    grace=timedelta(hours=1),
)


@pytest.mark.parametrize("as_of", ["04-10", "04-12 10:00", "04-12 10:01"])
def test_what_is_owed_is_made_anew_only_when_something_of_its_own_has_changed(as_of: str) -> None:
    agreed = reference(worlds.published(ARRIVALS), registered(FIRST))
    sent = [worlds.dispatched("04-02", shipment=name, contract=FIRST) for name in ("S-1", "S-2", "S-3")]
    held = record([enrolled("04-01", contract=FIRST), *sent])
    before = judge(held, agreed, at(as_of))
    now = fold(held, worlds.delivered("04-03", known=as_of, shipment="S-2", contract=FIRST))
    verdict = judge(now, agreed, at(as_of), before)
    assert [debt.subject for debt in verdict.obligations] == ["S-1", "S-2", "S-3"]
    assert [was is debt for was, debt in zip(before.obligations, verdict.obligations, strict=True)] == [
        True,
        False,
        True,
    ]
    again = fold(now, worlds.delivered("04-04", known=as_of, shipment="S-3", contract=FIRST))
    last = judge(again, agreed, at(as_of), verdict)
    assert last.obligations[1] is verdict.obligations[1]
    assert last == judge(again, agreed, at(as_of))


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(histories() | in_a_rush())
def test_with_the_verdict_before_it_is_the_verdict_without(history: History) -> None:
    fact_by_fact(history, _the_same)


def _the_same(held: Record, agreed: Reference, as_of: datetime, before: Verdict | None) -> Verdict:
    spared, anew = judge(held, agreed, as_of, before), judge(held, agreed, as_of)
    assert spared == anew
    # What is held besides must be as it would be made anew, or the next verdict rests on what is not so.
    for name, cycle in _workings(spared).cycles.items():
        of = _cycle(anew, name)
        assert (cycle.contract, cycle.published) == (of.contract, of.published)
        assert [_says(piece) for piece in cycle.pieces] == [_says(piece) for piece in of.pieces]
        assert cycle.policies_known == of.policies_known == agreed.policies_known()
        assert (cycle.waiting, cycle.until, cycle.grows) == (of.waiting, of.until, of.grows)
        for read, bits in cycle.readers.items():
            assert bits == sum(1 << n for n, piece in enumerate(cycle.pieces) if read in piece.reads)
    return spared


class TestTold:
    """Single facts are asked about once, whatever comes before, between or after them."""

    FACTS = tuple(enrolled(f"04-0{day}", name=f"fact {day}") for day in range(1, 6))

    def asked(
        self, told: Told, facts: tuple[Fact, ...], about: str = "the place"
    ) -> tuple[list[str], list[Fact]]:
        found: list[Fact] = []

        def find(fact: Fact, case: str) -> str:
            found.append(fact)
            return f"{case} {fact.event_id}"

        answers = told.each(about, find, facts, "case")
        assert list(answers) == [f"case {fact.event_id}" for fact in facts]
        return list(answers), found

    def test_the_same_facts_again(self) -> None:
        told = Told()
        assert self.asked(told, self.FACTS)[1] == list(self.FACTS)
        assert self.asked(told, self.FACTS)[1] == []
        assert self.asked(told, tuple(iter(self.FACTS)))[1] == []
        # As after they were read from the tables again.
        assert self.asked(told, tuple(replace(fact) for fact in self.FACTS))[1] == []

    def test_another_question(self) -> None:
        told = Told()
        self.asked(told, self.FACTS)
        assert self.asked(told, self.FACTS, "the people")[1] == list(self.FACTS)

    @pytest.mark.parametrize(
        ("before", "now", "new"),
        [
            ((0, 1, 2), (0, 1, 2, 3, 4), [3, 4]),
            ((0, 2), (0, 1, 2, 3), [1, 3]),
            ((1, 2), (0, 1, 2), [0]),
            ((0, 1, 2), (0, 2), []),
            ((0, 1), (3, 4), [3, 4]),
            ((), (0,), [0]),
            ((0, 1), (), []),
        ],
    )
    def test_only_new_ones(self, before: Sequence[int], now: Sequence[int], new: Sequence[int]) -> None:
        told = Told()
        self.asked(told, tuple(self.FACTS[n] for n in before))
        facts = tuple(self.FACTS[n] for n in now)
        assert self.asked(told, facts)[1] == [self.FACTS[n] for n in new]
        assert self.asked(told, facts)[1] == []

    def test_of_one_kind(self) -> None:
        told, made = Told(), []

        def make(facts: tuple[Fact, ...]) -> int:
            made.append(facts)
            return len(facts)

        assert [told.made(DriveEnrolled.kind, self.FACTS, make) for _ in range(2)] == [5, 5]
        assert told.made(DriveReturned.kind, self.FACTS[:2], make) == 2
        assert told.made(DriveEnrolled.kind, self.FACTS, make) == 5
        assert told.made(DriveEnrolled.kind, self.FACTS[:3], make) == 3
        assert made == [self.FACTS, self.FACTS[:2], self.FACTS[:3]]


def test_what_is_looked_at_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workings, "_SEEN", {})
    one = one_of_a_kind({Whole.CYCLE, DriveEnrolled.kind, DriveReturned.kind})
    assert one == {Whole.CYCLE, DriveEnrolled.kind, DriveReturned.kind}
    assert one_of_a_kind([DriveReturned.kind, DriveEnrolled.kind, Whole.CYCLE]) is one
