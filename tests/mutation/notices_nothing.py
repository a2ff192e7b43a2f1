"""Calls what it seems to test and looks at no answer: the mutation run must find every change to it unnoticed."""

from mitodoke.lifecycle.look_alikes import look_alikes


def test_that_asserts_nothing() -> None:
    look_alikes("WMC4N0012345")
