"""How small the pieces of a destroyed medium must be: the levels of each category, and what shows that one is met."""

import pytest

from mitodoke.lifecycle.media_levels import GREATEST_AREA, MEDIA, asked_for, levels_of, media_meant, meets


@pytest.mark.parametrize(
    ("medium", "letter"),
    [("hdd", "H"), ("flash", "E"), ("ssd", "E"), ("usb_flash", "E"), ("tape", "T"), ("optical", "O")],
)
def test_a_medium_has_the_seven_levels_of_its_category_the_coarsest_first(medium: str, letter: str) -> None:
    assert levels_of(medium) == tuple(f"{letter}-{number}" for number in range(1, 8))


def test_a_medium_that_the_standard_does_not_know_has_no_levels() -> None:
    with pytest.raises(KeyError):
        levels_of("paper")


@pytest.mark.parametrize("level", GREATEST_AREA)
def test_pieces_are_of_a_level_up_to_its_greatest_area_and_no_further(level: str) -> None:
    greatest = GREATEST_AREA[level]
    if greatest is None:
        assert meets(level, "", 0)
        assert meets(level, "", 1e9)
    else:
        assert meets(level, "", greatest)
        assert not meets(level, "", greatest + 0.01)
        assert not meets(level, "", 0)
        assert meets(level, "", 0.01)


@pytest.mark.parametrize("level", GREATEST_AREA)
def test_a_rating_shows_its_own_level_and_those_below_it(level: str) -> None:
    letter, number = level[0], int(level[2:])
    for rated in range(1, 8):
        assert meets(level, f"{letter}-{rated}", 0) is (rated >= number)
    assert not any(meets(level, f"{other}-7", 0.01) for other in "HETOP" if other != letter)


@pytest.mark.parametrize(
    ("told", "meant"),
    [("hdd", ("hdd",)), ("flash", ("ssd", "usb_flash")), ("", MEDIA), ("floppy", MEDIA)],
)
def test_what_nobody_told_exactly_may_be_any_of_them(told: str, meant: tuple[str, ...]) -> None:
    assert media_meant(told) == meant


def test_what_is_asked_of_flash_is_asked_of_what_is_flash() -> None:
    asked = {"flash": 1, "ssd": 2, "hdd": 3}
    assert asked_for("ssd", asked) == [2, 1]
    assert asked_for("usb_flash", asked) == [1]
    assert asked_for("hdd", asked) == [3]
    assert asked_for("tape", asked) == []
