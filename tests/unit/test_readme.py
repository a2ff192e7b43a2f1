"""The README cannot go stale: what it tells people to type is there."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from mitodoke.cli.application import app

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.ja.md", "CONTRIBUTING.md")


def _lines(readme: str, program: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"^ {{4}}{program} ([^#\n]+)", text, flags=re.MULTILINE)


@pytest.mark.parametrize("readme", READMES)
def test_every_command_of_mitodoke_that_it_shows_exists_with_its_options(readme: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]  # an app of several commands is a group
    for line in _lines(readme, "mitodoke"):
        words = line.split()
        command = commands[words[0]]
        if words[0] == "policy":
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("readme", READMES)
def test_every_target_of_make_that_it_shows_exists(readme: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    shown = _lines(readme, "make")
    assert {line.split()[0] for line in shown} <= set(targets)


@pytest.mark.parametrize("readme", READMES)
def test_every_file_that_it_links_to_exists(readme: str) -> None:
    links = re.findall(r"\]\(([^):]+)\)", (ROOT / readme).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
