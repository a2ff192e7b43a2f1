"""Which number may have been meant?"""

import pytest

from mitodoke.lifecycle.look_alikes import did_you_mean, look_alikes

ONE = "WMC4N0012345"

ALIKE = [
    ("a letter O for a zero", "WMC4NO012345", ONE),
    ("a Q for a zero", "WMC4NQ012345", ONE),
    ("an L for a one", "WMC4N00L2345", ONE),
    ("an I for a one", "WMC4N00I2345", ONE),
    ("a Z for a two", "WMC4N001Z345", ONE),
    ("an S for a five", "WMC4N001234S", ONE),
    ("a B for an eight", "ZKB0001W", "ZK80001W"),
    ("a G for a six", "ZKG0001W", "ZK60001W"),
    ("two neighbours the other way round", "WMC4N0013245", ONE),
    ("the first two", "MWC4N0012345", ONE),
    ("the last two", "WMC4N0012354", ONE),
]
NOT_ALIKE = [
    ("the same", ONE, ONE),
    ("two look-alike characters", "WMC4NOO12345", ONE),
    ("a look-alike and a transposition", "WMC4NO013245", ONE),
    ("a character that looks like no other", "WMC4N0017345", ONE),
    ("two that are not neighbours", "WMC4N0014325", ONE),
    ("one character more", "WMC4N00123455", ONE),
    ("one character fewer", "WMC4N001234", ONE),
    ("a one for a zero", "WMC4N0112345", ONE),
]


@pytest.mark.parametrize(("title", "read", "meant"), ALIKE)
def test_a_number_that_is_easily_misread_is_found(title: str, read: str, meant: str) -> None:
    assert did_you_mean(read, ["ZK99999W", meant]) == (meant,)
    assert read in look_alikes(meant)


@pytest.mark.parametrize(("title", "read", "meant"), NOT_ALIKE)
def test_any_other_number_is_not_suggested(title: str, read: str, meant: str) -> None:
    assert did_you_mean(read, [meant]) == ()


def test_several_may_have_been_meant_each_named_once() -> None:
    assert did_you_mean("ZKOB", ["ZKQB", "ZK0B", "ZK08", "ZK0B"]) == ("ZK0B", "ZKQB")


def test_the_look_alikes_of_the_longest_number_are_few() -> None:
    assert len(look_alikes("0D" * 32)) < 64 * 4
