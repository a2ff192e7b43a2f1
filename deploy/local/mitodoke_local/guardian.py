"""The guardian: a small process that ends the runner's children once the runner is gone.

It runs in a session of its own, reads its standard input, and needs nothing but the standard library. Only the
runner holds the other end of that pipe, so the end of input means that the runner has ended, in whatever way: on
`kill -9` it is the only sign there is. The lines that it reads:

    start GROUP SIGNAL:SECONDS,…   a process group, and how it is asked to end; SIGKILL comes after the last step
    end GROUP                      that group has ended
    file PATH                      a file that is to be removed
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE_AFTER_KILL = 10.0

Steps = list[tuple[int, float]]


def watch(source: int) -> tuple[dict[int, Steps], list[str]]:
    """Read what the runner says until it is gone; return the groups that are left, and the files to remove."""
    groups: dict[int, Steps] = {}
    leftovers: list[str] = []
    with os.fdopen(source, encoding="utf-8") as lines:
        for line in lines:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "start":
                group, _, steps = rest.partition(" ")
                groups[int(group)] = parse_steps(steps)
            elif word == "end":
                groups.pop(int(rest), None)
            elif word == "file":
                leftovers.append(rest)
    return groups, leftovers


def parse_steps(text: str) -> Steps:
    """`2:10.0,3:6.0` → signal 2 and ten seconds for it, then signal 3 and six seconds."""
    return [
        (int(number), float(seconds))
        for number, _, seconds in (step.partition(":") for step in text.split(","))
    ]


def end_all(groups: dict[int, Steps]) -> None:
    """Ask all groups to end, at the same time; make those that do not."""
    ahead = {group: [*steps, (int(signal.SIGKILL), _PATIENCE_AFTER_KILL)] for group, steps in groups.items()}
    until = dict.fromkeys(ahead, 0.0)
    while ahead:
        for group in list(ahead):
            if not alive(group):
                del ahead[group]
            elif time.monotonic() >= until[group]:
                if not ahead[group]:  # SIGKILL did not help: it hangs in the kernel, and no more can be done
                    del ahead[group]
                    continue
                number, seconds = ahead[group].pop(0)
                until[group] = time.monotonic() + seconds
                send(group, number)
        time.sleep(0.02)


def alive(group: int) -> bool:
    """Whether a process of the group is left, other than ones that are dead and not yet collected."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):  # macOS says the second of a group of dead processes
        return False
    try:  # where the first process of a container collects nobody, the dead stay listed
        state = Path(f"/proc/{group}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def send(group: int, number: int) -> None:
    """Send a signal to a group that may be gone by now."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def main() -> None:
    """Watch, then end what is left."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    groups, leftovers = watch(sys.stdin.fileno())
    for path in leftovers:
        Path(path).unlink(missing_ok=True)
    end_all(groups)


if __name__ == "__main__":
    main()
