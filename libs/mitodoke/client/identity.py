"""How a client says which party it is."""

from dataclasses import dataclass, field
from typing import Protocol

Metadata = tuple[tuple[str, str], ...]


class Identity(Protocol):
    """Proves the party of a client."""

    def metadata(self) -> Metadata:
        """What goes with every call."""
        ...


@dataclass(frozen=True, slots=True)
class DevelopmentIdentity:
    """Names a party with the shared secret of a system on this machine."""

    party: str
    secret: str = field(repr=False)

    def metadata(self) -> Metadata:
        """The authorization of the development identity."""
        return (("authorization", f"Dev {self.party}:{self.secret}"),)
