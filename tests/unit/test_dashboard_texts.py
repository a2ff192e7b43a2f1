"""What the pages say in each language, and the colours that they say it in."""

import re
from datetime import timedelta
from importlib.resources import files
from string import Formatter

import pytest

from mitodoke.eventlog.payloads import DRIVE_PAYLOADS
from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from mitodoke.lifecycle.findings.finding import Rule
from mitodoke.lifecycle.kinds import FactKind, Role
from mitodoke.lifecycle.policy import Severity
from mitodoke.lifecycle.verdict import OVERDUE, FlagState, ObligationState, Resolution
from mitodoke.services.dashboard.texts import (
    ENGLISH,
    JAPANESE,
    TEXTS,
    ago,
    label,
    sentence_in_japanese,
    subject_label,
    text,
)

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


def test_a_breach_per_shipment_names_the_shipment() -> None:
    assert subject_label("en", "arrival/S-1") == "arrival, S-1"
    assert subject_label("ja", "arrival/S-1") == "到着, S-1"


@pytest.mark.parametrize(
    ("elapsed", "said"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=119.9), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(hours=2), "2 h"),
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
