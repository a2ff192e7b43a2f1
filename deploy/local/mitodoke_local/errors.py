"""What the runner says when it cannot go on: what happened, and what to do next."""


class RunnerError(Exception):
    """Something that keeps the system from starting or running, told to a person in full."""


class JarsError(RunnerError):
    """A jar that is missing, or is not the one that the lock file names."""


class FolderInUseError(RunnerError):
    """Another runner holds the data folder."""


class ChildDiedError(RunnerError):
    """A process of ours ended though nobody asked it to."""


class NotReadyError(RunnerError):
    """A process did not become ready within its limit."""
