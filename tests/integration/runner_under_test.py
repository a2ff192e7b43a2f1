"""`mitodoke_local` with stand-ins for the services: what the tests start, and kill."""

import sys
from collections.abc import Sequence
from pathlib import Path

from mitodoke_local import __main__, system


def stand_in(service: str) -> Sequence[str]:
    return sys.executable, str(Path(__file__).with_name("stand_in_service.py")), service


if __name__ == "__main__":
    system.serve_command = stand_in
    __main__.main()
