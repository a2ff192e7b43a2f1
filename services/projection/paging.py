"""Page tokens: where the next page of an answer goes on, opaque to the caller."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from mitodoke.chassis.errors import Reason, Violation, refused_fields
from mitodoke.readmodel.rows import SEVERITY

T = TypeVar("T")

AfterFlag = tuple[int, datetime, UUID]
"""The severity rank, raised_at and id of a flag."""
AfterOwed = tuple[datetime, str, str, str, str]
"""The due_at, serial, cycle, obligation and subject of what is owed."""


def page_token(*parts: object) -> str:
    """The token of what comes after these values of the last row."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def after_flag(token: str) -> AfterFlag | None:
    """The last flag of the page before, as a token holds it; None for the first page. Raises Refusal."""
    return _after(token, _flag)


def after_owed(token: str) -> AfterOwed | None:
    """What is owed last on the page before, as a token holds it; None for the first page. Raises Refusal."""
    return _after(token, _owed)


def _after(token: str, read: Callable[[Any], T]) -> T | None:
    if not token:
        return None
    try:
        return read(json.loads(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, OverflowError, binascii.Error, RecursionError):
        raise refused_fields(
            Reason.INVALID_FIELD,
            [Violation("page_token", "is not one that an earlier answer gave; start from the first page")],
        ) from None


def _flag(parts: Any) -> AfterFlag:
    match parts:
        case [int() as rank, str() as raised_at, str() as flag_id] if rank in SEVERITY:
            return rank, _time(raised_at), UUID(flag_id)
    raise ValueError("not where a page of flags ends")


def _owed(parts: Any) -> AfterOwed:
    match parts:
        case [str() as due_at, str() as serial, str() as cycle, str() as obligation, str() as subject]:
            return _time(due_at), _text(serial), _text(cycle), _text(obligation), _text(subject)
    raise ValueError("not where a page of obligations ends")


def _time(text: str) -> datetime:
    """Raises ValueError, or OverflowError for a time before the year 1 or after 9999 in UTC."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at.astimezone(UTC)


def _text(text: str) -> str:
    """What PostgreSQL can compare with: JSON can also tell half a character, and U+0000. Raises ValueError."""
    text.encode()
    if "\x00" in text:
        raise ValueError("U+0000")
    return text
