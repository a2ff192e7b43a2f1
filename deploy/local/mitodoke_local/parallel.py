"""Several blocking actions side by side, and asynchronous ones from synchronous code."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeVar

Result = TypeVar("Result")


def side_by_side(actions: Sequence[Callable[[], Result]], *, at_once: int | None = None) -> list[Result]:
    """Run all actions in threads and return their results in order; raise the first error as soon as it is there.

    The threads are daemons and are not waited for after an error or Ctrl-C: the children that they wait for are
    being ended by then, and nothing may keep the runner from ending with them.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[int, Result | None, BaseException | None]] = queue.SimpleQueue()
    given_up = threading.Event()
    for position in range(len(actions)):
        waiting.put(position)

    def work() -> None:
        while not given_up.is_set():
            try:
                position = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                finished.put((position, actions[position](), None))
            except BaseException as error:  # handed to the caller, who raises it
                finished.put((position, None, error))

    for _ in range(min(at_once or len(actions), len(actions))):
        threading.Thread(target=work, daemon=True).start()
    results: dict[int, Result] = {}
    try:
        while len(results) < len(actions):
            position, result, error = finished.get()
            if error is not None:
                raise error
            results[position] = result  # type: ignore[assignment]  # Result may itself be None
    finally:
        given_up.set()
    return [results[position] for position in range(len(actions))]


def blocking(coroutine: Coroutine[object, object, Result]) -> Result:
    """Run a coroutine to its end, also where an event loop already runs in this thread (as in an async test)."""
    return side_by_side([lambda: asyncio.run(coroutine)])[0]
