"""Serial numbers: one canonical form, so that one drive is one drive whoever writes its number.

The rules are those of the design's semantics, section 2.
"""

import re
import unicodedata

MAX_LENGTH = 64
"""A canonical serial is at most this long (ATA IDENTIFY gives 20, NVMe 20, USB up to 126 in theory)."""

_LABEL = re.compile(
    r"^(?:S/N|SN|SER\.?NO\.?|SERIALNO\.?|SERIALNUMBER|SERIAL)[:.#=]+|^(?:S/N|SERNO\.?|SERIALNO\.?)"
)
_ALLOWED = re.compile(r"^[A-Z0-9][A-Z0-9._/+-]*$")
# Letters and digits alone, no label before them, not one sign over and over: most numbers are canonical as they come.
_AS_IT_IS = re.compile(rf"(?!SER)(?!(.)\1*$)[A-Z0-9]{{2,{MAX_LENGTH}}}")
_SEPARATORS = re.compile(r"[-._/+]")
_PLACEHOLDERS = frozenset(
    {
        "REDACTED", "NA", "NONE", "NULL", "NIL", "UNKNOWN", "UNDEFINED", "UNSPECIFIED", "UNREADABLE",
        "NOTAVAILABLE", "NOTAPPLICABLE", "NOSERIAL", "NOSERIALNUMBER", "NOTSPECIFIED", "DEFAULTSTRING", "SERIAL",
        "SERIALNUMBER", "TOBEFILLEDBYOEM", "TBD", "TBA", "TEST", "DUMMY", "BLANK", "EMPTY",
        "MISSING", "INVALID", "0123456789", "123456789", "1234567890", "12345678", "0123456789ABCDEF",
    }
)  # fmt: skip

# Of ASCII, what is a blank or a control character; NFKC changes nothing else there.
_ASCII_BLANKS = dict.fromkeys([*range(33), 127])


class SerialError(ValueError):
    """A number that cannot name a drive; the message is a sentence for the person who sent it."""


def canonical(serial: str) -> str:
    """The one form under which a drive is known.

    Unicode NFKC (full-width to half-width), upper case, no blanks inside or out, without a leading
    label (`S/N:`, `SER NO`) or a leading `WD-`. Idempotent: the canonical form of a canonical serial
    is itself.

    Raises:
        SerialError: it is a placeholder (nothing, REDACTED, one repeated character, …), has
            characters that no label carries, or is too long.
    """
    if _AS_IT_IS.fullmatch(serial) and serial not in _PLACEHOLDERS:
        return serial
    plain = serial.upper().translate(_ASCII_BLANKS) if serial.isascii() else _folded(serial)
    while True:
        shorter = _LABEL.sub("", plain, count=1).removeprefix("WD-")
        if shorter == plain:
            break
        plain = shorter
    bare = _SEPARATORS.sub("", plain)
    if bare in _PLACEHOLDERS or len(set(bare)) <= 1:
        raise SerialError(
            f"{serial!r} is a placeholder, not the serial number of a drive; scan the label or read it with the tool"
        )
    if len(plain) > MAX_LENGTH:
        raise SerialError(
            f"the serial number is {len(plain)} characters long; at most {MAX_LENGTH} can be told apart"
        )
    if not _ALLOWED.match(plain):
        odd = next((c for c in plain if not _ALLOWED.match("A" + c)), plain[0])
        raise SerialError(
            f"{serial!r} has the character {odd!r}, which no serial number carries; "
            "letters, digits and . _ / + - are read"
        )
    return plain


def _folded(serial: str) -> str:
    plain = unicodedata.normalize("NFKC", serial).upper()
    # Upper-casing can yield what NFKC would fold again.
    plain = unicodedata.normalize("NFKC", plain)
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


_SUSPECT = (
    # USB-SATA bridges answer with a number of their own, the same for every drive behind them.
    (re.compile(r"^(?:DD5641988\w+|0{4,}\w{1,6}|123456789ABC\w*|ABCDEF\d*|MSFT\d+)$"), "a USB bridge"),
    (
        re.compile(r"^(?:VB[0-9A-F]{8}-[0-9A-F]{8}|QM0{3,}\d+|VMWARE.*|DRIVE-SCSI\d+|60022480\w+)$"),
        "a virtual disk",
    ),
)


def suspicion(serial: str) -> str | None:
    """What a canonical serial looks like when it is not a drive's own, such as 'a USB bridge'; else None.

    QEMU numbers its disks QM00001, VirtualBox VB…-…, VMware says so; cheap bridges answer one fixed number.
    """
    return next((of for pattern, of in _SUSPECT if pattern.match(serial)), None)
