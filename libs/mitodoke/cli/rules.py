"""`mitodoke rules`: the catalogue of rules, from the code that judges."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass
from typing import Final

import typer

from mitodoke.cli.answer_json import printed
from mitodoke.cli.exits import Exit
from mitodoke.lifecycle.findings.catalogue import CATALOGUE, EXAMPLES

_KEYS: Final = re.compile(r"\bOn by ((?:`[^`]+`(?:, | and | or )?)+)")

OVERDUE: Final = (
    "Beside these findings there is one more kind of flag, `overdue`: an obligation of the policy that was not met in "
    "time. Its subject is the obligation's id, its severity what the policy says, and it is resolved as late when the "
    "fact comes after all."
)


@dataclass(frozen=True, slots=True)
class Described:
    """A rule as people read it. `key` is the key of a policy that turns it on; "" where it always holds."""

    id: str
    guards: str
    sentence: str
    severity: str
    key: str
    source: str
    example: str


def described() -> list[Described]:
    """Every rule, in the order of the catalogue."""
    return [
        Described(
            id=rule.id,
            guards=rule.find.__module__.rpartition(".")[2],
            sentence=" ".join((inspect.getdoc(rule.find) or "").partition("\n\n")[0].split()),
            severity=rule.severity.value,
            key=_key(inspect.getdoc(rule.find) or ""),
            source=rule.source,
            example=EXAMPLES[rule.id],
        )
        for rule in CATALOGUE
    ]


def _key(text: str) -> str:
    found = _KEYS.search(" ".join(text.split()))
    return ", ".join(re.findall(r"`([^`]+)`", found[1])) if found else ""


def markdown() -> str:
    """The catalogue as the page docs/rules.md."""
    lines = [
        "# The rules",
        "",
        "Made from the code by `mitodoke rules --markdown`; a test fails when it is stale. Each rule is a function of",
        "its own in `libs/mitodoke/lifecycle/findings/`, in the module named here, with its table of examples in",
        "`tests/unit/findings/`. A rule with a key holds where the policy states that key below `rules`; the others",
        "always hold.",
        "",
        OVERDUE,
        "",
        "| rule | severity | what it flags | for example | on by | guards | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in described():
        key = ", ".join(f"`{each}`" for each in rule.key.split(", ")) if rule.key else "always"
        cells = (f"`{rule.id}`", rule.severity, rule.sentence, rule.example, key, rule.guards, rule.source)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def rules(*, as_json: bool, as_markdown: bool) -> Exit:
    """Print the catalogue."""
    if as_markdown:
        typer.echo(markdown(), nl=False)
        return Exit.FINE
    if as_json:
        typer.echo(printed({"rules": [asdict(rule) for rule in described()]}))
        return Exit.FINE
    from mitodoke.cli import tables

    tables.rules(described())
    return Exit.FINE
