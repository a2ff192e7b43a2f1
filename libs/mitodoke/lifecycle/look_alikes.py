"""Serial numbers that are easily taken for one another: what a tired eye reads, and what a quick hand types."""

from collections.abc import Iterable, Iterator

_ALIKE = ("0OQD", "1IL", "5S", "8B", "2Z", "6G")
_TAKEN_FOR = {one: [other for other in alike if other != one] for alike in _ALIKE for one in alike}


def look_alikes(serial: str) -> frozenset[str]:
    """Every serial number that differs from this one by one look-alike character or one transposition.

    The characters that look alike are 0 O Q D, 1 I L, 5 S, 8 B, 2 Z and 6 G; a transposition is of two neighbours.
    `serial` is canonical. The relation goes both ways, and no number is its own look-alike.
    """
    return frozenset(_misread(serial)) - {serial}


def did_you_mean(serial: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Those candidates that may have been meant, in alphabetical order."""
    return tuple(sorted(look_alikes(serial).intersection(candidates)))


def _misread(serial: str) -> Iterator[str]:
    for position, character in enumerate(serial):
        before, after = serial[:position], serial[position + 1 :]
        for other in _TAKEN_FOR.get(character, ()):
            yield before + other + after
        if after:
            yield before + after[0] + character + after[1:]
