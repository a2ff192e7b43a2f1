"""Which language a page answers in."""

from collections.abc import Container, Sequence
from typing import Final

ELSE: Final = "en"
"""What is spoken to who asks for no language that there is."""


def chosen_language(among: Container[str], asked_for: str | None, accept_language: str) -> str:
    """`asked_for` if it is among those there are, else the first of Accept-Language that is, else English."""
    if asked_for is not None and asked_for in among:
        return asked_for
    for tag in _by_preference(accept_language):
        if tag in among:
            return tag
    return ELSE


def _by_preference(accept_language: str) -> Sequence[str]:
    weighed = []
    for position, part in enumerate(accept_language.split(",")):
        tag, _, quality = part.strip().partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            weighed.append((-weight, position, tag.strip().lower().partition("-")[0]))
    return [tag for _, _, tag in sorted(weighed)]
