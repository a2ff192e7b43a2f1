"""What a policy asks, in English sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

from mitodoke.lifecycle.durations import Anchor, Duration, Unit
from mitodoke.lifecycle.kinds import NAMES_A_LOT, FactKind, Role
from mitodoke.lifecycle.media_levels import GREATEST_AREA
from mitodoke.lifecycle.policy import (
    WEEKDAYS,
    DestructionMethod,
    Obligation,
    Per,
    Policy,
    Rules,
    SanitisationLevel,
    Site,
    Weekday,
)

HEADINGS: Final = {"time": "Time", "obligations": "What is owed", "rules": "What every report is held to"}
NO_OBLIGATIONS: Final = "This policy asks that nothing follow by a day."
NO_RULES: Final = "This policy holds reports to no rule of its own."

_AFTER: Final = {
    FactKind.DRIVE_ENROLLED: "a drive came under the contract",
    FactKind.LEASE_EXTENDED: "the lease was extended",
    FactKind.LEASE_ENDED: "the lease ended",
    FactKind.DRIVE_RELEASED: "a drive left the owner",
    FactKind.DRIVE_REMOVED: "a drive was taken out of its enclosure",
    FactKind.DRIVE_RETURNED: "a drive was received back",
    FactKind.DRIVE_INITIALISED: "a drive was initialised",
    FactKind.DRIVE_WIPED: "a drive was wiped",
    FactKind.WIPE_VERIFIED: "a wipe was verified",
    FactKind.DRIVE_DISPATCHED: "a drive was dispatched",
    FactKind.CUSTODY_TRANSFERRED: "a drive was handed over",
    FactKind.DRIVE_DELIVERED: "a drive was delivered",
    FactKind.DRIVE_DESTROYED: "a drive was destroyed",
    FactKind.CERTIFICATE_ISSUED: "the certificate of destruction was issued",
    FactKind.CERTIFICATE_ACCEPTED: "the owner accepted the certificate of destruction",
    FactKind.DRIVE_SIGHTED: "a drive was seen where it should not be",
    FactKind.DRIVE_LOST: "a drive was lost",
    FactKind.DRIVE_RECOVERED: "a drive was recovered",
    FactKind.EXPORT_APPROVED: "an export on a medium was approved",
    FactKind.DATA_EXPORTED: "data were copied to a medium",
    FactKind.INCIDENT_REPORTED: "an incident was reported",
    FactKind.FACT_RETRACTED: "a report was taken back",
    FactKind.FLAG_ACKNOWLEDGED: "a flag was acknowledged",
    FactKind.FLAG_WAIVED: "a flag was waived",
}
_MUST: Final = {
    FactKind.DRIVE_ENROLLED: "it must come under the contract",
    FactKind.LEASE_EXTENDED: "the lease must be extended",
    FactKind.LEASE_ENDED: "the lease must end",
    FactKind.DRIVE_RELEASED: "it must leave the owner",
    FactKind.DRIVE_REMOVED: "the drive must be taken out of its enclosure",
    FactKind.DRIVE_RETURNED: "the drive must be received back",
    FactKind.DRIVE_INITIALISED: "the drive must be initialised",
    FactKind.DRIVE_WIPED: "the drive must be wiped, and the wipe must pass",
    FactKind.WIPE_VERIFIED: "the wipe must be verified and accepted",
    FactKind.DRIVE_DISPATCHED: "the drive must be dispatched",
    FactKind.CUSTODY_TRANSFERRED: "the drive must be handed over",
    FactKind.DRIVE_DELIVERED: "it must be delivered",
    FactKind.DRIVE_DESTROYED: "the drive must be destroyed",
    FactKind.CERTIFICATE_ISSUED: "the certificate of destruction must be issued",
    FactKind.CERTIFICATE_ACCEPTED: "the owner must have accepted the certificate of destruction",
    FactKind.DRIVE_SIGHTED: "the drive must be sighted",
    FactKind.DRIVE_LOST: "the loss must be told",
    FactKind.DRIVE_RECOVERED: "it must be recovered",
    FactKind.EXPORT_APPROVED: "the export must be approved",
    FactKind.DATA_EXPORTED: "the data must be copied",
    FactKind.INCIDENT_REPORTED: "the incident must be reported",
}
STEPS: Final = {
    FactKind.DRIVE_ENROLLED: "enrolment",
    FactKind.LEASE_EXTENDED: "extension of the lease",
    FactKind.LEASE_ENDED: "end of the lease",
    FactKind.DRIVE_RELEASED: "release by the owner",
    FactKind.DRIVE_REMOVED: "removal from the enclosure",
    FactKind.DRIVE_RETURNED: "return",
    FactKind.DRIVE_INITIALISED: "initialisation",
    FactKind.DRIVE_WIPED: "wipe",
    FactKind.WIPE_VERIFIED: "verification of the wipe",
    FactKind.DRIVE_DISPATCHED: "dispatch",
    FactKind.CUSTODY_TRANSFERRED: "hand-over",
    FactKind.DRIVE_DELIVERED: "delivery",
    FactKind.DRIVE_DESTROYED: "destruction",
    FactKind.CERTIFICATE_ISSUED: "issue of the certificate",
    FactKind.CERTIFICATE_ACCEPTED: "acceptance of the certificate",
    FactKind.DRIVE_SIGHTED: "sighting",
    FactKind.DRIVE_LOST: "loss",
    FactKind.DRIVE_RECOVERED: "recovery",
    FactKind.EXPORT_APPROVED: "approval of the export",
    FactKind.DATA_EXPORTED: "export of data",
    FactKind.INCIDENT_REPORTED: "report of an incident",
    FactKind.FACT_RETRACTED: "retraction",
    FactKind.FLAG_ACKNOWLEDGED: "acknowledgement of a flag",
    FactKind.FLAG_WAIVED: "waiver of a flag",
}
"""What each fact is called."""

_REPORT: Final = {
    "to_owner": "the incident must be reported to the owner",
    "preliminary": "the preliminary report of the incident must be made",
    "final": "the final report of the incident must be made",
}
_UNITS: Final = {
    Unit.SECOND: "second",
    Unit.MINUTE: "minute",
    Unit.HOUR: "hour",
    Unit.DAY: "day",
    Unit.MONTH: "month",
    Unit.BUSINESS_DAY: "business day",
}
_ANCHORS: Final = {
    Anchor.ETA: "the arrival that the dispatch announced",
    Anchor.RETURN_BY: "the time of return that the approval names",
}
_ROLES: Final = {
    Role.OWNER: "the owner",
    Role.LESSOR: "the lessor",
    Role.SANITISER: "the sanitiser",
    Role.CARRIER: "the carrier",
    Role.DESTROYER: "the destroyer",
}
_SITES: Final = {
    Site.OWNER: "the owner's premises",
    Site.LESSOR: "the lessor's premises",
    Site.SANITISER: "the sanitiser's premises",
    Site.CARRIER: "the carrier's premises",
    Site.DESTROYER: "the destroyer's premises",
}
_MEDIA: Final = {
    "hdd": "hard disks",
    "flash": "flash media (SSDs and USB sticks)",
    "ssd": "SSDs",
    "usb_flash": "USB sticks",
    "tape": "magnetic tapes",
    "optical": "optical discs",
}
_METHODS: Final = {
    DestructionMethod.SHRED: "shredding",
    DestructionMethod.CRUSH: "crushing",
    DestructionMethod.MELT: "melting",
    DestructionMethod.DISINTEGRATE: "disintegration",
    DestructionMethod.INCINERATE: "incineration",
}
_LEVELS: Final = {
    SanitisationLevel.CLEAR: "Clear",
    SanitisationLevel.PURGE: "Purge",
    SanitisationLevel.DESTROY: "Destroy",
}
_DAYS: Final = {
    Weekday.MONDAY: "Monday",
    Weekday.TUESDAY: "Tuesday",
    Weekday.WEDNESDAY: "Wednesday",
    Weekday.THURSDAY: "Thursday",
    Weekday.FRIDAY: "Friday",
    Weekday.SATURDAY: "Saturday",
    Weekday.SUNDAY: "Sunday",
}


def title(policy: Policy) -> str:
    """The heading of the page."""
    return f"{policy.id}, version {policy.version}"


def time_zone(policy: Policy) -> str:
    """Where its days begin and end."""
    return (
        f"Days begin and end, and times are meant, in the time zone {policy.timezone.key}. A period of days, "
        "business days or months begins on the day after and runs to the end of its last day; hours, minutes "
        "and seconds run at once."
    )


def calendar(policy: Policy) -> str:
    """Which days are business days."""
    if policy.calendar == WEEKDAYS:
        return "Business days are Monday to Friday; no public holiday is taken into account."
    return f"Business days are all but weekends and the public holidays of the calendar {policy.calendar}."


def grace(policy: Policy) -> str:
    """How long a timely fact may take to become known."""
    if not policy.reporting_grace:
        return "What was done in time must also be reported by its due time."
    return (
        f"What was done in time must be reported within {length(policy.reporting_grace)} of its due time; "
        "otherwise it is a breach from its due time on."
    )


def obligation(one: Obligation) -> str:
    """One obligation, with who answers for it and how grave its breach is."""
    load = ""
    if one.per is Per.SHIPMENT:
        load = "For each lot: " if one.after in NAMES_A_LOT else "For each shipment: "
    must = _REPORT.get(one.report) or _MUST.get(one.expect, f"{one.expect} must follow")
    if one.within.anchor is Anchor.FACT:
        asked = f"within {_amount(one.within)} after {_AFTER[one.after]}, {must}"
    else:
        asked = f"once {_AFTER[one.after]}, {must} {_by(one.within)}"
    grave = f"A breach is rated {one.severity}"
    for step in one.escalate:
        grave += f", and {step.severity} once it is more than {_amount(step.after)} overdue"
    return f"{load}{_capital(asked)}. {_capital(_ROLES[one.owed_by])} answers for it. {grave}."


def rule(key: str, rules: Rules) -> list[str]:
    """The sentences of one rule, by its key in a policy; none where it asks for nothing."""
    return _RULES[key](rules)


def length(elapsed: timedelta) -> str:
    """An elapsed time."""
    seconds = elapsed // timedelta(seconds=1)
    for unit, size in ((Unit.HOUR, 3600), (Unit.MINUTE, 60)):
        if seconds % size == 0:
            return _counted(seconds // size, unit)
    return _counted(seconds, Unit.SECOND)


def _by(within: Duration) -> str:
    anchor = _ANCHORS[within.anchor]
    if within.amount == 0:
        return f"by {anchor}"
    if within.amount < 0:
        return f"{_amount(within)} before {anchor} at the latest"
    return f"within {_amount(within)} after {anchor}"


def _amount(within: Duration) -> str:
    return _counted(abs(within.amount), within.unit)


def _counted(amount: int, unit: Unit) -> str:
    return f"{amount} {_UNITS[unit]}" + ("" if amount == 1 else "s")


def _sanitise(rules: Rules) -> list[str]:
    if not rules.sanitise_before_release:
        return []
    return [
        "No drive leaves the owner before its data have been made unreadable. Initialising does not do that."
    ]


def _steps(rules: Rules) -> list[str]:
    if not rules.steps:
        return []
    return [
        f"These steps come in this order, and none is left out: {_listed(map(STEPS.__getitem__, rules.steps))}."
    ]


def _minimum_method(rules: Rules) -> list[str]:
    return [
        f"{_capital(_MEDIA[of]) if of in _MEDIA else f'Media with data of the class {of}'} are sanitised at least "
        f"at the level {_LEVELS[level]} of NIST SP 800-88."
        for of, level in rules.minimum_method.items()
    ]


def _destruction(rules: Rules) -> list[str]:
    rule = rules.destruction
    if rule is None:
        return []
    sentences = []
    if rule.methods:
        ways = _listed(map(_METHODS.__getitem__, rule.methods), "or")
        sentences.append(f"Drives are destroyed by {ways}, and in no other way.")
    if rule.witness is not None:
        sentences.append(f"Someone from {_ROLES[rule.witness]} witnesses each destruction.")
    if rule.before_leaving is not None:
        sentences.append(f"Drives are destroyed before they leave {_SITES[rule.before_leaving]}.")
    for medium, level in rule.particle.items():
        area = GREATEST_AREA[level]
        size = "which sets no size of piece" if area is None else f"in pieces of at most {area:g} mm²"
        sentences.append(
            f"{_capital(_MEDIA[medium])} are destroyed to the security level {level} of ISO/IEC 21964 or a finer "
            f"one, {size}."
        )
    return sentences


def _transit(rules: Rules) -> list[str]:
    rule = rules.transit
    if rule is None:
        return []
    sentences = ["Drives travel under a seal."] if rule.seal_required else []
    if rule.crew is not None:
        people = "1 person is" if rule.crew == 1 else f"{rule.crew} people are"
        sentences.append(f"At least {people} with the drives on the way.")
    return sentences


def _separate_people(rules: Rules) -> list[str]:
    return [f"The {one} and the {other} are two different people." for one, other in rules.separate_people]


def _evidence(rules: Rules) -> list[str]:
    return [
        f"Evidence is needed for the {STEPS[kind]}: {_listed(purposes)}."
        for kind, purposes in rules.evidence.items()
        if purposes
    ]


def _working_hours(rules: Rules) -> list[str]:
    hours = rules.working_hours
    if hours is None:
        return []
    holidays = "public holidays included" if hours.on_public_holidays else "and not on public holidays"
    days = _listed(map(_DAYS.__getitem__, hours.days))
    return [f"Drives are moved only from {hours.opens:%H:%M} to {hours.closes:%H:%M} on {days}, {holidays}."]


def _late_report(rules: Rules) -> list[str]:
    if rules.late_report is None:
        return []
    return [f"Every fact is reported within {length(rules.late_report)} of its happening."]


def _custody(rules: Rules) -> list[str]:
    if rules.custody is None:
        return []
    return [
        f"Giver and receiver both report each hand-over, within {length(rules.custody.attest_within)} of it."
    ]


def _export(rules: Rules) -> list[str]:
    if not rules.export_approval:
        return []
    return ["Data leave on a medium only after the owner has approved it."]


def _waiver(rules: Rules) -> list[str]:
    return ["A flag is waived only by two people."] if rules.waiver_second_person else []


_RULES: Final = {
    "sanitise_before_release": _sanitise,
    "steps": _steps,
    "minimum_method": _minimum_method,
    "destruction": _destruction,
    "transit": _transit,
    "separate_people": _separate_people,
    "evidence": _evidence,
    "working_hours": _working_hours,
    "late_report": _late_report,
    "custody": _custody,
    "export": _export,
    "waiver": _waiver,
}


def _listed(words: Iterable[str], last: str = "and") -> str:
    listed: Sequence[str] = list(words)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
