"""`mitodoke policy …`: every mistake in a policy with its place, and what it asks in plain sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from mitodoke.cli.exits import Exit, Stop
from mitodoke.lifecycle.policy import Policy
from mitodoke.policyfile import PolicyErrors, compare, describe, parents_in, read_policy, write_policy
from mitodoke.policyfile.schema import schema_text

if TYPE_CHECKING:
    from mitodoke.cli.asking import Door

PUBLISHED: Final = re.compile(
    r"(?P<id>[a-z0-9][a-z0-9._-]{0,63}?)(@(?P<version>[0-9]{1,9}))?(?<!\.yaml)(?<!\.yml)"
)
"""How a published policy is named on the command line: by its id, and its version if it is not the highest."""


def check(files: Sequence[Path]) -> Exit:
    """Print each error on standard output, one a line, and a word on each file that is good on standard error.

    A policy that a file extends is looked for in the folder of that file.
    """
    code = Exit.FINE
    for file in files:
        try:
            policy = read_policy(file.read_bytes(), source=str(file), parents=parents_in([file.parent]))
        except OSError as error:
            typer.echo(
                f"{file}:1:1: The file cannot be read: {error.strerror}. Check its name and permissions."
            )
            code = Exit.WRONG
        except PolicyErrors as errors:
            typer.echo(str(errors))
            code = Exit.WRONG
        else:
            count = len(policy.obligations)
            typer.echo(
                f"{file}: policy {policy.id}, version {policy.version}, can be published "
                f"({count} obligation{'' if count == 1 else 's'}, {policy.timezone.key})",
                err=True,
            )
    return code


def show(named: str, language: str, door: Door) -> Exit:
    """Print the policy as a page of plain sentences. Raises Stop when it cannot be read, or is not published."""
    typer.echo(describe(_found(named, door), language), nl=False)
    return Exit.FINE


def diff(old: str, new: str, language: str, door: Door) -> Exit:
    """Print what changes from one policy to another, a sentence a line. Raises Stop when one cannot be read."""
    for change in compare(_found(old, door), _found(new, door), language):
        typer.echo(change.sentence)
    return Exit.FINE


def schema() -> Exit:
    """Print the JSON Schema of policies."""
    typer.echo(schema_text(), nl=False)
    return Exit.FINE


def document_of(file: Path) -> str:
    """The policy with all that it inherits written out, as a system that lacks its parents can read it."""
    return write_policy(_read(file))


def _found(named: str, door: Door) -> Policy:
    """The policy of a file or, where there is none of that name, the published one."""
    published = PUBLISHED.fullmatch(named)
    if published is None or Path(named).is_file():
        return _read(Path(named))
    from mitodoke.cli.questions import published_policy

    return published_policy(door, published["id"], int(published["version"] or 0))


def _read(file: Path) -> Policy:
    try:
        return read_policy(file.read_bytes(), source=str(file), parents=parents_in([file.parent]))
    except OSError as error:
        raise Stop(
            Exit.WRONG, f"{file} cannot be read: {error.strerror}. Check its name and permissions"
        ) from None
    except PolicyErrors as errors:
        raise Stop(Exit.WRONG, f"{file} is not a policy that can be used. Mend first:\n{errors}") from None
