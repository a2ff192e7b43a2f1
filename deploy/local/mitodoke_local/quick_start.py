"""What Java learnt of Kafka while it ran: with that at hand a broker starts in half the time.

Java's ahead-of-time cache (JEP 483 and 514): the classes as they were loaded and linked. Java itself refuses what was
learnt of other jars or by another Java, and then starts as if there were none.
"""

import os
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mitodoke_local.children import Child
from mitodoke_local.java import build, version

_LEARNS_SINCE: Final = 25
_ENDS_WITHIN: Final = 20.0
_LEARNING_ENDS_WITHIN: Final = 60.0
"""Seconds: who learns writes down what it learnt before it ends, which takes some nine on two cores."""


@dataclass(frozen=True)
class QuickStart:
    """Of one broker: `kept` is where all brokers of these jars look, `learning` a file of this broker alone."""

    java: Path
    kept: Path
    learning: Path

    @classmethod
    def beside(cls, jars: Path, java: Path, learning: Path) -> "QuickStart":
        """What is kept beside the jars, in the user's cache."""
        return cls(java, jars / f"quick-start-{build(java)}.aot", learning)

    def start(self) -> tuple[list[str], float]:
        """Options for Java, to use what was learnt or else to learn; and within how many seconds it then ends."""
        if (version(self.java) or 0) < _LEARNS_SINCE:
            return [], _ENDS_WITHIN
        if self.kept.exists():
            return [f"-XX:AOTCache={self.kept}"], _ENDS_WITHIN
        return [f"-XX:AOTCacheOutput={self.learning}"], _LEARNING_ENDS_WITHIN

    def keep(self, broker: Child) -> None:
        """Keep what the broker learnt that has ended. One that was killed may have written down a part of it."""
        if broker.exit_status == -signal.SIGKILL or not self.learning.exists():
            return
        with suppress(OSError):
            # No broker ever sees a part of a file; whoever learnt at the same time learnt the same.
            copy = self.kept.with_suffix(f".{os.getpid()}")
            shutil.copyfile(self.learning, copy)
            copy.replace(self.kept)
            for other in set(self.kept.parent.glob("quick-start-*.aot")) - {self.kept}:
                # Learnt by a Java that is no longer used; one that runs with it keeps what it has mapped.
                other.unlink(missing_ok=True)
        self.learning.unlink(missing_ok=True)
