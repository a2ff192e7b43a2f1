"""What a drive is owed, by whom and by when, and whether it came in time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from mitodoke.lifecycle.case import Case
from mitodoke.lifecycle.durations import LATEST, Anchor, due
from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    DriveDispatched,
    DriveWiped,
    ExportApproved,
    Fact,
    IncidentReported,
    LeaseEnded,
    LeaseExtended,
    WipeVerified,
)
from mitodoke.lifecycle.kinds import ARRIVALS, FactKind, Role
from mitodoke.lifecycle.policy import Obligation, Per, Policy, Severity
from mitodoke.lifecycle.reference import Contract, PolicyPublished, ShipmentClosed
from mitodoke.lifecycle.verdict import OVERDUE, Flag, FlagState, ObligationState, Owed, Resolution, flag_id

INSTANT = timedelta(microseconds=1)

WHO_EXTENDS = frozenset({Role.OWNER, Role.LESSOR})
"""Between whom a lease is: either may say that it goes on."""

NOT_ALL_COUNT = frozenset(
    {FactKind.DRIVE_WIPED, FactKind.WIPE_VERIFIED, FactKind.CERTIFICATE_ACCEPTED, FactKind.INCIDENT_REPORTED}
)
"""The kinds of fact of which some meet nothing, by what they say."""

EACH_USE = frozenset({FactKind.EXPORT_APPROVED, FactKind.DATA_EXPORTED})
"""What a medium is used for again and again: each use opens a debt of its own, which nothing before it can meet."""


Times: TypeAlias = tuple[datetime, datetime]
"""When a thing is due, and when it is decided that it was not done."""


class Debt(NamedTuple):
    """One thing owed, its breach if there is one, and what that grows to: from when on, and how grave."""

    owed: Owed
    breach: Flag | None
    grows: tuple[tuple[datetime, Severity], ...] = ()


def counts(fact: Fact, obligation: Obligation, contract: Contract) -> bool:
    """Whether the fact can meet the obligation: a failed wipe, a rejected verification, a certificate
    that someone other than the owner accepted and the report of another kind cannot.
    """
    match fact:
        case DriveWiped(passed=passed):
            return passed
        case WipeVerified(accepted=accepted):
            return accepted
        case CertificateAccepted(party=party, occurred_at=at):
            return contract.approved(party, Role.OWNER, at)
    return not isinstance(fact, IncidentReported) or obligation.report in ("", fact.report)


def owed(case: Case, obligation: Obligation) -> Iterator[Debt]:
    """What the cycle is owed by one obligation of its policy, each with its breach if there is one."""
    if case.contract is None or case.published is None:
        return
    contract, published = case.contract, case.published
    opening = case.of_kind(obligation.after)
    if not opening:
        return
    if obligation.after is LeaseEnded.kind:
        opening = (_end_of_lease(case, contract, obligation),)
    meeting: Sequence[Fact] = case.of_kind(obligation.expect)
    if obligation.expect in NOT_ALL_COUNT:
        meeting = [fact for fact in meeting if counts(fact, obligation, contract)]
    times = case.of_each(partial(_due, published, obligation), opening, obligation.id)
    if obligation.per is Per.SHIPMENT:
        openings: dict[str, tuple[Fact, Times]] = {}
        for opened, its_times in zip(opening, times, strict=True):
            if shipment := getattr(opened, "shipment", None):
                openings.setdefault(shipment, (opened, its_times))
        meetings = _by_shipment(meeting)
        for shipment, (opened, its_times) in sorted(openings.items(), key=itemgetter(0)):
            told = meetings.get(shipment, ())
            yield _as_it_was(case, contract, published, obligation, shipment, opened, its_times, told)
    elif obligation.after in EACH_USE:
        met_by = _Meeting(meeting)
        for use, its_times in zip(opening, times, strict=True):
            name, first = str(use.event_id), met_by.since(use.occurred_at)
            yield _judged(case, contract, published, obligation, name, use, its_times, met_by, first=first)
    else:
        yield _as_it_was(case, contract, published, obligation, "", opening[0], times[0], meeting)


def _end_of_lease(case: Case, contract: Contract, obligation: Obligation) -> Fact:
    """By which fact the lease is over: its first end, or the extension that followed it, until which it then lasts.

    A lease that had ended is often taken up again, and nothing is owed for that end any more. It is over when the
    extension says so, or at an end that is reported before. Owner and lessor extend it, but nobody puts off what
    he owes himself: of the party that owes the obligation the word counts for nothing here.
    """
    ended = case.of(LeaseEnded)
    over: LeaseEnded | LeaseExtended = ended[0]
    for extended in case.of(LeaseExtended):
        lasts = over.until if isinstance(over, LeaseExtended) else over.occurred_at
        if (
            ended[0].occurred_at <= extended.occurred_at
            and lasts < extended.until
            and contract.approved_for_any(extended.party, WHO_EXTENDS, extended.occurred_at)
            and not contract.approved(extended.party, obligation.owed_by, extended.occurred_at)
        ):
            over = extended
    if isinstance(over, LeaseExtended):
        return next((e for e in ended if over.occurred_at < e.occurred_at < over.until), over)
    return over


class _Meeting:
    """The facts that can meet an obligation, in order of occurrence."""

    __slots__ = ("_facts", "_known_from", "_occurred")

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._facts = facts
        self._occurred = [fact.occurred_at for fact in facts]
        known = [fact.known_at for fact in facts]
        self._known_from = list(accumulate(reversed(known), min))[::-1]

    def since(self, moment: datetime) -> int:
        """Which is the first that did not happen before the moment."""
        return bisect_left(self._occurred, moment)

    def known_at(self, first: int) -> datetime | None:
        """When one of them, from the first on, was known."""
        return self._known_from[first] if first < len(self._facts) else None

    def known_in_time(self, first: int, due_at: datetime, decided_at: datetime) -> datetime | None:
        """When one of them was known that happened by the due time and was told before it was decided."""
        timely = self._facts[first : bisect_right(self._occurred, due_at)]
        known = min((fact.known_at for fact in timely), default=None)
        return known if known is not None and known <= decided_at else None


def _by_shipment(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        if shipment := getattr(fact, "shipment", None):
            found.setdefault(shipment, []).append(fact)
    return found


def _as_it_was(
    case: Case,
    contract: Contract,
    published: PolicyPublished,
    obligation: Obligation,
    subject: str,
    opened: Fact,
    times: Times,
    meeting: Sequence[Fact],
) -> Debt:
    """The debt, made anew only where what opened it, what may meet it, a closure or silence makes it another."""
    closed = _closed(case, obligation, subject)
    of = opened, meeting, closed
    before, held = case.told.debts.get((obligation.id, subject), (None, None))
    if isinstance(held, Debt) and before == of:
        silent = case.as_of > held.owed.decided_at
        if held.owed.met_at is not None or silent == (held.owed.state is ObligationState.OVERDUE):
            return held
    debt = _judged(case, contract, published, obligation, subject, opened, times, _Meeting(meeting), closed)
    case.told.debts[obligation.id, subject] = of, debt
    return debt


def _closed(case: Case, obligation: Obligation, subject: str) -> ShipmentClosed | None:
    if obligation.per is Per.SHIPMENT and obligation.expect in ARRIVALS:
        return case.closure(subject)
    return None


def _judged(
    case: Case,
    contract: Contract,
    published: PolicyPublished,
    obligation: Obligation,
    subject: str,
    opened: Fact,
    times: Times,
    meeting: _Meeting,
    closure: ShipmentClosed | None = None,
    first: int = 0,
) -> Debt:
    due_at, decided_at = times
    policy = published.policy
    met_at = meeting.known_at(first)
    if closure is not None and closure.known_at < decided_at:
        closed_at = closure.known_at
        if met_at is None or met_at > closed_at:
            # The receiver has said that this was all: nothing is left to wait for, not even a report.
            due_at, decided_at = min(due_at, closed_at), closed_at
    opened_at = opened.known_at
    parties = contract.in_role(obligation.owed_by, opened.occurred_at)

    in_time_at = meeting.known_in_time(first, due_at, decided_at)
    evident_at = resolved_at = resolution = None
    if in_time_at is not None:
        state, met_at = ObligationState.MET, in_time_at
    elif met_at is not None:
        state = ObligationState.MET_LATE
        evident_at = met_at if met_at <= decided_at else decided_at + INSTANT
        resolved_at, resolution = met_at, Resolution.MET_LATE
    elif case.as_of > decided_at:
        state = ObligationState.OVERDUE
        evident_at = decided_at + INSTANT
    else:
        state = ObligationState.PENDING

    result = Owed(
        obligation=obligation.id,
        contract=contract.contract_id,
        cycle=case.cycle.name,
        subject=subject,
        state=state,
        after=obligation.after,
        expect=obligation.expect,
        owed_by=obligation.owed_by,
        parties=parties,
        opened_at=opened_at,
        due_at=due_at,
        decided_at=decided_at,
        met_at=met_at,
    )
    if evident_at is None:
        return Debt(result, None)
    evident_at = case.asked_since(max(evident_at, opened_at), partial(_asks, id=obligation.id))
    subject = f"{obligation.id}/{subject}" if subject else obligation.id
    # A use is a fact, and the same one in whichever cycle later reports put it.
    of = contract.contract_id if obligation.after in EACH_USE else case.cycle.name
    day = due_at.astimezone(policy.timezone)
    breach = Flag(
        flag_id=flag_id(case.number, of, OVERDUE, subject),
        contract=contract.contract_id,
        cycle=case.cycle.name,
        kind=OVERDUE,
        subject=subject,
        severity=obligation.severity,
        party=",".join(parties),
        message=(
            f"{obligation.expect} was owed by the {obligation.owed_by}"
            f" by {day:%Y-%m-%d %H:%M} {day.tzname()},"
            f" {obligation.within} {'of' if obligation.within.anchor else 'after'} {obligation.after}"
        ),
        raised_at=due_at,
        evident_at=evident_at,
        state=FlagState.RESOLVED if resolved_at else FlagState.OPEN,
        resolved_at=max(resolved_at, evident_at) if resolved_at else None,
        resolution=resolution,
    )
    return Debt(result, breach, tuple(_grows(published, obligation, due_at)))


def _grows(
    published: PolicyPublished, obligation: Obligation, due_at: datetime
) -> Iterator[tuple[datetime, Severity]]:
    for step in obligation.escalate:
        lasted = due(due_at, step.after, published.policy.timezone, published.calendar)
        if lasted is not None and lasted < LATEST:
            yield lasted + INSTANT, step.severity


def _asks(policy: Policy, id: str) -> object:
    # How grave a breach is does not change what was asked.
    for o in policy.obligations:
        if o.id == id:
            asked = o.after, o.expect, o.within, o.owed_by, o.per, o.report
            return asked, policy.timezone, policy.calendar, policy.reporting_grace
    return None


def _due(published: PolicyPublished, obligation: Obligation, opened: Fact, _: Case) -> Times:
    policy, within = published.policy, obligation.within
    # What states no arrival, or no return, escapes nothing: it counts from when it happened.
    begins = eta = return_by = opened.occurred_at
    match opened:
        case LeaseExtended(until=until) if obligation.after is LeaseEnded.kind:
            begins = until
        case DriveDispatched(eta=datetime() as stated) if within.anchor is Anchor.ETA:
            eta = stated
        case ExportApproved(return_by=datetime() as stated) if within.anchor is Anchor.RETURN_BY:
            return_by = stated
    due_at = due(begins, within, policy.timezone, published.calendar, eta, return_by) or LATEST
    try:
        return due_at, due_at + policy.reporting_grace
    except OverflowError:
        return due_at, LATEST
