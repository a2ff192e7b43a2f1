"""The messages of a partition, parted by drive: none is lost, each lot is in order, and a drive is in one lot alone."""

from pathlib import Path

import pytest
from aiokafka import ConsumerRecord, TopicPartition

from mitodoke.services.projection import drive_by_drive
from mitodoke.services.projection.drive_by_drive import Lots, NoRoomError

PARTITION = TopicPartition("custody.drives.v1", 3)


def _message(offset: int, key: bytes | None, value: bytes | None = b"said") -> ConsumerRecord:
    headers = (("ce_id", b"\x00\xff"),)
    size = len(key or b""), len(value or b"")
    return ConsumerRecord(*PARTITION, offset, 1_700_000_000_000 + offset, 0, key, value, None, *size, headers)


@pytest.mark.parametrize("held_back", [1, 3, 1000])
def test_every_message_comes_back_as_it_was_with_those_of_its_lot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_back: int
) -> None:
    monkeypatch.setattr(drive_by_drive, "_MESSAGES_HELD_BACK", held_back)
    keys = [b"A", b"B", b"C", b"A", None, b"D", b"B", b"E", b"A", None, b"E"]
    told = [_message(offset, key, None if offset == 6 else b"%d" % offset) for offset, key in enumerate(keys)]
    lots = Lots(tmp_path, 2)
    for record in told:
        lots.add(record)
    read = [list(lot(PARTITION)) for lot in lots]
    assert read == [
        [record for record in told if record.key in (b"A", b"B")],
        [record for record in told if record.key in (b"C", None)],
        [record for record in told if record.key in (b"D", b"E")],
    ]
    assert list(tmp_path.iterdir()) == [], "what was read leaves no room taken"


def test_a_full_disk_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "0").symlink_to("/dev/full")
    lots = Lots(tmp_path, 5)
    lots.add(_message(0, b"A"))
    with pytest.raises(NoRoomError, match=r"No space left on device.* TMPDIR"):
        list(lots)


def test_of_no_message_there_is_no_lot(tmp_path: Path) -> None:
    assert list(Lots(tmp_path, 5)) == []
