"""Values of a document, taken for what a policy needs. What is not so is complained about, and is None."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import TypeVar

from mitodoke.lifecycle.durations import Duration, DurationError, parse_duration
from mitodoke.policyfile import document
from mitodoke.policyfile.document import Kind, Node, Refused, Scalar
from mitodoke.policyfile.errors import Complaints, Place, closest, did_you_mean, shown

T = TypeVar("T")

NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a document: its path (`obligations[1].within`), and what a sentence calls it."""

    node: Node
    path: str
    called: str
    complaints: Complaints

    @property
    def place(self) -> Place:
        """Where it is written."""
        return self.node.place

    def wrong(self, message: str, suggestion: str = "") -> None:
        """Complain about this value, at its place."""
        self.complaints.add(self.place, self.path, message, suggestion)

    def fields(self, known: Collection[str], required: Mapping[str, str]) -> dict[str, Value] | None:
        """The values of a mapping by their keys.

        Complains about keys that are not `known`, written twice, or `required` (with an example of each)
        and absent.
        """
        entries = self.entries()
        if entries is None:
            return None
        found: dict[str, Value] = {}
        misspelt: set[str | None] = set()
        for key, value in entries:
            if key.text in known:
                found[key.text] = value
            else:
                misspelt.add(closest(key.text, known))
                self.complaints.add(
                    key.place,
                    value.path,
                    f"{shown(key.text)} is not a key of {self.called}",
                    did_you_mean(key.text, known),
                )
        for name, example in required.items():
            # A key that is absent because it is misspelt is one mistake, and is told once.
            if name not in found and name not in misspelt:
                self.wrong(f"{_sentence(self.called)} has no '{name}'", f"Add it, as in '{name}: {example}'")
        return found

    def child(self, key: str) -> Value | None:
        """The value of that key, where this is a mapping that has it."""
        if isinstance(self.node, document.Mapping):
            for written, node in self.node.entries:
                if isinstance(written, Scalar) and written.text == key:
                    return Value(node, self._under(key), f"'{key[:40]}'", self.complaints)
        return None

    def entries(self) -> list[tuple[Scalar, Value]] | None:
        """The keys of a mapping and their values, in their order. A key written twice is complained about."""
        match self.node:
            case document.Mapping(entries=entries):
                pass
            case _:
                self._must_be("a mapping of keys to values")
                return None
        result: list[tuple[Scalar, Value]] = []
        first: dict[str, Place] = {}
        for key, node in entries:
            if not isinstance(key, Scalar) or key.kind is Kind.NOTHING:
                if not isinstance(key, Refused):
                    self.complaints.add(
                        key.place, self.path, f"A key of {self.called} is not a word", "Write a word"
                    )
            elif key.text in first:
                line = first[key.text].line
                message = f"{shown(key.text)} is written twice in {self.called}; the first is on line {line}"
                self.complaints.add(key.place, self._under(key.text), message, "Keep one of them")
            else:
                first[key.text] = key.place
                result.append(
                    (key, Value(node, self._under(key.text), f"'{key.text[:40]}'", self.complaints))
                )
        return result

    def items(self, called: str) -> list[Value] | None:
        """The items of a list, each `called` so in sentences."""
        if not isinstance(self.node, document.Sequence):
            self._must_be("a list")
            return None
        return [
            Value(node, f"{self.path}[{index}]", called, self.complaints)
            for index, node in enumerate(self.node.items)
        ]

    def text(self, what: str) -> str | None:
        """A text that is not empty; `what` says what kind of text it is to be."""
        match self.node:
            case Scalar(kind=Kind.TEXT, text=text) if text.strip():
                return text
            case Scalar(kind=Kind.NUMBER | Kind.BOOLEAN, text=text):
                self._must_be(what, f'If that is its name, put it in quotes: "{text[:40]}"')
            case _:
                self._must_be(what)
        return None

    def name(self, what: str) -> str | None:
        """A name: lower-case letters and digits in words joined by `-`, `_` or `.`, at most 64 characters."""
        text = self.text(what)
        if text is None:
            return None
        if len(text) > LONGEST_NAME or not NAME.fullmatch(text):
            self.wrong(
                f"{shown(text)} cannot be {what}",
                f"Use lower-case letters, digits and - _ . between them, at most {LONGEST_NAME} characters",
            )
            return None
        return text

    def one_of(self, options: Mapping[str, T], what: str) -> T | None:
        """One of a few words, and what it stands for."""
        if not isinstance(self.node, Scalar) or self.node.kind is Kind.NOTHING:
            self._must_be(what, f"Known here: {', '.join(options)}")
            return None
        if self.node.text not in options:
            self.wrong(f"{shown(self.node.text)} is not {what}", did_you_mean(self.node.text, options))
            return None
        return options[self.node.text]

    def boolean(self) -> bool | None:
        """`true` or `false`."""
        match self.node:
            case Scalar(kind=Kind.BOOLEAN, text=text):
                return text.casefold() == "true"
            case Scalar(kind=Kind.TEXT, text="true" | "false" as text):
                self._must_be("true or false", f"Write {text} without quotes")
            case _:
                self._must_be("true or false")
        return None

    def whole_number(self, least: int, most: int) -> int | None:
        """A decimal whole number between `least` and `most`."""
        wanted = f"a whole number from {least} to {most}"
        if isinstance(self.node, Scalar):
            text = self.node.text
            if text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most:
                if self.node.kind is Kind.NUMBER:
                    return int(text)
                self._must_be(wanted, f"Write {text} without quotes")
                return None
        self._must_be(wanted)
        return None

    def duration(self) -> Duration | None:
        """A duration, as `parse_duration` reads it."""
        if not isinstance(self.node, Scalar) or self.node.kind in (Kind.NOTHING, Kind.BOOLEAN):
            self._must_be("a duration", "Write for example 4h, 30d, 2 months or 10bd")
            return None
        try:
            return parse_duration(self.node.text)
        except DurationError as error:
            self.wrong(error.problem, error.suggestion)
            return None

    def fixed_length(self, called: str, example: str) -> timedelta | None:
        """An elapsed time: a duration in hours, minutes or seconds. `called` is what it is in a sentence."""
        duration = self.duration()
        if duration is None:
            return None
        if duration.elapsed is None or duration.anchor:
            self.wrong(
                f"{called} of {duration} has no fixed length",
                f"Write hours, minutes or seconds, as in {example}",
            )
            return None
        return duration.elapsed

    def clock(self) -> time | None:
        """A time of day to the minute, 00:00 to 23:59."""
        text = self.text("a time of day")
        if text is None:
            return None
        match = CLOCK.fullmatch(text)
        if match is None:
            self.wrong(
                f"{shown(text)} is not a time of day", 'Write hours and minutes, as in "08:30" or "17:15"'
            )
            return None
        return time(int(match[1]), int(match[2]))

    def _under(self, key: str) -> str:
        return f"{self.path}.{key[:40]}" if self.path else key[:40]

    def _must_be(self, what: str, suggestion: str = "") -> None:
        if not isinstance(self.node, Refused):
            self.wrong(f"{_sentence(self.called)} must be {what}, not {_described(self.node)}", suggestion)


def _described(node: Node) -> str:
    match node:
        case document.Mapping():
            return "a mapping"
        case document.Sequence():
            return "a list"
        case Scalar(kind=Kind.NOTHING):
            return "empty"
        case Scalar(kind=Kind.TEXT):
            return f"the text {shown(node.text)}"
        case Scalar(kind=Kind.NUMBER):
            return f"the number {node.text[:40]}"
        case _:
            return node.text if isinstance(node, Scalar) else "an alias"


def _sentence(called: str) -> str:
    return called[0].upper() + called[1:]
