"""What judging a drive costs, and what each rule of it: a drive of 40 facts under a policy that states every rule.

    PYTHONPATH=deploy/local:tests python -m bench.judge_cost [rounds]

Prints medians in microseconds of processor time, so that a busy machine disturbs less; `off` is what a rule
costs under a policy that states none. The drive's first lease ran as agreed; its second goes wrong in most
ways, so that flags are made too.
"""

import statistics
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import time, timedelta
from time import thread_time_ns

from bench.figures import Count, Figure, Finding, at_most
from bench.plan import Plan
from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveReturned,
    Fact,
    LeaseEnded,
)
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.judge import judge
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.obligations import owed
from mitodoke.lifecycle.policy import (
    CustodyRule,
    DestructionMethod,
    DestructionRule,
    Per,
    Person,
    Policy,
    Rules,
    SanitisationLevel,
    Site,
    TransitRule,
    Weekday,
    WorkingHours,
)
from mitodoke.lifecycle.record import Record, fold, standing
from mitodoke.lifecycle.reference import Reference
from mitodoke.lifecycle.workings import Told
from mitodoke_local import Backends
from worlds import (
    CARRIER,
    CRITICAL,
    LESSOR,
    OWNER,
    accepted,
    at,
    certified,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    initialised,
    lease_ended,
    lease_extended,
    owes,
    policy,
    record,
    released,
    removed,
    returned,
    transferred,
    under,
    verified,
    wiped,
)

PHOTOS = ("photo_before", "photo_after")
CREW = ("sato", "suzuki")

FULLEST = policy(
    owes("return", LeaseEnded, DriveReturned, "30d", Role.LESSOR),
    owes("arrival", DriveDispatched, DriveDelivered, "eta+4h", Role.CARRIER, Per.SHIPMENT),
    owes("destruction", DriveReturned, DriveDestroyed, "45d"),
    owes("certificate", DriveReturned, CertificateAccepted, "2 months", Role.LESSOR, severity=CRITICAL),
    rules=Rules(
        sanitise_before_release=True,
        steps=(
            FactKind.LEASE_ENDED,
            FactKind.DRIVE_WIPED,
            FactKind.WIPE_VERIFIED,
            FactKind.DRIVE_RELEASED,
            FactKind.DRIVE_RETURNED,
            FactKind.DRIVE_DESTROYED,
        ),
        minimum_method={
            "hdd": SanitisationLevel.PURGE,
            "flash": SanitisationLevel.DESTROY,
            "my_number": SanitisationLevel.DESTROY,
        },
        destruction=DestructionRule(
            methods=(DestructionMethod.SHRED, DestructionMethod.MELT),
            witness=Role.OWNER,
            before_leaving=Site.OWNER,
            particle={"hdd": "H-4", "flash": "E-4"},
        ),
        transit=TransitRule(seal_required=True, crew=2),
        separate_people=((Person.OPERATOR, Person.WITNESS), (Person.OPERATOR, Person.VERIFIER)),
        evidence={FactKind.DRIVE_DESTROYED: PHOTOS, FactKind.DRIVE_WIPED: ("erasure_report",)},
        working_hours=WorkingHours(tuple(Weekday)[:5], time(8, 30), time(17, 15)),
        late_report=timedelta(hours=72),
        custody=CustodyRule(timedelta(hours=24)),
        export_approval=True,
        waiver_second_person=True,
    ),
    grace=timedelta(hours=24),
)


def _trip(day: str, shipment: str, seal: str) -> list[Fact]:
    to = {"from_party": LESSOR, "to_party": CARRIER, "shipment": shipment}
    return [
        dispatched(f"{day} 09:00", shipment=shipment, crew=CREW, seal=seal, eta=f"{day} 15:00"),
        transferred(f"{day} 09:10", **to),
        transferred(f"{day} 09:20", by=CARRIER, **to),
        delivered(f"{day} 14:00", by=LESSOR, shipment=shipment, seal_found=seal),
    ]


def forty_facts() -> Record:
    """A drive of two leases: the one as agreed, the other not."""
    facts: list[Fact] = [enrolled("2014-03-03", media_type="hdd", data_class="internal")]
    for year in (2015, 2016, 2017):
        facts.append(lease_extended(f"{year}-03-02", until=f"{year + 1}-03-02"))
        facts += _trip(f"{year}-06-08", f"S-{year}", "A-1")
    facts += [
        lease_ended("2018-02-28"),
        wiped("2018-03-05", method="ata_secure_erase", evidence=("erasure_report",)),
        verified("2018-03-06"),
        released("2018-03-07", seal="A-9"),
        removed("2018-03-07 10:00"),
        returned("2018-03-08", seal_found="A-9"),
        enrolled("2018-04-02", media_type="hdd", data_class="internal"),
        lease_extended("2018-06-04", until="2019-03-04"),
        *_trip("2018-08-06", "S-2018", "B-1"),
        lease_ended("02-28"),
        initialised("04-18"),
        wiped("04-19"),
        verified("04-19 10:00", accepted=False),
        released("04-20"),
        returned("04-22", known="04-26", seal_found="C-1"),
        dispatched("04-23", shipment="S-9", crew=("sato",), seal="D-1"),
        delivered("04-24", shipment="S-9", seal_found="D-2"),
        destroyed("05-07", method="crush", place="recycler", witness_party=OWNER, evidence=PHOTOS[:1]),
        certified("05-08"),
        accepted("05-09"),
        returned("05-10", by=OWNER, shipment=""),
    ]
    return record(facts[:40])


def median(of: Callable[[], object], rounds: int) -> float:
    """The median of the processor time that a call takes, in microseconds."""
    taken = []
    for _ in range(rounds):
        start = thread_time_ns()
        of()
        taken.append(thread_time_ns() - start)
    return statistics.median(taken) / 1000


def fact_by_fact(drive: Record, agreed: Reference, rounds: int) -> list[float]:
    """What judging costs after each fact of the drive, in microseconds, with the verdict before at hand."""
    told = sorted(drive.facts, key=lambda fact: fact.recorded_at)
    taken: list[list[int]] = [[] for _ in told]
    for _ in range(rounds):
        held, verdict = Record(drive.serial), None
        for number, fact in enumerate(told):
            held = fold(held, fact)
            as_of = max(fact.recorded_at, verdict.as_of) if verdict else fact.recorded_at
            start = thread_time_ns()
            verdict = judge(held, agreed, as_of, verdict)
            taken[number].append(thread_time_ns() - start)
    return [statistics.median(of) / 1000 for of in taken]


def _cases_of(drive: Record, agreed: Reference) -> list[Case]:
    as_of = at("06-30")
    stood = standing(drive, as_of)
    destroyed = [fact for fact in stood.facts if fact.kind is DriveDestroyed.kind]
    cases = []
    for cycle in stood.cycles:
        contract = agreed.contract(cycle.contract, as_of)
        published = agreed.policy(contract.policy_id, contract.policy_version, as_of) if contract else None
        cases.append(
            Case(
                drive.serial,
                cycle,
                stood.facts,
                Earliest(destroyed),
                len(stood.contracts),
                contract,
                published,
                agreed,
                as_of,
                {},
                Told(),
            )
        )
    return cases


def _owed(case: Case) -> list[object]:
    assert case.published is not None
    return [debt for obligation in case.published.policy.obligations for debt in owed(case, obligation)]


def _nothing_stated(of: Policy) -> Policy:
    return replace(of, rules=Rules(), obligations=())


async def measure(_: Backends, plan: Plan) -> Finding:
    """The same as a benchmark: what judging that drive costs, by processor time."""
    drive, as_of, agreed = forty_facts(), at("06-30"), under(FULLEST)
    rounds = 20 if plan.quick else 500
    nothing: list[float] = []
    again: list[float] = []
    after: list[float] = []
    dearest: list[float] = []
    for _repeat in plan.repeated("judgement"):
        nothing.append(median(lambda: judge(drive, agreed, as_of), rounds))
        verdict = judge(drive, agreed, as_of)
        again.append(median(lambda verdict=verdict: judge(drive, agreed, as_of, verdict), rounds))  # type: ignore[misc]  # bound per repeat
        facts = fact_by_fact(drive, agreed, max(5, rounds // 20))
        after.append(statistics.median(facts))
        dearest.append(max(facts))
    return Finding(
        "judgement",
        "a drive of 40 facts under a policy that states every rule, processor time",
        (
            Figure("judged from nothing", "µs", tuple(nothing)),
            Figure("after each fact, the verdict before at hand", "µs", tuple(after), at_most(60)),
            Figure("after the dearest fact", "µs", tuple(dearest)),
            Figure("again, nothing new", "µs", tuple(again)),
        ),
        (Count("facts judged", len(drive.facts), 40),),
    )


def main(rounds: int) -> None:
    """Measure, and print the table."""
    drive, as_of = forty_facts(), at("06-30")
    full, bare = under(FULLEST), under(_nothing_stated(FULLEST))
    stated = sum(getattr(FULLEST.rules, f.name) != getattr(Rules(), f.name) for f in fields(Rules))
    verdict = judge(drive, full, as_of)
    print(
        f"{len(drive.facts)} facts, {stated} of {len(fields(Rules))} rules stated, {len(verdict.flags)} flags"
    )
    print(f"{'judge, fullest policy':28}{median(lambda: judge(drive, full, as_of), rounds):9.1f} µs")
    after = fact_by_fact(drive, full, max(20, rounds // 20))
    print(
        f"{'  after each fact, median':28}{statistics.median(after):9.1f} µs, the dearest {max(after):.1f} µs"
    )
    again = median(lambda: judge(drive, full, as_of, verdict), rounds)
    print(f"{'  again, nothing new':28}{again:9.1f} µs")
    print(f"{'judge, no rule stated':28}{median(lambda: judge(drive, bare, as_of), rounds):9.1f} µs")
    print(f"{'standing of the record':28}{median(lambda: standing(drive, as_of), rounds):9.1f} µs")
    on, off = _cases_of(drive, full), _cases_of(drive, bare)
    print(f"{'what is owed':28}{median(lambda: [_owed(case) for case in on], rounds):9.1f} µs\n")
    print(f"{'rule':28}{'on':>9}{'off':>9}{'found':>7}")
    empty = median(lambda: [[] for _ in on], rounds)
    rows = []
    for rule in CATALOGUE:
        costs = [
            median(lambda cases=cases, find=rule.find: [list(find(case)) for case in cases], rounds) - empty  # type: ignore[misc]  # bound per case
            for cases in (on, off)
        ]
        rows.append((costs[0], costs[1], sum(len(list(rule.find(case))) for case in on), rule.id))
    for cost, idle, found, name in sorted(rows, reverse=True):
        print(f"{name:28}{cost:9.2f}{idle:9.2f}{found:7}")
    print(f"{'all rules':28}{sum(row[0] for row in rows):9.1f}{sum(row[1] for row in rows):9.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
