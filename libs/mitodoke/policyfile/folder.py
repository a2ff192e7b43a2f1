"""The policies of a folder, as parents of one another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mitodoke.policyfile.document import LARGEST
from mitodoke.policyfile.inheritance import Parents

_HEAD = re.compile(rb"^(?P<key>policy|version):[ \t]+[\"']?(?P<value>[^\s\"'#]+)", re.MULTILINE)


def parents_in(folders: Iterable[Path]) -> Parents:
    """Knows each policy that a `*.yaml` or `*.yml` file directly in one of these folders says it is.

    The files are looked at when a parent is first asked for, and by name: of two files with the same policy
    and version the first counts. What cannot be read, or is larger than a policy may be, is passed over.
    """
    found: dict[tuple[bytes, bytes], bytes] = {}
    waiting = [*folders]

    def parent(policy_id: str, version: int) -> bytes | None:
        while waiting:
            for document in _documents(waiting.pop(0)):
                head = {match["key"]: match["value"] for match in _HEAD.finditer(document)}
                if len(head) == 2:
                    found.setdefault((head[b"policy"], head[b"version"]), document)
        return found.get((policy_id.encode(), str(version).encode()))

    return parent


def _documents(folder: Path) -> Iterable[bytes]:
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            if file.stat().st_size <= LARGEST:
                yield file.read_bytes()
        except OSError:
            continue
