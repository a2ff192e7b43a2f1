"""A YAML document as a tree of values that know where they are written.

Only what a policy needs of YAML is let through: mappings, lists and scalars of one document. Anchors,
aliases and tags are refused, so that what is written is what is meant, and a small file cannot stand for a
large tree. Size, depth and number of values are bounded while the document is read, before anything is
built from it.
"""

from __future__ import annotations

import bisect
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from mitodoke.policyfile.errors import Complaints, Place, PolicyError, PolicyErrors

LARGEST = 256 * 1024
"""The most bytes a policy may have, in UTF-8."""
DEEPEST = 16
MOST_VALUES = 5_000

_NO_TREE = "A policy is a plain tree of values"


class Kind(enum.Enum):
    """What a scalar is by the YAML 1.2 core schema. What is quoted is always text."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value, as its text and what that is."""

    place: Place
    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in their order, a key that is written twice included."""

    place: Place
    entries: tuple[tuple[Node, Node], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Where something stood that was already complained about: nothing more is to be said of it."""

    place: Place


Node = Scalar | Sequence | Mapping | Refused


def read_document(text: str | bytes, complaints: Complaints, source: str) -> Node:
    """The tree of the one document in `text`.

    What can be read past, such as an anchor, goes to `complaints`. Raises PolicyErrors for what cannot:
    bytes that are not UTF-8, text that is not YAML, nothing at all, or too much of it; TooManyErrors as
    `Complaints.add` does.
    """
    try:
        return _read(text, complaints)
    except _Unreadable as unreadable:
        raise PolicyErrors((*complaints.errors, unreadable.error), source) from None


class _Unreadable(Exception):
    def __init__(self, place: Place, message: str, suggestion: str) -> None:
        self.error = PolicyError(place.line, place.column, "", message, suggestion)


def _read(text: str | bytes, complaints: Complaints) -> Node:
    characters = _decoded(text)
    places = _Places(characters)
    try:
        return _tree(YAML(typ="safe", pure=True).parse(characters), places, complaints)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = places.at(mark.index) if mark is not None else Place(1, 1)
        problem = ", ".join(part for part in (error.context, error.problem) if part) or "it cannot be read"
        raise _Unreadable(
            where,
            f"This is not YAML: {' '.join(problem.split())[:200]}",
            "Look at the indentation, brackets and quotes here and just before",
        ) from None
    except ReaderError as error:
        raise _Unreadable(
            places.at(error.position),
            f"The character U+{ord(characters[error.position]):04X} is not allowed in YAML",
            "Take it out",
        ) from None
    except YAMLError as error:
        raise _Unreadable(Place(1, 1), f"This is not YAML: {error}", "Write the policy again") from None


def _decoded(text: str | bytes) -> str:
    # Half a surrogate pair has no bytes; the parser refuses it later, at its place.
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    if len(data) > LARGEST:
        raise _Unreadable(
            Place(1, 1),
            f"The document has {len(data):,} bytes; a policy has at most {LARGEST:,}",
            "Is it a policy?",
        )
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _Unreadable(Place(1, 1), "The document is UTF-16, not UTF-8", "Save it again as UTF-8")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix("\ufeff")
        raise _Unreadable(
            _Places(before).at(len(before)),
            f"The byte 0x{data[error.start]:02X} at offset {error.start:,} is not UTF-8",
            "Save the file again as UTF-8",
        ) from None


class _Places:
    """Turns an index into the text into a line and a column, as an editor counts them.

    The parser counts lines its own way (it takes U+2028 for the end of one), so only its index is trusted.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]

    def at(self, index: int) -> Place:
        line = bisect.bisect_right(self._starts, index)
        return Place(line, index - self._starts[line - 1] + 1)


def _tree(events: Iterator[Any], places: _Places, complaints: Complaints) -> Node:
    # One list of children for each collection that is open; the outermost receives the root.
    open_children: list[list[Node]] = [[]]
    open_places: list[Place] = []
    documents = values = 0
    for event in events:
        place = places.at(event.start_mark.index)
        match event:
            case DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise _Unreadable(
                        place, "A second document starts here", "Keep each policy in a file of its own"
                    )
                continue
            case MappingEndEvent() | SequenceEndEvent():
                children = tuple(open_children.pop())
                start = open_places.pop()
                if isinstance(event, SequenceEndEvent):
                    open_children[-1].append(Sequence(start, children))
                else:
                    open_children[-1].append(
                        Mapping(start, tuple(zip(children[::2], children[1::2], strict=True)))
                    )
                continue
            case ScalarEvent() | SequenceStartEvent() | MappingStartEvent() | AliasEvent():
                values += 1
            case _:
                continue
        if values > MOST_VALUES:
            raise _Unreadable(place, f"The document has more than {MOST_VALUES:,} values", "Is it a policy?")
        if isinstance(event, AliasEvent):
            complaints.add(
                place, "", f"The alias *{event.anchor[:40]} is not allowed", f"{_NO_TREE}: write it out here"
            )
            open_children[-1].append(Refused(place))
            continue
        if event.anchor is not None:
            complaints.add(
                place, "", f"The anchor &{event.anchor[:40]} is not allowed", f"{_NO_TREE}: take it out"
            )
        if event.tag is not None:
            complaints.add(place, "", f"The tag {event.tag[:60]} is not allowed", f"{_NO_TREE}: take it out")
        if isinstance(event, ScalarEvent):
            open_children[-1].append(
                Scalar(place, event.value, kind_of(event.value, plain=event.style is None))
            )
        elif len(open_places) >= DEEPEST:
            raise _Unreadable(place, f"Values are nested more than {DEEPEST} deep", "Is it a policy?")
        else:
            open_children.append([])
            open_places.append(place)
    if not open_children[0]:
        raise _Unreadable(
            Place(1, 1), "The document is empty", "Start with the line 'policy: ' and the policy's name"
        )
    return open_children[0][0]


_NOTHING = re.compile(r"(?:~|null|Null|NULL)?")
_BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


def kind_of(text: str, *, plain: bool) -> Kind:
    """What a scalar is; `plain` means that it is written without quotes."""
    if plain:
        if _NOTHING.fullmatch(text):
            return Kind.NOTHING
        if _BOOLEAN.fullmatch(text):
            return Kind.BOOLEAN
        if _NUMBER.fullmatch(text):
            return Kind.NUMBER
    return Kind.TEXT
