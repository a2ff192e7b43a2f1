"""What the pages say in each language, and the colours that they say it in."""

import re
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from mitodoke.eventlog.payloads import DRIVE_PAYLOADS
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Rule
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import CustodyRule, Rules, SanitisationLevel, Severity, TransitRule
from mitodoke.lifecycle.verdict import OVERDUE, FlagState, ObligationState, Resolution
from mitodoke.policyfile import parents_in, read_policy
from mitodoke.services.dashboard.texts import (
    ENGLISH,
    JAPANESE,
    OBLIGATIONS,
    TEXTS,
    ago,
    label,
    obligation_label,
    sentence_in_japanese,
    subject_label,
    text,
)
from worlds import (
    DESTROYER,
    LESSOR,
    OWNER,
    SANITISER,
    STRANGER,
    Given,
    accepted,
    dispatched,
    enrolled,
    policy,
    returned,
    transferred,
    under,
    wiped,
)

READY = sorted((Path(__file__).parents[2] / "deploy" / "policies").glob("*.yaml"))
TEMPLATES = files("mitodoke.services.dashboard").joinpath("templates")


def placeholders(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name}


def test_every_text_is_there_in_both_languages() -> None:
    assert ENGLISH.keys() == JAPANESE.keys()


def test_a_text_names_the_same_things_in_both_languages() -> None:
    differing = {key for key in ENGLISH if placeholders(ENGLISH[key]) != placeholders(JAPANESE[key])}
    # English has a sentence of the lifecycle's own here.
    assert differing == {"error_serial_text"}


def test_every_text_that_a_template_asks_for_is_in_the_catalogue() -> None:
    asked_for = set()
    for template in TEMPLATES.iterdir():
        asked_for |= set(re.findall(r'w\.text\(\s*["\']([a-z_0-9]+)["\'](?!\s*~)', template.read_text()))
    assert asked_for
    assert asked_for <= ENGLISH.keys()


@pytest.mark.parametrize("kind", DRIVE_PAYLOADS)
def test_what_a_fact_says_is_said_in_japanese(kind: FactKind) -> None:
    untold = set()
    for field in DRIVE_PAYLOADS[kind].message.DESCRIPTOR.fields:
        words = [field.name]
        if field.enum_type is not None:
            prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
            words += [
                value.name.removeprefix(prefix).lower() for value in field.enum_type.values if value.number
            ]
        untold |= {word for word in words if label("ja", word) == label("en", word)}
    # Columns of the page, and what is called the same in both languages.
    assert untold - {"serial", "occurred_at", "ata_secure_erase", "ssd"} == set()


@pytest.mark.parametrize("language", TEXTS)
def test_every_state_severity_and_resolution_has_its_word(language: str) -> None:
    for state in (*FlagState, *ObligationState):
        assert text(language, f"state_{state.value}")
    for severity in Severity:
        assert text(language, f"severity_{severity.value}")
        assert text(language, f"severity_from_{severity.value}")
    for resolution in Resolution:
        assert text(language, f"resolution_{resolution.value}")


@pytest.mark.parametrize("word", [*FactKind, *Role, OVERDUE])
def test_facts_roles_and_breaches_have_their_japanese_word(word: str) -> None:
    assert not label("ja", word).isascii()


def test_a_word_without_a_japanese_one_is_spaced_out() -> None:
    assert label("ja", "brand_new_finding") == label("en", "brand_new_finding") == "brand new finding"
    assert label("en", "CertificateAccepted") == "certificate accepted"
    assert label("en", "lot_id") == "lot"


def test_a_kind_that_has_no_japanese_sentence_says_so_by_none() -> None:
    assert sentence_in_japanese("brand_new_finding", "", "lessor") is None


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_every_finding_has_its_japanese_word_and_sentence(rule: Rule) -> None:
    assert not label("ja", rule.id).isascii()
    sentence = sentence_in_japanese(rule.id, "s", "lessor")
    assert sentence is not None
    assert not sentence.isascii()


FLASH_DESTROYED = Rules(minimum_method={"flash": SanitisationLevel.DESTROY})
FLASH_PURGED = Rules(minimum_method={"flash": SanitisationLevel.PURGE})
ATTESTED = Rules(custody=CustodyRule(timedelta(hours=4)))
PAIRS = Rules(transit=TransitRule(crew=2))
SSD = enrolled("04-01", media_type="ssd")


@pytest.mark.parametrize(
    ("kind", "given", "rules", "named_as", "party"),
    [
        ("custody_gap", Given(transferred("04-30")), ATTESTED, "報告のない側", DESTROYER),
        # The giver says that it gave it to another, but not that it gave it to who says that he took it.
        (
            "custody_gap",
            Given(transferred("04-30 11:00"), transferred("04-30 12:00", by=STRANGER, to_party=STRANGER)),
            ATTESTED,
            "報告のない側",
            LESSOR,
        ),
        ("weak_method", Given(SSD, wiped("04-19")), FLASH_PURGED, "報告者", SANITISER),
        ("weak_method", Given(SSD, wiped("04-19"), accepted("05-01")), FLASH_DESTROYED, "報告者", OWNER),
        ("not_sanitised", Given(returned("04-22")), Rules(sanitise_before_release=True), "報告者", LESSOR),
        # Who reported the dispatch is not the carrier.
        ("understaffed_transit", Given(dispatched("04-22", crew=("sato",))), PAIRS, "報告者", LESSOR),
    ],
)
def test_a_japanese_sentence_names_a_party_for_what_the_rule_names_it_for(
    kind: str, given: Given, rules: Rules, named_as: str, party: str
) -> None:
    verdict = given.judged(under(policy(rules=rules)), "06-01")
    assert party in {flag.party for flag in verdict.flags if flag.kind == kind}
    sentence = sentence_in_japanese(kind, "", party)
    assert sentence is not None
    assert f"{named_as}：{party}）" in sentence
    assert sentence.count(party) == 1


@pytest.mark.parametrize(
    ("kind", "cases"),
    [
        ("weak_method", ["達していないか", "示されていません"]),
        ("seal_mismatch", ["封印がないか", "一致しないか", "報告されていません"]),
        ("unapproved_export", ["承認がないまま", "承認の範囲を外れて"]),
        # Not that it was destroyed elsewhere: nobody may have told where.
        ("wrong_place", ["確認できません"]),
        # Not that the party is no one's: it may be approved for something else.
        ("unapproved_party", ["承認されていない役割"]),
        # Not that the data is still there: the drive may have been wiped again since.
        ("wipe_rejected", ["行われなかったものとして"]),
        ("not_received", ["送り出されたあと"]),
        ("unknown_contract", ["その時点で"]),
    ],
)
def test_a_japanese_sentence_is_true_in_each_case_of_its_rule(kind: str, cases: list[str]) -> None:
    sentence = sentence_in_japanese(kind, "", "p")
    assert sentence is not None
    assert [case for case in cases if case not in sentence] == []


def test_a_japanese_word_for_a_finding_is_true_in_each_case_of_its_rule() -> None:
    assert "破壊" in label("ja", "weak_method")
    # Who reports that another gave it away is not the one who is blamed.
    assert "報告" not in label("ja", "not_the_holder")


def test_a_breach_per_shipment_names_the_shipment() -> None:
    assert subject_label("en", "arrival/S-1") == "arrival, S-1"
    assert subject_label("ja", "arrival/S-1") == "到着, S-1"


def test_a_breach_per_use_of_a_medium_does_not_name_the_id_of_the_use() -> None:
    subject = "erasure/0f8fad5b-d9cb-469f-a165-70867728950e"
    assert subject_label("en", subject) == "erasure"
    assert subject_label("ja", subject) == "消去"
    sentence = sentence_in_japanese(OVERDUE, subject, "carrier")
    assert sentence == "期限までに「消去」がありませんでした（義務者：carrier）。"


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_what_a_ready_policy_asks_for_has_its_label_in_both_languages(file: Path) -> None:
    asked = {o.id for o in read_policy(file.read_bytes(), parents=parents_in([file.parent])).obligations}
    assert asked
    for language, labels in OBLIGATIONS.items():
        assert asked - labels.keys() == set(), language
    assert {each for each in asked if obligation_label("ja", each).isascii()} == set()


def test_every_obligation_has_its_label_in_both_languages() -> None:
    assert OBLIGATIONS["en"].keys() == OBLIGATIONS["ja"].keys()
    assert obligation_label("en", "first-report") == "first report"
    assert obligation_label("ja", "told") == "所有者への報告"


def test_an_obligation_that_no_ready_policy_names_is_spaced_out() -> None:
    assert obligation_label("en", "second_check") == obligation_label("ja", "second_check") == "second check"


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=119.9), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47.9), "47 h"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_a_span_of_time_is_said_in_its_one_fitting_unit(elapsed: timedelta, said: str) -> None:
    assert ago("en", elapsed) == said


# Colours: at least 4.5 to 1 (WCAG 2.1, 1.4.3), in light and dark.

CSS = TEMPLATES.joinpath("style.css").read_text()
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.S)[:2]
)


def luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else float(((channel + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text_colour", "ground"),
    [
        *(
            (each, ground)
            for each in ("ink", "quiet", "link")
            for ground in ("page", "raised", "major-ground")
        ),
        *((each, "page") for each in ("critical", "major", "warning", "good")),
        *((each, f"{each}-ground") for each in ("critical", "major", "warning")),
        ("page", "ink"),
    ],
)
def test_text_stands_out_from_its_ground(colours: dict[str, str], text_colour: str, ground: str) -> None:
    assert contrast(colours[text_colour], colours[ground]) >= 4.5
