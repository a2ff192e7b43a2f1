"""What each breach says to a person: every sentence that the tables of obligations give, word for word.

Where a sentence is meant to change, write words_of_breaches.txt anew and read what has changed:
`PYTHONPATH=tests python tests/unit/lifecycle/test_words_of_breaches.py`.
"""

import importlib
from pathlib import Path

from mitodoke.lifecycle.kinds import Role
from mitodoke.lifecycle.verdict import OVERDUE
from worlds import Row

KEPT = Path(__file__).with_name("words_of_breaches.txt")


def sentences() -> str:
    """What was said of a breach in any row of any table, once."""
    tables = vars(importlib.import_module("test_obligations"))
    rows = [row for table in tables.values() if isinstance(table, list) for row in table]
    said = {
        flag.message
        for row in rows
        if isinstance(row, Row | tables["Owed"])
        for flag in row.given.judged(row.agreed, row.as_of).flags
        if flag.kind == OVERDUE
    }
    return "".join(f"{sentence}\n" for sentence in sorted(said))


def test_every_breach_says_what_it_is_known_to_say() -> None:
    assert sentences() == KEPT.read_text()


def test_there_is_a_sentence_of_each_role_that_can_owe_something() -> None:
    said = KEPT.read_text()
    assert [role for role in Role if f"was owed by the {role} by" not in said] == []


if __name__ == "__main__":
    KEPT.write_text(sentences())
