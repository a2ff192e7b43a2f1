"""Numbered SQL files, each applied once, in order."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from itertools import pairwise

import asyncpg

_FILE_NAME = re.compile(r"(?P<number>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """The files and the schema do not fit each other."""


@dataclass(frozen=True)
class Migration:
    """One numbered SQL file."""

    number: int
    name: str
    sql: str

    @property
    def file_name(self) -> str:
        """`0001_name.sql`"""
        return f"{self.number:04}_{self.name}.sql"

    @property
    def sha256(self) -> str:
        """The sum of its text, by which a later change is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def packaged() -> list[Migration]:
    """The migrations that come with the package, in order.

    Raises MigrationError for a file that is not named NNNN_name.sql.
    """
    found = []
    for file in resources("mitodoke.readmodel").joinpath("sql").iterdir():
        if not file.name.endswith(".sql"):
            continue
        named = _FILE_NAME.fullmatch(file.name)
        if named is None:
            raise MigrationError(f"{file.name} is no migration's name; call it NNNN_name.sql")
        found.append(Migration(int(named["number"]), named["name"], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda each: each.number)


async def migrate(
    connection: asyncpg.Connection,
    *,
    schema: str = "custody",
    files: Sequence[Migration] | None = None,
) -> list[str]:
    """Apply the migrations that `schema` lacks, each in a transaction of its own; return their file names.

    Two callers at once are safe: the second waits, and finds nothing left to do. The search path in a migration is
    the schema, then public.

    Raises MigrationError when an applied file has been changed or is gone, or when two files share a number.
    """
    wanted = packaged() if files is None else sorted(files, key=lambda each: each.number)
    _refuse_doubles(wanted)
    async with connection.transaction():
        await _take_turn(connection, schema)
        await _prepare(connection, schema)
        await _refuse_changed(connection, schema, wanted)
    return [each.file_name for each in wanted if await _apply(connection, schema, each)]


async def _apply(connection: asyncpg.Connection, schema: str, migration: Migration) -> bool:
    async with connection.transaction():
        await _take_turn(connection, schema)
        await connection.execute(f"set local search_path to {_quoted(schema)}, public")
        if await connection.fetchval("select true from schema_migration where number = $1", migration.number):
            return False
        try:
            await connection.execute(migration.sql)
        except asyncpg.PostgresError as error:
            raise MigrationError(
                f"{migration.file_name} failed in schema {schema} and was rolled back: {error}. "
                "Mend the file and start again."
            ) from error
        await connection.execute(
            f"insert into {_quoted(schema)}.schema_migration (number, name, sha256) values ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.sha256,
        )
        return True


async def _take_turn(connection: asyncpg.Connection, schema: str) -> None:
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended('mitodoke migrations ' || $1, 0))", schema
    )


async def _prepare(connection: asyncpg.Connection, schema: str) -> None:
    await connection.execute(f"create schema if not exists {_quoted(schema)}")
    await connection.execute(
        f"""
        create table if not exists {_quoted(schema)}.schema_migration (
            number     integer     primary key,
            name       text        not null,
            sha256     text        not null,
            applied_at timestamptz not null default now()
        )
        """
    )


async def _refuse_changed(connection: asyncpg.Connection, schema: str, wanted: Sequence[Migration]) -> None:
    by_number = {each.number: each for each in wanted}
    for number, name, sha256 in await connection.fetch(
        f"select number, name, sha256 from {_quoted(schema)}.schema_migration order by number"
    ):
        file = by_number.get(number)
        if file is None:
            raise MigrationError(
                f"Schema {schema} has migration {number:04}_{name}.sql, which this version does not know. "
                "The database is newer than the program: install the newer version."
            )
        if file.sha256 != sha256:
            raise MigrationError(
                f"{file.file_name} has been changed since it was applied to schema {schema}. "
                "An applied migration never changes: restore it and put the change into a new file."
            )


def _refuse_doubles(wanted: Sequence[Migration]) -> None:
    for one, next_one in pairwise(wanted):
        if one.number == next_one.number:
            raise MigrationError(
                f"{one.file_name} and {next_one.file_name} have the same number; give the newer one the next number."
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
