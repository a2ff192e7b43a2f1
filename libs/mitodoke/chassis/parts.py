"""What a service is made of beside its calls: things that run for as long as it does."""

from typing import Protocol


class Part(Protocol):
    """Something that a process keeps running, such as a follower of a log or a web server."""

    @property
    def name(self) -> str:
        """For the log, such as 'recorder'."""
        ...

    @property
    def ready(self) -> bool:
        """Whether the service may be called as far as this part goes. It may turn true late, and false again."""
        ...

    async def start(self) -> None:
        """Do what must be done first. It waits for no backend; what it raises ends the process."""
        ...

    async def run(self) -> None:
        """Do its work until cancelled. To return or to raise ends the process with exit code 1."""
        ...

    async def stop(self) -> None:
        """Finish: called once after `run` has been cancelled and no call is being answered any more."""
        ...
