"""The drives that a worker has at hand, as it last wrote them: who is told of again is not read from the tables."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mitodoke.lifecycle.alike import Like
from mitodoke.readmodel.drive_state import DriveState


class _Held(NamedTuple):
    partition: int
    state: DriveState
    workings: int
    """What tells the workings of its verdict from all others."""


class AtHand:
    """At most so many `drives`, about 8 kB each, those written last; their verdicts as far as `workings` go.

    What weighs of a verdict is how it was worked out, about 10 kB, and drives to which the same has happened have
    that in common: so many different ones are kept, of whichever drives. A drive beyond that keeps its state.
    """

    def __init__(self, drives: int, workings: int) -> None:
        self._at_most = drives
        self._workings_at_most = workings
        self._drives: OrderedDict[str, _Held] = OrderedDict()
        self._with_verdict: OrderedDict[str, None] = OrderedDict()
        self._drives_by: Counter[int] = Counter()

    def of(self, serials: Iterable[str]) -> dict[str, DriveState]:
        """Those of the drives that are at hand."""
        drives = self._drives
        return {serial: drives[serial].state for serial in serials if serial in drives}

    def lacks(self, serial: str) -> bool:
        """Whether the drive has to be read from the tables."""
        return serial not in self._drives

    def keep(self, partition: int, states: Mapping[str, DriveState]) -> None:
        """Keep what was written of drives of that partition, instead of what was kept of them."""
        for serial, state in states.items():
            self._drop_verdict(serial)
            workings = state.verdict.workings if state.verdict is not None else None
            by = id(workings.example if isinstance(workings, Like) else workings)
            self._drives[serial] = _Held(partition, state, by)
            self._drives.move_to_end(serial)
            if workings is not None:
                self._with_verdict[serial] = None
                self._drives_by[by] += 1
        while len(self._drives_by) > self._workings_at_most:
            serial = next(iter(self._with_verdict))
            self._drop_verdict(serial)
            held = self._drives[serial]
            self._drives[serial] = held._replace(state=held.state._replace(verdict=None))
        while len(self._drives) > self._at_most:
            self._drop(next(iter(self._drives)))

    def drop(self, serials: Iterable[str]) -> None:
        """Keep nothing of these drives."""
        for serial in serials:
            if serial in self._drives:
                self._drop(serial)

    def forget(self, partition: int) -> None:
        """Keep no drive of that partition."""
        self.drop([serial for serial, held in self._drives.items() if held.partition == partition])

    def clear(self) -> None:
        """Keep no drive at all."""
        self._drives.clear()
        self._with_verdict.clear()
        self._drives_by.clear()

    def _drop(self, serial: str) -> None:
        self._drop_verdict(serial)
        del self._drives[serial]

    def _drop_verdict(self, serial: str) -> None:
        if serial not in self._with_verdict:
            return
        del self._with_verdict[serial]
        by = self._drives[serial].workings
        self._drives_by[by] -= 1
        if not self._drives_by[by]:
            del self._drives_by[by]
