"""The options that several commands share, each described once."""

from pathlib import Path
from typing import Annotated

import typer

AS_OF = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Show it as it would have stood then: 2019-06-23 is the end of that day; or 2019-06-23T09:00+09:00.",
    ),
]
TIMEZONE = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="ZONE",
        help="The time zone of DATE and of the times shown. The contract's, or Asia/Tokyo where several are shown.",
    ),
]
CONTRACT = Annotated[str, typer.Option("--contract", metavar="ID", help="Only what is about this contract.")]
LIMIT = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="Show at most so many.")]
JSON = Annotated[bool, typer.Option("--json", help="JSON on standard output, for scripts.")]
AS_PARTY = Annotated[
    str | None,
    typer.Option("--as", metavar="PARTY", help="Ask as this party, which sees its own contracts."),
]
CONNECTION = Annotated[
    Path,
    typer.Option(
        "--connection",
        metavar="FILE",
        envvar="MITODOKE_CONNECTION",
        help="Where the running system is described.",
    ),
]
RUNNING_FILE = Path(".mitodoke/running.json")
