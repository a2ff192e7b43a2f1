"""What a worker has at hand: never more than it may have, and never anything but what was written last."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mitodoke.lifecycle.alike import Example, Like
from mitodoke.lifecycle.record import Record
from mitodoke.lifecycle.verdict import Verdict
from mitodoke.readmodel.drive_state import DriveState
from mitodoke.services.projection.at_hand import AtHand

AS_OF = datetime(2019, 11, 27, tzinfo=UTC)
EXAMPLES = [Example(Record(f"EXAMPLE{n}"), Verdict(AS_OF, (), (), None)) for n in range(4)]
DRIVES, WORKINGS = 6, 2

Step = tuple[str, int, int]
"""What is done, with which drive, and by which example it was judged or of which partition it is."""

steps = st.lists(st.tuples(st.sampled_from(["keep", "drop", "forget"]), st.integers(0, 9), st.integers(0, 3)))


def judged_by(serial: str, example: int) -> DriveState:
    verdict = Verdict(AS_OF, (), (), None, Like(EXAMPLES[example], ()))
    return DriveState(Record(serial), judged_at=AS_OF, verdict=verdict)


def example_of(state: DriveState) -> Example | None:
    if state.verdict is None:
        return None
    assert isinstance(state.verdict.workings, Like)
    return state.verdict.workings.example


@given(steps)
def test_it_keeps_what_was_written_last_within_its_bounds(taken: list[Step]) -> None:
    at_hand = AtHand(DRIVES, WORKINGS)
    written: dict[str, tuple[int, DriveState]] = {}
    for step, drive, number in taken:
        serial = f"S{drive}"
        match step:
            case "keep":
                state = judged_by(serial, number)
                at_hand.keep(drive % 3, {serial: state})
                written.pop(serial, None)
                written[serial] = drive % 3, state
                assert at_hand.of([serial]) == {serial: state}
                assert example_of(at_hand.of([serial])[serial]) is EXAMPLES[number]
            case "drop":
                at_hand.drop([serial])
                written.pop(serial, None)
            case _:
                at_hand.forget(number)
                written = {s: (of, state) for s, (of, state) in written.items() if of != number}
        held = at_hand.of(f"S{n}" for n in range(10))
        assert sorted(held) == sorted(list(written)[-DRIVES:])
        for name, state in held.items():
            assert state._replace(verdict=None) == written[name][1]._replace(verdict=None)
        examples = {id(example_of(state)) for state in held.values()} - {id(None)}
        assert len(examples) <= WORKINGS
        for name, state in held.items():
            assert example_of(state) in (None, example_of(written[name][1]))


def test_drives_to_which_the_same_has_happened_keep_their_verdicts_together() -> None:
    at_hand = AtHand(100, 1)
    at_hand.keep(0, {f"S{n}": judged_by(f"S{n}", 0) for n in range(50)})
    assert all(example_of(state) is EXAMPLES[0] for state in at_hand.of(f"S{n}" for n in range(50)).values())
    at_hand.keep(0, {"OTHER": judged_by("OTHER", 1)})
    assert {example_of(state) for state in at_hand.of(f"S{n}" for n in range(50)).values()} == {None}
    assert example_of(at_hand.of(["OTHER"])["OTHER"]) is EXAMPLES[1]


def test_nothing_is_left_when_it_is_cleared() -> None:
    at_hand = AtHand(10, 1)
    at_hand.keep(0, {"S1": judged_by("S1", 0)})
    at_hand.clear()
    assert at_hand.of(["S1"]) == {}
    at_hand.keep(0, {"S2": judged_by("S2", 1)})
    assert example_of(at_hand.of(["S2"])["S2"]) is EXAMPLES[1]
