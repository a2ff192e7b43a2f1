"""Page tokens: where the next page of an answer goes on, opaque to the caller."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, TypeVar

from mitodoke.chassis.errors import Reason, Violation, refused_fields

T = TypeVar("T")


def page_token(*parts: object) -> str:
    """The token of what comes after these values of the last row."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def page_after(token: str, read: Callable[[Any], T]) -> T | None:
    """The values that a token holds, as `read` takes them; None for the first page. Raises Refusal."""
    if not token:
        return None
    try:
        return read(json.loads(base64.urlsafe_b64decode(token.encode())))
    except (ValueError, TypeError, LookupError, binascii.Error, RecursionError):
        raise refused_fields(
            Reason.INVALID_FIELD,
            [Violation("page_token", "is not one that an earlier answer gave; start from the first page")],
        ) from None
