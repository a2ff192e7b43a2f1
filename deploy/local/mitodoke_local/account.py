"""The account that PostgreSQL runs as when the runner itself is root, as it is in many containers."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from mitodoke_local.children import Account
from mitodoke_local.errors import RunnerError

# PostgreSQL refuses to run as root. These accounts exist already; making one would change the machine.
_CANDIDATES = ("postgres", "nobody")


def server_account() -> Account | None:
    """The account to start the server as: None, which means our own, unless we are root.

    Raises RunnerError when there is none to take.
    """
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise RunnerError(
        "PostgreSQL refuses to run as root, and this machine has no account postgres or nobody. "
        "Run this as an ordinary user, or make the account: useradd --system postgres"
    )


def let_through(path: Path) -> None:
    """Let other accounts pass through the folders above `path`, without letting them list what is in there."""
    for folder in path.absolute().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_use(program: Path, account: Account) -> None:
    """See to it that `account` can run an installed program.

    Raises RunnerError when it cannot.
    """
    let_through(program.resolve())
    try:
        subprocess.run(
            [program, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            user=account.user,
            group=account.group,
            extra_groups=[],
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise RunnerError(
            f"The account {account.name}, as which PostgreSQL is run because it refuses to run as root, cannot run "
            f"{program}: {error}. Make the virtual environment readable for all: chmod -R o+rX .venv"
        ) from error
