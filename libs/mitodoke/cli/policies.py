"""`mitodoke policy …`: every mistake in a policy with its place, and what it asks in plain sentences."""

from collections.abc import Sequence
from pathlib import Path

import typer

from mitodoke.cli.exits import Exit, Stop
from mitodoke.lifecycle.policy import Policy
from mitodoke.policyfile import PolicyErrors, compare, describe, parents_in, read_policy, write_policy
from mitodoke.policyfile.schema import schema_text


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


def show(file: Path, language: str) -> Exit:
    """Print the policy as a page of plain sentences. Raises Stop when it cannot be read."""
    typer.echo(describe(_read(file), language), nl=False)
    return Exit.FINE


def diff(old: Path, new: Path, language: str) -> Exit:
    """Print what changes from one policy to another, a sentence a line. Raises Stop when one cannot be read."""
    for change in compare(_read(old), _read(new), language):
        typer.echo(change.sentence)
    return Exit.FINE


def schema() -> Exit:
    """Print the JSON Schema of policies."""
    typer.echo(schema_text(), nl=False)
    return Exit.FINE


def document_of(file: Path) -> str:
    """The policy with all that it inherits written out, as a system that lacks its parents can read it."""
    return write_policy(_read(file))


def _read(file: Path) -> Policy:
    try:
        return read_policy(file.read_bytes(), source=str(file), parents=parents_in([file.parent]))
    except OSError as error:
        raise Stop(
            Exit.WRONG, f"{file} cannot be read: {error.strerror}. Check its name and permissions"
        ) from None
    except PolicyErrors as errors:
        raise Stop(Exit.WRONG, f"{file} is not a policy that can be used. Mend first:\n{errors}") from None
