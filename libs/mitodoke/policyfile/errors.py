"""What is wrong with a policy, and where it is written."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MOST_ERRORS = 100
"""After so many, reading stops: the document is not what its author thinks it is."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a document. Lines and columns count from 1; a column is a character, not a byte."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class PolicyError:
    """One thing wrong with a policy.

    `path` names the value as in `obligations[1].within`, and is empty where the trouble is with the
    document itself. `message` says what is wrong and `suggestion` what to do next; both lack only their
    place to stand alone.
    """

    line: int
    column: int
    path: str
    message: str
    suggestion: str = ""

    def describe(self, source: str) -> str:
        """`FILE:LINE:COLUMN: message. suggestion`, the form that editors and terminals turn into a link."""
        suggestion = self.suggestion if self.suggestion.endswith((".", "?")) else f"{self.suggestion}."
        return f"{source}:{self.line}:{self.column}: {self.message}." + (
            f" {suggestion}" if self.suggestion else ""
        )


class PolicyErrors(ValueError):
    """Everything wrong with one policy, in the order of its lines. As text: one described error a line."""

    def __init__(self, errors: Iterable[PolicyError], source: str) -> None:
        self.errors = tuple(sorted(errors, key=lambda error: (error.line, error.column, error.path)))
        self.source = source
        super().__init__("\n".join(error.describe(source) for error in self.errors))


class TooManyErrors(Exception):
    """Raised to leave a document whose errors have reached `MOST_ERRORS`."""


class Complaints:
    """Gathers the errors of one document, so that its author sees all of them at once."""

    def __init__(self) -> None:
        self.errors: list[PolicyError] = []

    def add(self, place: Place, path: str, message: str, suggestion: str = "") -> None:
        """Note one error. Raises TooManyErrors instead once there are `MOST_ERRORS` of them."""
        if len(self.errors) == MOST_ERRORS:
            stopped = f"Reading stopped here, after {MOST_ERRORS} errors"
            self.errors.append(PolicyError(place.line, place.column, "", stopped, "Mend those first"))
            raise TooManyErrors
        self.errors.append(PolicyError(place.line, place.column, path, message, suggestion))


def did_you_mean(written: str, known: Collection[str]) -> str:
    """A suggestion for a word that is not among the known ones: the closest of them, and all of them."""
    close = closest(written, known)
    all_known = f"Known here: {', '.join(known)}"
    return f"Did you mean {close!r}? {all_known}" if close else all_known


def closest(written: str, known: Collection[str]) -> str | None:
    """The known word that is most like the one written, if any is much like it.

    Case, hyphens and underscores are no difference: they are what people mistake first.
    """
    folded = {_folded(word): word for word in known}
    # Beyond this length nothing known is close, and the search would cost more than the answer is worth.
    close = difflib.get_close_matches(_folded(written[:64]), folded, n=1, cutoff=0.5)
    return folded[close[0]] if close else None


def shown(text: str) -> str:
    """A text from the document, quoted and cut short for a message, with what cannot be printed escaped."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def _folded(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")
