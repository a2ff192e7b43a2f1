"""Any bytes as text: PostgreSQL keeps it, a terminal shows it, no two are the same, and the bytes come back."""

import unicodedata

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from mitodoke.eventlog.kept_text import LONGEST_KEY, drive_named, kept, raw_of

BYTES = st.one_of(
    st.binary(), st.text().map(str.encode), st.text("a1�\x00\x1b\n", max_size=8).map(str.encode)
)


def _message(key: bytes | None, partition: int = 3, offset: int = 42) -> ConsumerRecord:
    return ConsumerRecord("drives", partition, offset, 0, 1, key, b"", None, 0, 0, ())


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ZK80001", "ZK80001"),
        ("営業 1".encode(), "営業 1"),
        ("営業".encode("shift-jis"), "�89c�8b�c6"),
        (b"\x00\x00\x01\xa4", "�00�00�01�a4"),
        (b"\x1b[2J", "�1b[2J"),
        ("�83".encode(), "�ef�bf�bd83"),
        (b"", ""),
        (None, "�null"),
    ],
)
def test_what_is_no_text_is_spelled_out_byte_by_byte(raw: bytes | None, text: str) -> None:
    assert (kept(raw), raw_of(text)) == (text, raw)


@given(BYTES)
def test_the_bytes_come_back(raw: bytes) -> None:
    assert raw_of(kept(raw)) == raw


@given(BYTES)
def test_it_holds_nothing_that_postgresql_refuses_or_a_terminal_obeys(raw: bytes) -> None:
    assert not {unicodedata.category(sign) for sign in kept(raw)} & {"Cc", "Cs"}


def test_what_an_earlier_version_kept_of_bytes_that_were_no_text_is_no_text_either() -> None:
    raw = raw_of("�e�X")
    assert raw is not None
    with pytest.raises(UnicodeDecodeError):
        raw.decode()


@given(st.one_of(BYTES, st.binary(min_size=LONGEST_KEY, max_size=4 * LONGEST_KEY)))
def test_a_drive_has_a_name_that_an_index_takes_and_that_names_it_when_read_again(key: bytes) -> None:
    name = drive_named(_message(key))
    assert len(name.encode()) <= 5 * LONGEST_KEY
    assert drive_named(_message(raw_of(name))) == name


@given(st.lists(st.binary(max_size=2 * LONGEST_KEY), min_size=2, max_size=2, unique=True))
def test_different_keys_name_different_drives(keys: list[bytes]) -> None:
    assert drive_named(_message(keys[0])) != drive_named(_message(keys[1]))


def test_messages_without_a_key_have_nothing_to_do_with_each_other() -> None:
    names = {drive_named(_message(None, *place)) for place in ((0, 1), (0, 2), (1, 1))}
    assert len(names) == 3
    name = drive_named(_message(None))
    assert drive_named(_message(raw_of(name))) == name
