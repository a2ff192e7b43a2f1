"""One drive is one drive, however its number is written."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitodoke.lifecycle.serials import MAX_LENGTH, SerialError, canonical

SERIALS = st.from_regex(r"[A-Z0-9][A-Z0-9._/+-]{1,40}", fullmatch=True)

LABELS = ["", "s/n: ", "S/N:", "S/N ", "SN: ", "Ser No: ", "SER NO ", "Serial Number: ", "WD-", "s/n: wd-"]


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "\u3000" if c == " " else c for c in text)


def _canonical(text: str) -> str | None:
    try:
        return canonical(text)
    except SerialError:
        return None


@given(st.text(max_size=80))
def test_the_canonical_form_of_a_canonical_serial_is_itself(text: str) -> None:
    known_as = _canonical(text)
    if known_as is not None:
        assert canonical(known_as) == known_as
        assert known_as.isascii()
        assert len(known_as) <= MAX_LENGTH


@given(
    SERIALS,
    st.sampled_from(LABELS),
    st.booleans(),
    st.booleans(),
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([" ", "\t", "\u3000", "\u200b", "\u00a0", "\ufeff"]))
    ),
)
def test_no_decoration_makes_another_drive_of_it(
    serial: str, label: str, lower: bool, wide: bool, blanks: list[tuple[int, str]]
) -> None:
    plain = _canonical(serial)
    written = label + serial
    if lower:
        written = written.lower()
    if wide:
        written = _full_width(written)
    for position, blank in blanks:
        written = written[:position] + blank + written[position:]
    assert _canonical(written) == plain


@given(st.text(alphabet="0XF-._/+ ０ｘ", max_size=30), st.sampled_from(LABELS))
def test_one_repeated_character_is_never_a_serial(text: str, label: str) -> None:
    plain = {c for c in unicodedata.normalize("NFKC", text).upper() if c.isalnum()}
    if len(plain) <= 1:
        with pytest.raises(SerialError):
            canonical(label + text)


@given(
    st.sampled_from(
        ["redacted", "n/a", "unknown", "none", "not available", "no serial", "to be filled by o.e.m."]
    ),
    st.sampled_from(LABELS),
    st.sampled_from(["", " ", "-", ".", "_"]),
    st.booleans(),
)
@settings(max_examples=300)
def test_a_placeholder_is_refused_however_it_is_written(
    word: str, label: str, between: str, wide: bool
) -> None:
    written = label + word.replace(" ", between)
    with pytest.raises(SerialError):
        canonical(_full_width(written) if wide else written)


@given(st.one_of(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))))
def test_any_text_at_all_gives_a_serial_or_a_sentence(text: str) -> None:
    try:
        canonical(text)
    except SerialError as error:
        assert len(str(error)) > 20


@given(
    st.one_of(
        st.from_regex(r"(SER|SERNO|SERIALNO|SN|S|)[A-Z0-9]{0,12}", fullmatch=True),
        st.sampled_from(["UNKNOWN", "REDACTED", "0123456789ABCDEF", "1234567890"]),
        st.text(alphabet="A0", max_size=4),
        st.integers(MAX_LENGTH - 1, MAX_LENGTH + 1).map(lambda n: "A1" * (n // 2) + "B" * (n % 2)),
    )
)
def test_what_is_canonical_as_it_comes_is_what_the_long_way_makes_of_it(text: str) -> None:
    # A blank before it is taken away, but is no letter or digit: so this goes the long way.
    assert _canonical(text) == _canonical(" " + text)
