"""What a wipe achieves on a medium, and how small the pieces of a destroyed one must be.

Source of the levels of sanitisation: NIST SP 800-88 rev. 1, appendix A (tables A-5 to A-9), and IEEE 2883-2022.

Source of the security levels: ISO/IEC 21964-1:2018 and -2:2018 (after DIN 66399-1:2012 and -2:2012), the table of
security levels for each category of medium. A level is the letter of its category and a number, the higher the finer.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from mitodoke.lifecycle.policy import SanitisationLevel

T = TypeVar("T")

FLASH: Final = frozenset({"ssd", "usb_flash"})
"""The media that a policy's `flash` stands for."""

MEDIA: Final = ("hdd", "ssd", "usb_flash", "tape", "optical")
"""The media that a drive can be: all of them, while nobody has told which."""

_CLEAR, _PURGE = SanitisationLevel.CLEAR, SanitisationLevel.PURGE

ACHIEVED_BY_WIPE: Final[Mapping[str, Mapping[str, SanitisationLevel]]] = MappingProxyType(
    {
        # What is written over can be had back in a laboratory, and on flash lies beside it in spare blocks.
        "overwrite": {"hdd": _CLEAR, "ssd": _CLEAR, "usb_flash": _CLEAR, "tape": _CLEAR},
        # The command reaches all sectors of a magnetic disk; on flash it may leave what is no longer mapped.
        "ata_secure_erase": {"hdd": _PURGE, "ssd": _CLEAR, "usb_flash": _CLEAR},
        # Raises the voltage of memory cells: there are none on anything else.
        "block_erase": {"ssd": _PURGE, "usb_flash": _PURGE},
        # Only of a drive that has encrypted everything from the first: then the key is all there is to erase.
        "cryptographic_erase": {"hdd": _PURGE, "ssd": _PURGE, "usb_flash": _PURGE},
        # A magnetic field does nothing to what is not held magnetically.
        "degauss": {"hdd": _PURGE, "tape": _PURGE},
    }
)
"""The level that each method of wiping achieves by medium. What does not stand here achieves nothing.

An optical disc stands nowhere: for it the appendix knows destruction alone.
"""

CATEGORY_OF_MEDIUM: Final[Mapping[str, str]] = MappingProxyType(
    {"hdd": "H", "flash": "E", "ssd": "E", "usb_flash": "E", "tape": "T", "optical": "O"}
)
"""The standard's category of each medium that a policy can name.

H: hard disks with magnetic platters. E: electronic (semiconductor) memory. T: magnetic tape and cards.
O: optical discs.
"""

GREATEST_AREA: Final[Mapping[str, float | None]] = MappingProxyType(
    {
        # Up to H-3, E-2 and T-1 the medium must be beyond use, split or out of shape: no size of piece is asked.
        "H-1": None,
        "H-2": None,
        "H-3": None,
        "H-4": 2000.0,
        "H-5": 320.0,
        "H-6": 10.0,
        "H-7": 5.0,
        "E-1": None,
        "E-2": None,
        "E-3": 160.0,
        "E-4": 30.0,
        "E-5": 10.0,
        "E-6": 1.0,
        "E-7": 0.5,
        "T-1": None,
        "T-2": 2000.0,
        "T-3": 320.0,
        "T-4": 160.0,
        "T-5": 30.0,
        "T-6": 10.0,
        "T-7": 2.5,
        "O-1": 2000.0,
        "O-2": 800.0,
        "O-3": 160.0,
        "O-4": 30.0,
        "O-5": 10.0,
        "O-6": 5.0,
        "O-7": 0.2,
    }
)
"""The greatest area of a particle in mm² by level, and None where a level sets no size.

The standard lets a tenth of the material be somewhat larger; that tolerance is left to the certificate.
"""


def levels_of(medium: str) -> tuple[str, ...]:
    """The levels of a medium's category, the coarsest first. Raises KeyError for a medium that has none."""
    category = CATEGORY_OF_MEDIUM[medium]
    return tuple(level for level in GREATEST_AREA if level.startswith(f"{category}-"))


def asked_for(medium: str, by_medium: Mapping[str, T]) -> list[T]:
    """What a policy's mapping asks for a medium: under its own name, and under `flash` where that means it too."""
    names = (medium, "flash") if medium in FLASH else (medium,)
    return [by_medium[name] for name in names if name in by_medium]


def media_meant(media_type: str) -> tuple[str, ...]:
    """The media that an enrolment's type may mean: one, where it tells which; all, where it does not."""
    if media_type == "flash":
        return tuple(medium for medium in MEDIA if medium in FLASH)
    return (media_type,) if media_type in MEDIA else MEDIA


def meets(level: str, security_level: str, area_mm2: float) -> bool:
    """Whether it is shown that pieces are of that level: by the rated level, else by the measured greatest area.

    A rating of another category of medium shows nothing. A level that sets no size is met by any destruction
    that is not rated below it.
    """
    if security_level:
        return security_level[:1] == level[:1] and security_level >= level
    greatest = GREATEST_AREA[level]
    return greatest is None or 0 < area_mm2 <= greatest
