"""Lets a process of its own do something, and takes what it prints; it never outlives the one who asked."""

import asyncio
import os
import sys
from collections.abc import Sequence


class Failed(Exception):
    """A process that ended badly or in vain; says its last words."""


async def printed(command: Sequence[str], *, told: bytes = b"", limit: float = 900.0) -> str:
    """What a command prints when it is told something on standard input. Raises Failed, also after `limit` seconds."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # What this process can import, that one can too.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        async with asyncio.timeout(limit):
            said, error = await process.communicate(told)
    except TimeoutError:
        raise Failed(f"{command[:4]} was not done within {limit:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not said:
        words = (error + said).decode(errors="replace")
        raise Failed(f"{command[:4]} ended with {process.returncode}:\n{words[-4000:]}")
    return said.decode()


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with the Python of this process."""
    return [sys.executable, "-m", name, *arguments]
