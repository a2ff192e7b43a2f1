"""What each flag says to a person: every sentence that the tables of findings give, word for word.

Where a sentence is meant to change, write sentences.txt anew and read what has changed:
`PYTHONPATH=tests python tests/unit/findings/test_sentences.py`.
"""

import importlib
from pathlib import Path

from mitodoke.lifecycle.findings.catalogue import CATALOGUE
from worlds import Row

HERE = Path(__file__).parent
KEPT = HERE / "sentences.txt"
KINDS = frozenset(rule.id for rule in CATALOGUE)


def sentences() -> str:
    """Each kind of finding with what was said of it in any row of any table, once."""
    said: set[str] = set()
    for table in sorted(HERE.glob("test_findings_of_*.py")):
        for rows in vars(importlib.import_module(table.stem)).values():
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, Row):
                    flags = row.given.judged(row.agreed, row.as_of).flags
                    said |= {f"{flag.kind}: {flag.message}" for flag in flags if flag.kind in KINDS}
    return "".join(f"{sentence}\n" for sentence in sorted(said))


def test_every_flag_says_what_it_is_known_to_say() -> None:
    assert sentences() == KEPT.read_text()


def test_there_is_a_sentence_of_every_rule() -> None:
    assert {line.partition(":")[0] for line in KEPT.read_text().splitlines()} == KINDS


if __name__ == "__main__":
    KEPT.write_text(sentences())
