"""What the page of the calls says in each language."""

import re
from importlib.resources import files
from string import Formatter

from mitodoke.services.live.texts import ENGLISH, JAPANESE, text

TEMPLATE = files("mitodoke.services.live").joinpath("templates/calls.html").read_text()


def placeholders(wording: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(wording) if name}


def test_every_text_is_there_in_both_languages_and_names_the_same_things() -> None:
    assert {key: placeholders(ENGLISH[key]) for key in ENGLISH} == {
        key: placeholders(JAPANESE[key]) for key in JAPANESE
    }


def test_the_template_asks_for_every_text_and_for_no_other() -> None:
    asked_for = set(re.findall(r'w\.text\("([a-z_]+)"', TEMPLATE))
    columns = re.search(r"for key in \(([^)]*)\)", TEMPLATE)
    assert columns is not None
    assert asked_for | set(re.findall(r'"([a-z_]+)"', columns[1])) == ENGLISH.keys()


def test_a_value_is_text_and_never_markup() -> None:
    assert text("en", "as_of", time="<b>now</b>") == "As of &lt;b&gt;now&lt;/b&gt;."
