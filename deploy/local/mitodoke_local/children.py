"""Child processes that never outlive the runner, however it ends."""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mitodoke_local.errors import ChildDiedError, RunnerError
from mitodoke_local.parallel import side_by_side

# The guardian is told of a child before the child runs anything of its own, so that there is no moment at which the
# runner can be killed and a child be missed. Its standard input is the pipe to the guardian until then; a guardian
# that is gone means that the child must not start.
_ANNOUNCED = 'printf \'start %s %s\\n\' "$$" "$1" >&0 || exit 71; shift; exec "$@" </dev/null'
_LOG_KEPT = 16 * 1024 * 1024
_DIES_OF_KILL = 10.0


@dataclass(frozen=True)
class Ending:
    """How a process is asked to end: signals in order, each with the seconds it is given; SIGKILL comes last."""

    steps: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)

    def __str__(self) -> str:
        return ",".join(f"{int(number)}:{seconds}" for number, seconds in self.steps)


@dataclass(frozen=True)
class Account:
    """The system account that a child runs as."""

    name: str
    user: int
    group: int


class Child:
    """One child process, the leader of a session and process group of its own."""

    def __init__(
        self, name: str, process: "subprocess.Popen[bytes]", log: Path, ending: Ending, children: "Children"
    ) -> None:
        self.name = name
        self.pid = process.pid
        self.log = log
        self._process = process
        self._ending = ending
        self._children = children
        self._stopping = threading.RLock()

    def running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """What it ended with (a signal's number as a negative one); None while it lives."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait until it has ended by itself; return what it ended with."""
        return self._process.wait()

    def stop(self) -> None:
        """Ask it to end, step by step, then make it; return when it is gone."""
        with self._stopping:
            for number, seconds in self._ending.steps:
                if self.running():
                    self.send(number)
                    with suppress(subprocess.TimeoutExpired):
                        self._process.wait(seconds)
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would; return when it is gone."""
        with self._stopping:
            self.send(signal.SIGKILL)  # also for what it left behind in its group
            try:
                self._process.wait(_DIES_OF_KILL)
            except subprocess.TimeoutExpired:
                raise RunnerError(
                    f"{self.name} (process {self.pid}) does not end, not even by SIGKILL: it hangs in the kernel. "
                    "Look at the disk that its data lie on."
                ) from None
            self._children.forget(self)

    def send(self, what: signal.Signals) -> None:
        """Send one signal to it and to its process group, for instance SIGSTOP and SIGCONT."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, what)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        try:
            with self.log.open(encoding="utf-8", errors="replace") as log:
                return "".join(deque(log, lines)).rstrip()
        except OSError as error:
            return f"(no log: {error})"

    def death(self) -> ChildDiedError:
        """The error to raise when it has ended unasked: how it ended, its last words, and where to read on."""
        status = self.exit_status
        how = (
            f"was ended by {signal.Signals(-status).name}"
            if status is not None and status < 0
            else f"ended with {status}"
        )
        return ChildDiedError(f"{self.name} {how}. The last lines of {self.log}:\n\n{self.log_tail()}\n")


class Children:
    """Starts children and sees to it that all of them end with this process."""

    def __init__(self, guardian: "subprocess.Popen[bytes]") -> None:
        if guardian.stdin is None:
            raise RuntimeError("the guardian has no pipe")
        self._guardian = guardian
        self._pipe = guardian.stdin
        self._started: list[Child] = []
        self._changing = threading.Lock()
        self._closed = False

    @classmethod
    @contextmanager
    def guarded(cls, lock: int | None = None) -> Iterator["Children"]:
        """Start the guardian; on leaving, stop every child that still runs.

        The guardian keeps the descriptor `lock` open until it has ended what was left.
        """
        children = cls(
            subprocess.Popen(
                [sys.executable, "-I", "-S", str(Path(__file__).with_name("guardian.py"))],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
                cwd="/",
            )
        )
        try:
            yield children
        finally:
            children.close()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: Account | None = None,
        ending: Ending = Ending(),
    ) -> Child:
        """Start `command` in a session of its own, with its output appended to `log`.

        The environment is this process's own unless another is given.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        _set_aside_if_large(log)
        with self._changing, log.open("ab") as output:
            if self._closed:
                raise RunnerError(f"{name} is not started: the runner is ending.")
            process = subprocess.Popen(
                ["/bin/sh", "-c", _ANNOUNCED, "sh", str(ending), *command],
                stdin=self._pipe.fileno(),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/" if account else None,
                start_new_session=True,
                user=account.user if account else None,
                group=account.group if account else None,
                extra_groups=[] if account else None,
            )
            child = Child(name, process, log, ending, self)
            self._started.append(child)
        return child

    def run(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: Account | None = None,
    ) -> None:
        """Run a command that ends by itself, guarded like any child.

        Raises ChildDiedError with its last words when it fails.
        """
        child = self.start(name, command, log=log, environment=environment, account=account)
        failed = child.wait() != 0
        child.kill()  # what it may have left behind; and it need not be guarded any more
        if failed:
            raise child.death()

    def running(self) -> list[Child]:
        """The children that were started and not stopped by us, alive or not."""
        with self._changing:
            return list(self._started)

    def check(self) -> None:
        """Raise ChildDiedError if a child has ended that nobody asked to end, or the guardian has."""
        if self._guardian.poll() is not None:
            raise ChildDiedError(
                f"The guardian (process {self._guardian.pid}), which ends the children if the runner is killed, "
                "has itself been ended. Start again."
            )
        for child in self.running():
            if not child.running():
                raise child.death()

    def remove_at_end(self, file: Path) -> None:
        """Have a file removed if this process is killed."""
        self._tell(f"file {file}")

    def forget(self, child: Child) -> None:
        """Take note that a child has been ended."""
        with self._changing:
            if child in self._started:
                self._started.remove(child)
                self._tell(f"end {child.pid}")

    def stop_all(self) -> None:
        """Stop every child that still runs, side by side; no other can be started after this."""
        with self._changing:
            self._closed = True
        side_by_side([child.stop for child in self.running()])

    def close(self) -> None:
        """Stop every child that still runs and let the guardian go."""
        try:
            self.stop_all()
        finally:
            # The guardian ends what is left, if stopping was interrupted, before it ends itself.
            self._pipe.close()
        self._guardian.wait()

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):
            self._pipe.write(f"{line}\n".encode())


def _set_aside_if_large(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LOG_KEPT:
            log.replace(log.with_name(f"{log.name}.1"))
