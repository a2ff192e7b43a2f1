"""How a command ends: its exit code, and what it says when it cannot do what it was asked."""

import enum


class Exit(enum.IntEnum):
    """What scripts may rely on."""

    FINE = 0
    """Done, and nothing is wrong."""
    WRONG = 1
    """Something is wrong, or what was asked for is not known; the help of each command says which."""
    USAGE = 2
    """The command was not given what it needs."""
    UNREACHABLE = 3
    """The system cannot be reached, or cannot answer now."""


class Stop(Exception):
    """The command ends here with this code; `sentence` tells the person why, and what to do next."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
