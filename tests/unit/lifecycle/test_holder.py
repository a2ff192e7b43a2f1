"""Who holds the drive, by the facts?"""

import pytest

from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.holder import holder
from worlds import (
    CARRIER,
    DESTROYER,
    LESSOR,
    OWNER,
    at,
    delivered,
    destroyed,
    dispatched,
    enrolled,
    lost,
    recovered,
    released,
    removed,
    returned,
    sighted,
    transferred,
)

HELD: list[tuple[str, tuple[Fact, ...], str, str | None]] = [
    ("nobody says", (enrolled("01-10"),), "", None),
    ("released to the lessor", (released("04-20", to_party=LESSOR),), LESSOR, "04-20"),
    (
        "released to nobody that is named",
        (delivered("04-19", by=OWNER), released("04-20")),
        OWNER,
        "04-19",
    ),
    ("scanned at a dock", (released("04-20", to_party=CARRIER), returned("04-22")), LESSOR, "04-22"),
    ("on its way", (returned("04-22"), dispatched("04-26")), CARRIER, "04-26"),
    ("on its way with who sent it", (returned("04-22"), dispatched("04-26", carrier="")), LESSOR, "04-26"),
    ("delivered", (dispatched("04-26"), delivered("04-27")), DESTROYER, "04-27"),
    ("handed over", (returned("04-22"), transferred("04-30")), DESTROYER, "04-30"),
    ("destroyed", (returned("04-22"), destroyed("05-01")), DESTROYER, "05-01"),
    ("lost", (returned("04-22"), lost("04-23")), "", "04-23"),
    ("recovered", (lost("04-23"), recovered("04-25")), OWNER, "04-25"),
    (
        "seen, and taken out of its enclosure",
        (returned("04-22"), sighted("05-01"), removed("05-02")),
        LESSOR,
        "04-22",
    ),
]


@pytest.mark.parametrize(("title", "facts", "party", "since"), HELD, ids=[row[0] for row in HELD])
def test_the_last_fact_that_moves_a_drive_says_who_holds_it(
    title: str, facts: tuple[Fact, ...], party: str, since: str | None
) -> None:
    assert holder(facts) == (party, at(since) if since else None)
