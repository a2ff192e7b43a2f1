"""One canonical form of a serial, whoever writes it, and none for what is no serial."""

import pytest

from mitodoke.lifecycle.serials import MAX_LENGTH, SerialError, canonical, suspicion


@pytest.mark.parametrize(
    ("written", "known_as"),
    [
        ("WMC4N0012345", "WMC4N0012345"),
        ("wmc4n0012345", "WMC4N0012345"),
        ("  WMC4 N001 2345\t", "WMC4N0012345"),
        ("ＷＭＣ４Ｎ００１２３４５", "WMC4N0012345"),
        ("s/n: wmc4n0012345", "WMC4N0012345"),
        ("S/N WMC4N0012345", "WMC4N0012345"),
        ("S / N : WMC4N0012345", "WMC4N0012345"),
        ("Ｓ／Ｎ：ＷＭＣ４Ｎ００１２３４５", "WMC4N0012345"),
        ("SN: WMC4N0012345", "WMC4N0012345"),
        ("SER NO WMC4N0012345", "WMC4N0012345"),
        ("Ser. No. WMC4N0012345", "WMC4N0012345"),
        ("Ser. No.: WMC4N0012345", "WMC4N0012345"),
        ("Serial No: WMC4N0012345", "WMC4N0012345"),
        ("Serial Number: WMC4N0012345", "WMC4N0012345"),
        ("SERIAL: WMC4N0012345", "WMC4N0012345"),
        ("S/N: S/N: WMC4N0012345", "WMC4N0012345"),
        ("S/N:: WMC4N0012345", "WMC4N0012345"),
        ("WD-WMC4N0012345", "WMC4N0012345"),
        ("s/n: wd-wmc4n0012345", "WMC4N0012345"),
        ("WMC4\u200bN0012345", "WMC4N0012345"),
        ("ＷＭＣ４\x00Ｎ００１２３４５\x7f", "WMC4N0012345"),
        ("\ufeffWMC4N0012345\r\n", "WMC4N0012345"),
        ("5VP-3A.2_X/9+1", "5VP-3A.2_X/9+1"),
        ("SN12345", "SN12345"),
        ("SERVO77", "SERVO77"),
        ("WDC-1", "WDC-1"),
        ("ab", "AB"),
    ],
)
def test_a_serial_has_one_canonical_form(written: str, known_as: str) -> None:
    assert canonical(written) == known_as


@pytest.mark.parametrize(
    "placeholder",
    [
        "", " ", "\t\n", "REDACTED", "redacted", "ＲＥＤＡＣＴＥＤ", "N/A", "n / a", "N.A.", "NA", "none", "null",
        "unknown", "Not Available", "NOT_AVAILABLE", "not-applicable", "No Serial", "no serial number",
        "To Be Filled By O.E.M.",
        "default string", "0", "0000000", "XXXXXXXX", "----", "0-0-0", "00 00 00", "FF.FF.FF", "S/N:", "S/N: N/A",
        "S/N", "SN:", "WD-", "WD-0000", "s/n: unknown", "Serial Number", "1234567890", "0123456789ABCDEF", "TBD",
    ],
)  # fmt: skip
def test_a_placeholder_names_no_drive(placeholder: str) -> None:
    with pytest.raises(SerialError, match="placeholder"):
        canonical(placeholder)


def test_a_serial_may_have_as_many_characters_as_can_be_told_apart_and_no_more() -> None:
    longest = ("AB1" * MAX_LENGTH)[:MAX_LENGTH]
    assert canonical(longest) == longest
    assert canonical(f"S/N: {longest}") == longest
    with pytest.raises(SerialError, match="at most 64"):
        canonical(longest + "C")


@pytest.mark.parametrize(
    ("written", "odd"),
    [
        ("ABC$12", "$"), ("ABC,12", ","), ("製造番号12", "製"), ("ABÇ12", "Ç"), ("-ABC12", "-"), (".-ABC12", "."),
        ("AB\x0012‰", "‰"), ("ABC?", "?"), ("☃12", "☃"),
    ],
)  # fmt: skip
def test_a_character_that_no_label_carries_is_refused_by_name(written: str, odd: str) -> None:
    with pytest.raises(SerialError) as raised:
        canonical(written)
    assert str(raised.value) == (
        f"{written!r} has the character {odd!r}, which no serial number carries; "
        "letters, digits and . _ / + - are read"
    )


@pytest.mark.parametrize(
    ("serial", "of"),
    [
        ("DD564198838E1", "a USB bridge"),
        ("00000000012A", "a USB bridge"),
        ("123456789ABCDEF", "a USB bridge"),
        ("MSFT30", "a USB bridge"),
        ("QM00001", "a virtual disk"),
        ("VB12345678-9ABCDEF0", "a virtual disk"),
        ("VMWAREVIRTUALIDE", "a virtual disk"),
        ("DRIVE-SCSI0", "a virtual disk"),
        ("WMC4N0012345", None),
        ("VB123", None),
        ("QMX0001", None),
    ],
)
def test_the_number_of_a_bridge_or_a_virtual_disk_is_suspect(serial: str, of: str | None) -> None:
    assert suspicion(serial) == of
