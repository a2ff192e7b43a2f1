"""The names and numbers that people write, compared as people read them."""

import unicodedata


def folded(text: str) -> str:
    """What is written in several ways, in one: full and half width, letter case and blanks make no difference."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())
