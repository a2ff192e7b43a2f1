"""A policy as a page of plain sentences, for the person who signs it."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Final

from mitodoke.lifecycle.policy import Policy
from mitodoke.policyfile import english, japanese
from mitodoke.policyfile.rules import KEYS

LANGUAGES: Final[dict[str, ModuleType]] = {"en": english, "ja": japanese}
"""The languages that a policy can be told in, by their ISO 639-1 codes."""


def describe(policy: Policy, language: str = "en") -> str:
    """The policy as a Markdown page in English (`en`) or Japanese (`ja`).

    Complete: everything that the policy asks is said, and by it alone; what it does not ask is not mentioned.
    Raises KeyError for another language.
    """
    return "\n".join(_lines(policy, LANGUAGES[language])) + "\n"


def _lines(policy: Policy, words: ModuleType) -> Iterator[str]:
    yield f"# {words.title(policy)}"
    yield ""
    yield f"## {words.HEADINGS['time']}"
    yield ""
    for sentence in (words.time_zone(policy), words.calendar(policy), words.grace(policy)):
        yield f"- {sentence}"
    yield ""
    yield f"## {words.HEADINGS['obligations']}"
    yield ""
    for number, obligation in enumerate(policy.obligations, start=1):
        yield f"{number}. **{obligation.id}** — {words.obligation(obligation)}"
    if not policy.obligations:
        yield words.NO_OBLIGATIONS
    yield ""
    yield f"## {words.HEADINGS['rules']}"
    yield ""
    sentences = [sentence for key in KEYS for sentence in words.rule(key, policy.rules)]
    yield from (f"- {sentence}" for sentence in sentences)
    if not sentences:
        yield words.NO_RULES
