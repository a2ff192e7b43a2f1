"""Guards media and methods: was the data made unreadable, well enough, and before the drive left?"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import Final
from uuid import UUID

from mitodoke.lifecycle.case import Case, Earliest
from mitodoke.lifecycle.durations import EARLIEST
from mitodoke.lifecycle.facts import (
    CertificateAccepted,
    DataExported,
    DriveDelivered,
    DriveDestroyed,
    DriveDispatched,
    DriveEnrolled,
    DriveReleased,
    DriveReturned,
    DriveWiped,
    Fact,
    WipeVerified,
)
from mitodoke.lifecycle.findings.as_known import Span, cut, from_first_to_last
from mitodoke.lifecycle.findings.as_written import folded
from mitodoke.lifecycle.findings.finding import Finding, Rule
from mitodoke.lifecycle.media_levels import ACHIEVED_BY_WIPE, MEDIA, asked_for, media_meant, meets
from mitodoke.lifecycle.policy import DestructionMethod, DestructionRule, Policy, SanitisationLevel, Severity

NOT_DESTROYED: Final = "not destroyed"
"""The subject of the finding that a chain which asks for destruction has ended on a wipe."""

LEAVING: Final = (DriveReleased.kind, DriveDispatched.kind, DriveDelivered.kind, DriveReturned.kind)
"""The facts that show that the drive is no longer where its data was used."""

NO_PIECES: Final = frozenset({DestructionMethod.MELT, DestructionMethod.INCINERATE})
"""What leaves no pieces whose size could be measured."""


def sanitising(case: Case) -> tuple[list[Fact], list[tuple[Fact, datetime]]]:
    """The facts after which the data cannot be read, in order of occurrence; and those that seemed so, until when.

    A wipe that passed counts while no rejection of it is known; a rejection that names none is of all wipes before
    it. A destruction counts. `DriveInitialised` never does (the Kanagawa case).
    """
    rejected: dict[UUID, datetime] = {}
    of_all_before: list[tuple[datetime, datetime]] = []
    for rejection in case.of(WipeVerified):
        if not rejection.accepted and rejection.wipe is not None:
            known_at = min(rejection.known_at, rejected.get(rejection.wipe, rejection.known_at))
            rejected[rejection.wipe] = known_at
        elif not rejection.accepted:
            of_all_before.append((rejection.occurred_at, rejection.known_at))
    standing: list[Fact] = list(case.of(DriveDestroyed))
    undone: list[tuple[Fact, datetime]] = []
    general: datetime | None = None
    for wipe in reversed(case.of(DriveWiped)):
        while of_all_before and of_all_before[-1][0] >= wipe.occurred_at:
            _, known_at = of_all_before.pop()
            general = known_at if general is None else min(general, known_at)
        if wipe.passed:
            ends = [at for at in (general, rejected.get(wipe.event_id)) if at is not None]
            if ends:
                undone.append((wipe, min(ends)))
            else:
                standing.append(wipe)
    return sorted(standing, key=_occurred), sorted(undone, key=lambda held: _occurred(held[0]))


def _occurred(fact: Fact) -> tuple[datetime, UUID]:
    return fact.occurred_at, fact.event_id


def not_sanitised(case: Case) -> Iterator[Finding]:
    """The drive left the owner before its data was made unreadable; mended by the report of an earlier wipe.

    Source: the Kanagawa case of 2019, and the ministry's guideline of 2020 that followed from it: data is
    erased before the media leave. Initialising does not count. On by `sanitise_before_release`.
    """
    if not case.rules.sanitise_before_release:
        return
    leaving = [fact for kind in LEAVING for fact in case.of_kind(kind)]
    if not leaving:
        return
    standing, undone = sanitising(case)
    safe, seemed_safe = Earliest(standing), Earliest([wipe for wipe, _ in undone])
    undone_by = list(accumulate((until for _, until in undone), max))
    raised: tuple[datetime, Fact] | None = None
    mended_at: datetime | None = EARLIEST
    for left in leaving:
        safe_at = safe.known_of_those_by(left.occurred_at)
        broken_at = left.known_at
        seemed_at = seemed_safe.known_of_those_by(left.occurred_at)
        if seemed_at is not None and seemed_at <= broken_at:
            # Nothing was wrong while the wipe that was rejected in the end still stood.
            broken_at = max(broken_at, undone_by[seemed_safe.count_by(left.occurred_at) - 1])
        if safe_at is not None and safe_at <= broken_at:
            continue
        mended_at = None if safe_at is None or mended_at is None else max(mended_at, safe_at)
        if raised is None or broken_at < raised[0]:
            raised = broken_at, left
    if raised is not None:
        known_at, left = raised
        yield Finding(
            subject="",
            known_at=known_at,
            message=f"{left.kind} was reported by {left.party} before the data on it was made unreadable",
            party=left.party,
            mended_at=mended_at,
            evident_at=case.asked_since(known_at, lambda p: p.rules.sanitise_before_release),
        )


def _may_not_be_sanitised(fact: Fact, case: Case, found: tuple[Finding, ...]) -> bool:
    """Not when it leaves again after it has left so for good, or is made unreadable after it has left."""
    if fact.kind in LEAVING:
        return not found or found[0].mended_at is not None or fact.known_at <= found[0].known_at
    if isinstance(fact, WipeVerified):
        return not fact.accepted
    return any(left.occurred_at == fact.occurred_at for kind in LEAVING for left in case.of_kind(kind)[-1:])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the policy asks for, on each medium that the drive may be, by what enrolments had told in a span of time."""

    during: Span
    media: tuple[str, ...]
    least: tuple[tuple[str, SanitisationLevel], ...]

    @property
    def medium_known(self) -> bool:
        return len(self.media) == 1

    @property
    def destruction(self) -> bool:
        return any(least is SanitisationLevel.DESTROY for _, least in self.least)


_RANK = {None: -1} | {level: rank for rank, level in enumerate(SanitisationLevel)}


def _asked(case: Case, since: datetime) -> list[_Asked]:
    """What was asked for as it became known from `since` on, in spans that follow one another without end.

    The media type is the one told first; of the data classes, the contract's and those told, the strictest counts.
    """
    by_name = case.rules.minimum_method
    classes = {folded(case.contract.data_class)} if case.contract else set()
    media: tuple[str, ...] = MEDIA
    start = EARLIEST
    told: list[tuple[datetime, tuple[str, ...], tuple[tuple[str, SanitisationLevel], ...]]] = []
    for enrolled in sorted(case.of(DriveEnrolled), key=lambda f: (f.known_at, f.event_id)):
        if enrolled.known_at > max(since, start):
            told.append((start, media, _least(media, classes, by_name)))
        start = enrolled.known_at
        if media is MEDIA and enrolled.media_type:
            media = media_meant(enrolled.media_type)
        classes.add(folded(enrolled.data_class))
    told.append((start, media, _least(media, classes, by_name)))
    # Only what changed begins another span, so that there are few of them however often a drive is enrolled.
    changes = [told[0], *(now for before, now in pairwise(told) if now[1:] != before[1:])]
    ends = [start for start, _, _ in changes[1:]]
    return [
        _Asked((start, until), media, least)
        for (start, media, least), until in zip(changes, [*ends, None], strict=True)
    ]


def _least(
    media: tuple[str, ...], classes: set[str], by_name: Mapping[str, SanitisationLevel]
) -> tuple[tuple[str, SanitisationLevel], ...]:
    of_data = [by_name[name] for name in classes if name in by_name]
    asked = ((medium, [*of_data, *asked_for(medium, by_name)]) for medium in media)
    return tuple((medium, max(levels, key=_RANK.__getitem__)) for medium, levels in asked if levels)


def _weakness(method: str, asked: _Asked) -> str:
    """What a method lacks on a medium that the drive may be; "" when it lacks nothing."""
    for medium, least in asked.least:
        achieved = ACHIEVED_BY_WIPE.get(method, {}).get(medium)
        if least is not SanitisationLevel.DESTROY and _RANK[achieved] < _RANK[least]:
            of = medium if asked.medium_known else f"{medium}, which it may be for all that was told of it"
            return f"{method or 'an unnamed method'} achieves {achieved or 'nothing'} on {of}; {least} is asked for"
    return ""


def weak_method(case: Case) -> Iterator[Finding]:
    """The data was made unreadable less thoroughly than the policy asks for this medium or this class of data.

    A wipe that passed, by a method that achieves less than the least level (`media_levels`; the strictest of
    media type and data class counts). It is mended by a wipe that achieves it, unless that was rejected already
    or data was exported to the medium after it, and by a destruction. While nobody has told the media type it
    is judged as the one on which it achieves least, and mended by the enrolment that tells another.

    Where destruction is asked for, a wipe before it is good practice. It is too weak once the chain ends on it:
    when a certificate is accepted, or when the drive is returned and the policy owes it no destruction
    afterwards; mended by the destruction.

    A destruction by a method that the policy does not list, or of which it is not shown that its pieces are as
    small as the policy asks; mended by a destruction that is. What is molten or burnt leaves no pieces.

    Source: NIST SP 800-88 rev. 1, appendix A; IEEE 2883-2022; ISO/IEC 21964-1 and -2:2018 for the pieces. On by
    `minimum_method`, `destruction.methods` and `destruction.particle`.
    """
    rules = case.rules
    destruction = rules.destruction
    if destruction is not None and not (destruction.methods or destruction.particle):
        destruction = None
    wipes = case.of(DriveWiped) if rules.minimum_method else ()
    deeds = case.of(DriveDestroyed) if destruction else ()
    if not wipes and not deeds:
        return
    asked = _asked(case, min(fact.known_at for fact in (*wipes, *deeds)))
    if wipes:
        yield from _weak_wipes(case, asked)
        yield from _ended_on_a_wipe(case, asked)
    if deeds and destruction:
        yield from _weak_destructions(case, destruction, deeds, asked)


def _method_may_matter(fact: Fact, _: Case, __: tuple[Finding, ...]) -> bool:
    """Not when a wipe is verified and stands."""
    return not isinstance(fact, WipeVerified) or not fact.accepted


def _within(asked: Sequence[_Asked], since: datetime) -> Iterator[tuple[_Asked, Span]]:
    for one in asked:
        start, end = one.during
        if end is None or end > since:
            yield one, (max(start, since), end)


def _weak_wipes(case: Case, asked: Sequence[_Asked]) -> Iterator[Finding]:
    weak: list[tuple[DriveWiped, list[Span], str]] = []
    for wipe in case.of(DriveWiped):
        if wipe.passed:
            lacking = [
                (during, lack)
                for one, during in _within(asked, wipe.known_at)
                if (lack := _weakness(wipe.method, one))
            ]
            if lacking:
                weak.append((wipe, [during for during, _ in lacking], lacking[-1][1]))
    if not weak:
        return
    destroyed_at = case.first_known(DriveDestroyed.kind)
    strong = _strong_wipes(case, asked)
    exports = [fact.occurred_at for fact in case.of(DataExported)]
    for wipe, spans, lack in weak:
        before = bisect_right(exports, wipe.occurred_at)
        since = bisect_right(strong, exports[before - 1], key=itemgetter(0)) if before else 0
        mended = [at for at in (destroyed_at, strong[since][1] if since < len(strong) else None) if at]
        span = from_first_to_last(cut(spans, min(mended, default=None)))
        if span is not None:
            yield _of_method(
                case, wipe, wipe.event_id, span, f"{wipe.kind} was reported by {wipe.party}: {lack}"
            )


def _strong_wipes(case: Case, asked: Sequence[_Asked]) -> list[tuple[datetime, datetime]]:
    """When each wipe that achieves what is asked occurred, and from when it or a later one was known to achieve it."""
    strong: list[tuple[datetime, datetime]] = []
    known: datetime | None = None
    for wipe, until in reversed(_stood_when_told(case)):
        since = _since_enough([(one.during, _weakness(wipe.method, one)) for one in asked])
        start = since and max(since, wipe.known_at)
        if start is not None and (until is None or start < until):
            known = start if known is None else min(start, known)
            strong.append((wipe.occurred_at, known))
    strong.reverse()
    return strong


def _since_enough(lacks: Sequence[tuple[Span, str]]) -> datetime | None:
    """Since when nothing was lacking; None while something is: what was enough before more was asked for is not now."""
    since = None
    for (start, _), lack in reversed(lacks):
        if lack:
            break
        since = start
    return since


def _stood_when_told(case: Case) -> list[tuple[DriveWiped, datetime | None]]:
    """The wipes that passed and had not been rejected when they were told, with when they were rejected after all."""
    standing, undone = sanitising(case)
    rejected_at = {fact.event_id: until for fact, until in undone}
    stood = {fact.event_id for fact in standing}
    return [
        (wipe, rejected_at.get(wipe.event_id))
        for wipe in case.of(DriveWiped)
        if wipe.event_id in stood or rejected_at.get(wipe.event_id, wipe.known_at) > wipe.known_at
    ]


def _ended_on_a_wipe(case: Case, asked: Sequence[_Asked]) -> Iterator[Finding]:
    if not any(one.destruction for one in asked):
        return
    wiped = Earliest([wipe for wipe in case.of(DriveWiped) if wipe.passed])
    ends: list[Fact] = [*case.of(CertificateAccepted)]
    if case.published is None or not _owes_destruction(case.published.policy):
        ends += case.of(DriveReturned)
    relied: list[tuple[datetime, Fact]] = []
    for end in ends:
        wiped_at = wiped.known_of_those_by(end.occurred_at)
        if wiped_at is not None:
            relied.append((max(end.known_at, wiped_at), end))
    if not relied:
        return
    since, end = min(relied, key=itemgetter(0))
    spans = [during for one, during in _within(asked, since) if one.destruction]
    span = from_first_to_last(cut(spans, case.first_known(DriveDestroyed.kind)))
    if span is not None:
        why = f"{end.kind} was reported by {end.party} on the strength of a wipe; destruction is asked for"
        yield _of_method(case, end, NOT_DESTROYED, span, why)


def _owes_destruction(policy: Policy) -> bool:
    return any(obligation.expect is DriveDestroyed.kind for obligation in policy.obligations)


def _weak_destructions(
    case: Case, rule: DestructionRule, deeds: Sequence[DriveDestroyed], asked: Sequence[_Asked]
) -> Iterator[Finding]:
    weak: list[tuple[DriveDestroyed, list[Span], str]] = []
    good: list[datetime] = []
    for deed in deeds:
        lacks = [(during, _shortfall(deed, rule, one.media)) for one, during in _within(asked, deed.known_at)]
        if spans := [during for during, lack in lacks if lack]:
            weak.append((deed, spans, next(lack for _, lack in reversed(lacks) if lack)))
        if (since := _since_enough(lacks)) is not None:
            good.append(since)
    for deed, spans, lack in weak:
        span = from_first_to_last(cut(spans, min(good, default=None)))
        if span is not None:
            yield _of_method(
                case, deed, deed.event_id, span, f"{deed.kind} was reported by {deed.party}: {lack}"
            )


def _shortfall(deed: DriveDestroyed, rule: DestructionRule, media: tuple[str, ...]) -> str:
    """What a destruction lacks; "" when it lacks nothing."""
    if rule.methods and deed.method not in rule.methods:
        return f"{deed.method or 'an unnamed method'} is none of {', '.join(rule.methods)}"
    if deed.method in NO_PIECES:
        return ""
    for medium in media:
        for level in asked_for(medium, rule.particle):
            if not meets(level, deed.security_level, deed.particle_area_mm2):
                of = medium if len(media) == 1 else f"{medium}, which it may be for all that was told of it"
                return f"it is not shown that the pieces are of {level}, as asked for {of}"
    return ""


def _of_method(case: Case, fact: Fact, subject: str | UUID, span: Span, message: str) -> Finding:
    known_at, mended_at = span
    return Finding(
        subject=subject,
        known_at=known_at,
        message=message,
        party=fact.party,
        mended_at=mended_at,
        evident_at=case.asked_since(known_at, _methods_of),
    )


def _methods_of(policy: Policy) -> object:
    rule = policy.rules.destruction
    return policy.rules.minimum_method, rule and (rule.methods, rule.particle), _owes_destruction(policy)


def wipe_rejected(case: Case) -> Iterator[Finding]:
    """A wipe was verified and rejected: the data is still there. Mended by a later wipe that passed, or a destruction.

    A wipe after it mends though it is rejected in its turn, unless it was so already when it was told: that
    rejection is a finding of its own. A rejection that names no wipe is of all before it. Only taking the
    rejection back undoes it, not another verification that accepts.
    Source: NIST SP 800-88 rev. 1, section 4.7.3: what fails verification is sanitised again.
    """
    rejections = [verified for verified in case.of(WipeVerified) if not verified.accepted]
    if not rejections:
        return
    destroyed_at = case.first_known(DriveDestroyed.kind)
    wipes = case.of(DriveWiped)
    position = {wipe.event_id: at for at, wipe in enumerate(wipes)}
    again = {wipe.event_id for wipe, _ in _stood_when_told(case)}
    known_after: list[datetime | None] = [None]
    for wipe in reversed(wipes):
        later = known_after[-1]
        told = wipe.known_at if wipe.event_id in again else None
        known_after.append(min((at for at in (later, told) if at is not None), default=None))
    known_after.reverse()
    for rejection in rejections:
        at = None if rejection.wipe is None else position.get(rejection.wipe)
        after = bisect_right(wipes, rejection.occurred_at, key=_moment) if at is None else at + 1
        mended = min((at for at in (destroyed_at, known_after[after]) if at is not None), default=None)
        if mended is not None and mended <= rejection.known_at:
            continue
        yield Finding(
            subject=rejection.event_id,
            known_at=rejection.known_at,
            message=f"{rejection.kind} was reported by {rejection.party}: the wipe was rejected, and counts as none",
            party=rejection.party,
            mended_at=mended,
        )


def _moment(fact: Fact) -> datetime:
    return fact.occurred_at


RULES = (
    Rule("not_sanitised", Severity.CRITICAL, "the Kanagawa case, 2019", not_sanitised, _may_not_be_sanitised),
    Rule("weak_method", Severity.MAJOR, "NIST SP 800-88 rev. 1, appendix A", weak_method, _method_may_matter),
    Rule("wipe_rejected", Severity.MAJOR, "NIST SP 800-88 rev. 1, 4.7.3", wipe_rejected, _method_may_matter),
)
