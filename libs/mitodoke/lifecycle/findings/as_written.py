"""The names and numbers that people write, compared as people read them."""

import unicodedata
from functools import lru_cache
from typing import Final


def _folded(text: str) -> str:
    """What is written in several ways, in one: full and half width, letter case and blanks make no difference."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


folded: Final = lru_cache(maxsize=4096)(_folded)
"""The same, kept: a seal or a name is compared at each judgement of every drive that bears it."""
