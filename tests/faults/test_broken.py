"""The builds that are broken on purpose can be made of the source as it is."""

import pytest

from faults.broken import BUILDS, built


@pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
def test_what_a_build_takes_out_is_there_to_be_taken_out(build) -> None:  # type: ignore[no-untyped-def]
    with built(build) as environment:
        assert environment
