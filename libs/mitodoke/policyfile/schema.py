"""The JSON Schema of policies, by which editors complete and explain them.

`python -m mitodoke.policyfile.schema` prints it. It is made from the keys and words that the reader knows. It
lets more through than the reader does: what only two values together tell, such as a circle of obligations, is
told by `mitodoke policy check`. And it wants durations in lower case, where the reader takes any.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mitodoke.lifecycle.kinds import CORRECTIONS, INCIDENT_REPORTS, FactKind, Role
from mitodoke.lifecycle.media_levels import CATEGORY_OF_MEDIUM, GREATEST_AREA, levels_of
from mitodoke.lifecycle.policy import (
    DestructionMethod,
    Per,
    Person,
    SanitisationLevel,
    Severity,
    Site,
    Weekday,
)
from mitodoke.policyfile import english, obligations, reader, rules
from mitodoke.policyfile.values import CLOCK, LONGEST_NAME, NAME

Schema = dict[str, Any]

_UNITS: Final = r"(?:s|sec|seconds?|min|minutes?|h|hours?|d|days?|mo|months?|bd|business days?)"
_PERIOD: Final = rf"[0-9]+ *{_UNITS}"
_ELAPSED: Final = r"^[0-9]+ *(?:s|sec|seconds?|min|minutes?|h|hours?)$"


def policy_schema() -> Schema:
    """The schema of one policy, JSON Schema draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mitodoke policy",
        "description": "What must follow what, by when, owed by whom, and the rules that facts are held to.",
        **_object(
            reader.KEYS,
            {
                "policy": ("The policy's name. Its versions share it.", _name()),
                "version": (
                    "The version, from 1. A published version never changes: publish the next one instead.",
                    {"type": "integer", "minimum": 1, "maximum": reader.HIGHEST_VERSION},
                ),
                "extends": (
                    "The policy that this one inherits from, as NAME@VERSION. Obligations replace those of the "
                    "same id or are added; rules replace key by key; all else is inherited.",
                    {"type": "string", "pattern": f"^{NAME.pattern}@[1-9][0-9]*$"},
                ),
                "timezone": (
                    "Where its days begin and end, and what its times of day mean: a name of the tz database.",
                    {"type": "string", "examples": ["Asia/Tokyo", "Europe/Berlin", "UTC"]},
                ),
                "calendar": (
                    "Whose public holidays are no business days: a country (JP), a part of one (DE-BY), or "
                    "weekdays for Monday to Friday without holidays.",
                    {"type": "string", "examples": ["JP", "weekdays", "DE-BY"]},
                ),
                "reporting_grace": (
                    "How long after its due time a timely fact may become known: hours, minutes or seconds.",
                    _elapsed("24h"),
                ),
                "remove": (
                    "What the policy that this one extends has, and this one has not: ids of obligations, and "
                    "rules as rules.KEY.",
                    {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
                ),
                "obligations": ("What must follow what.", {"type": "array", "items": _obligation()}),
                "rules": ("What facts are held to. A rule that is not written is off.", _rules()),
            },
            required=("policy", "version"),
        ),
        "anyOf": [{"required": ["timezone"]}, {"required": ["extends"]}],
        "dependentRequired": {"remove": ["extends"]},
    }


def _obligation() -> Schema:
    kinds = [kind for kind in FactKind if kind not in CORRECTIONS]
    return _object(
        obligations.KEYS,
        {
            "id": ("Its name. A flag carries it, so it stays the same from version to version.", _name()),
            "after": ("The fact after which it is owed.", _facts(kinds)),
            "expect": ("The fact that must follow.", _facts(kinds)),
            "report": (
                "Which report is owed, where IncidentReported is expected: to the owner, or the preliminary or "
                "final one to the regulator.",
                {"enum": [*INCIDENT_REPORTS]},
            ),
            "within": (
                "How long there is. Days (30d), business days (10bd) and months (2 months) begin on the day after "
                "and run to the end of their last day; hours, minutes and seconds run at once. eta+4h counts from "
                "the arrival that a dispatch announces, return_by from the time that an approval of an export names.",
                {
                    "type": "string",
                    "pattern": rf"^(?:{_PERIOD}|(?:eta|return_by)(?: *[+-] *{_PERIOD})?)$",
                    "examples": ["30d", "10bd", "2 months", "4h", "eta+4h", "return_by"],
                },
            ),
            "owed_by": ("The role that answers for it.", {"enum": [role.value for role in Role]}),
            "per": (
                "What it is counted by: a drive's time under the contract, or each lot or shipment.",
                {"enum": [per.value for per in Per], "default": Per.CYCLE.value},
            ),
            "severity": ("How grave its breach is at the due time.", _severity() | {"default": "major"}),
            "escalate": (
                "What the breach grows to while it lasts, the earlier and less grave first.",
                {
                    "type": "array",
                    "minItems": 1,
                    "items": _object(
                        obligations.ESCALATION_KEYS,
                        {
                            "after": (
                                "How long after the due time.",
                                {"type": "string", "pattern": f"^{_PERIOD}$", "examples": ["7d"]},
                            ),
                            "severity": ("What it grows to: graver than before.", _severity()),
                        },
                        required=obligations.ESCALATION_KEYS,
                    ),
                },
            ),
        },
        required=tuple(obligations.REQUIRED),
    )


def _rules() -> Schema:
    needed = {"enum": ["required", "optional"]}
    return _object(
        rules.KEYS,
        {
            "sanitise_before_release": (
                "Whether a drive's data must be unreadable before it leaves the owner. Initialising does not count.",
                {"type": "boolean"},
            ),
            "steps": (
                "Facts in the order in which they must come, none left out.",
                {"type": "array", "minItems": 2, "uniqueItems": True, "items": _facts(FactKind)},
            ),
            "minimum_method": (
                "The least level of NIST SP 800-88 by medium (hdd, flash, ssd, usb_flash, tape, optical) or by a "
                "data class of your contracts.",
                {
                    "type": "object",
                    "propertyNames": _name(),
                    "additionalProperties": {"enum": [level.value for level in SanitisationLevel]},
                },
            ),
            "destruction": ("How drives are destroyed.", _destruction()),
            "transit": (
                "How drives travel.",
                _object(
                    rules.TRANSIT_KEYS,
                    {
                        "seal": ("Whether a load is sealed.", needed),
                        "crew": (
                            "The least number of people on the way.",
                            {"type": "integer", "minimum": 1, "maximum": rules.MOST_CREW},
                        ),
                    },
                ),
            ),
            "separate_people": (
                "Pairs of people who must not be the same, as in [[operator, witness]].",
                {
                    "type": "array",
                    "items": {
                        "type": "array",
                        "minItems": 2,
                        "maxItems": 2,
                        "uniqueItems": True,
                        "items": {"enum": [person.value for person in Person]},
                    },
                },
            ),
            "evidence": (
                "The purposes of the files that a fact needs, as in {DriveDestroyed: [photo_before]}.",
                {
                    "type": "object",
                    "propertyNames": {"enum": [kind.value for kind in FactKind]},
                    "additionalProperties": {"type": "array", "items": _name()},
                },
            ),
            "working_hours": (
                "When drives may be moved, in the policy's time zone.",
                _object(
                    rules.WORKING_HOURS_KEYS,
                    {
                        "days": ("On these days.", _some_of(Weekday)),
                        "from": ("From this time of day, in quotes.", _clock("08:30")),
                        "to": ("Until before this time of the same day.", _clock("17:15")),
                        "public_holidays": (
                            "Whether on public holidays too.",
                            {"type": "boolean", "default": False},
                        ),
                    },
                    required=("days", "from", "to"),
                ),
            ),
            "late_report": ("The most time between a fact and its report.", _elapsed("48h")),
            "custody": (
                "How hand-overs are told.",
                _object(
                    rules.CUSTODY_KEYS,
                    {"attest_within": ("Both sides report one within this time.", _elapsed("24h"))},
                    required=rules.CUSTODY_KEYS,
                ),
            ),
            "export": (
                "How data leave on a medium.",
                _object(
                    rules.EXPORT_KEYS,
                    {"approval": ("Whether the owner must have approved it before.", needed)},
                    required=rules.EXPORT_KEYS,
                ),
            ),
            "waiver": (
                "How a flag is waived.",
                _object(
                    rules.WAIVER_KEYS,
                    {"second_person": ("Whether a second person must agree.", needed)},
                    required=rules.WAIVER_KEYS,
                ),
            ),
        },
    )


def _destruction() -> Schema:
    return _object(
        rules.DESTRUCTION_KEYS,
        {
            "methods": ("The only ways allowed.", _some_of(DestructionMethod)),
            "witness": ("The role whose people witness it.", {"enum": [role.value for role in Role]}),
            "before_leaving": (
                "The premises that a drive leaves only destroyed.",
                {"enum": [site.value for site in Site]},
            ),
            "particle": (
                "The least security level of ISO/IEC 21964 by medium, which sets the greatest size of a piece.",
                _object(
                    tuple(CATEGORY_OF_MEDIUM),
                    {
                        medium: (
                            f"The level for {medium}.",
                            {
                                "oneOf": [
                                    {"const": level, "description": _size(level)}
                                    for level in levels_of(medium)
                                ]
                            },
                        )
                        for medium in CATEGORY_OF_MEDIUM
                    },
                ),
            ),
        },
    )


def _object(
    keys: Iterable[str], described: Mapping[str, tuple[str, Schema]], required: tuple[str, ...] = ()
) -> Schema:
    """An object of just these keys. Raises KeyError for a key that nobody described."""
    properties = {key: {"description": described[key][0], **described[key][1]} for key in keys}
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": [*required]} if required else {})


def _name() -> Schema:
    return {"type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": LONGEST_NAME}


def _facts(kinds: Iterable[FactKind]) -> Schema:
    return {"oneOf": [{"const": kind.value, "description": english.STEPS[kind]} for kind in kinds]}


def _severity() -> Schema:
    return {"enum": [str(severity) for severity in Severity]}


def _some_of(words: type[Weekday] | type[DestructionMethod]) -> Schema:
    return {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"enum": [word.value for word in words]},
    }


def _elapsed(example: str) -> Schema:
    return {"type": "string", "pattern": _ELAPSED, "examples": [example]}


def _clock(example: str) -> Schema:
    return {"type": "string", "pattern": f"^{CLOCK.pattern}$", "examples": [example]}


def _size(level: str) -> str:
    area = GREATEST_AREA[level]
    return "no size of piece" if area is None else f"pieces of at most {area:g} mm²"


def schema_text() -> str:
    """The schema as it stands in `deploy/policies/policy.schema.json`."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
