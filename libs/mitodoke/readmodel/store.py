"""What the projection does inside its transaction: the fence, the loading of records, what it notes of the logs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from mitodoke.contracts.reference.v1.reference_pb2 import QuarantineDecided
from mitodoke.lifecycle.facts import Fact
from mitodoke.lifecycle.record import Record, by_occurrence
from mitodoke.lifecycle.reference import (
    END,
    ContractAmended,
    ContractRegistered,
    PartyRegistered,
    PolicyPublished,
    Reference,
    ReferenceFact,
    ShipmentClosed,
)
from mitodoke.lifecycle.verdict import Owed
from mitodoke.readmodel.drive_state import DriveState, ObligationKey, StoredFlag
from mitodoke.readmodel.from_rows import Decoder, fact_of, owed_of, stored_flag_of
from mitodoke.readmodel.pool import APPLICATION, HANGS_AT_MOST, Connection

REFERENCE = -1
"""The row of `progress` that stands for the reference log."""

SWAP_LOCK = 0x6D69746F
"""Held shared by every writer and alone by the swap of a rebuild, so that no transaction spans the swap."""


async def ensure_progress(connection: Connection, partitions: int) -> None:
    """Make the rows that the fence needs; those that are there stay, and nobody waits for who is changing them."""
    await connection.execute(
        """insert into progress (partition, next_offset)
           select p, 0 from unnest($1::int[]) as needed (p)
           where not exists (select from progress where partition = p) on conflict do nothing""",
        (REFERENCE, *range(partitions)),
    )


async def partitions(connection: Connection) -> int:
    """How many partitions of the drives topic the tables were made from; 0 where they were made from nothing yet."""
    count: int = await connection.fetchval("select count(*) from progress where partition >= 0")
    return count


async def end_who_hangs(connection: Connection) -> int:
    """End the sessions that hang in the middle of handing over rows to these tables, and say how many there were.

    PostgreSQL itself ends a transaction whose next statement does not come (HANGS_AT_MOST), but a COPY waits for its
    next row for as long as the other side hangs: frozen, or on a machine that stands still. A rebuild, which fills
    tables of its own, keeps nobody from these and is left alone.
    """
    ended: int = await connection.fetchval(
        """select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity a
           where datname = current_database() and usename = current_user and application_name = $1 and state = 'active'
               and wait_event = 'ClientRead' and state_change < clock_timestamp() - $2::interval
               and exists (select from pg_locks l where l.pid = a.pid and l.relation = 'progress'::regclass)""",
        APPLICATION,
        HANGS_AT_MOST,
    )
    return ended


async def progress(connection: Connection, partition: int) -> tuple[int, int]:
    """The next offset of the partition, and how far reference facts were applied to it."""
    row = await connection.fetchrow(
        "select next_offset, reference_offset from progress where partition = $1", partition
    )
    if row is None:
        raise LookupError(f"partition {partition} has no row in progress: the topic has grown since set-up")
    return row["next_offset"], row["reference_offset"]


async def positions(connection: Connection) -> dict[int, int]:
    """The next offset of each partition of the drives topic."""
    rows = await connection.fetch("select partition, next_offset from progress where partition >= 0")
    return {row["partition"]: row["next_offset"] for row in rows}


async def last_messages(connection: Connection) -> dict[int, tuple[int, bytes | None]]:
    """How far each partition was read, and the fingerprint of its last message; those of which nothing was read not."""
    rows = await connection.fetch(
        "select partition, next_offset, last_message from progress where next_offset > 0"
    )
    return {row["partition"]: (row["next_offset"], row["last_message"]) for row in rows}


async def last_reference_messages(connection: Connection) -> set[tuple[int, bytes | None]]:
    """How far the reference log was taken in, and the fingerprint of the last message of that, wherever it is noted."""
    rows = await connection.fetch(
        """select reference_offset as until, reference_message as message from progress where reference_offset > 0
           union select next_offset, last_message from progress where partition = $1 and next_offset > 0""",
        REFERENCE,
    )
    return {(row["until"], row["message"]) for row in rows}


class Claim(NamedTuple):
    """What the fence says to whom it lets pass."""

    version: int
    """The partition's new version: one more than the last, unless someone else wrote in between."""
    reference_offset: int
    """How far reference facts were applied to the partition."""


async def fence(
    connection: Connection,
    partition: int,
    *,
    start: int,
    end: int,
    knows: int,
    last_message: bytes | None = None,
) -> Claim | None:
    """Claim the offsets from `start` to before `end`, within a transaction that writes drives.

    `last_message` is the fingerprint of the message before `end`, where there are messages to claim, and `knows` up to
    before which offset of the reference log who claims them judges by.
    None when another has moved on, or has judged the partition by more of the reference log: what would be written
    without that would never be judged by it. Then nothing may be written.
    """
    await connection.execute("select pg_advisory_xact_lock_shared($1)", SWAP_LOCK)
    row = await connection.fetchrow(
        """update progress set next_offset = $3, version = version + 1, last_message = coalesce($4, last_message)
           where partition = $1 and next_offset = $2 and reference_offset <= $5
           returning version, reference_offset""",
        partition,
        start,
        end,
        last_message,
        knows,
    )
    return Claim(*row) if row is not None else None


async def note_read_through(connection: Connection, positions: Iterable[tuple[int, int, datetime]]) -> None:
    """Say of each (partition, next offset, moment) that every drive is judged up to the moment; it only grows.

    A partition that another worker has moved on is left as it is.
    """
    await connection.executemany(
        """update progress set read_through = greatest(read_through, $3)
           where partition = $1 and next_offset = $2""",
        positions,
    )


async def holds_any(connection: Connection, partition: int, offsets: Sequence[int]) -> bool:
    """Whether a message at one of these offsets has been taken in, be it into quarantine."""
    held: bool = await connection.fetchval(
        """select exists (select from fact where partition = $1 and "offset" = any($2))
               or exists (select from quarantine where partition = $1 and "offset" = any($2))""",
        partition,
        offsets,
    )
    return held


async def detected(connection: Connection, schema: str, serials: Iterable[str]) -> dict[UUID, datetime]:
    """When the flags of these drives were first noticed, by the tables of another schema."""
    rows = await connection.fetch(
        f"select flag_id, detected_at from {schema}.flag where serial = any($1)", list(serials)
    )
    return {row["flag_id"]: row["detected_at"] for row in rows}


async def load(connection: Connection, serials: Sequence[str], decode: Decoder) -> dict[str, DriveState]:
    """The states of the drives that the tables know; who is not in the answer is new."""
    drives = await connection.fetch(
        """select serial, judged_at, turns_at, exists (select from quarantine q where q.serial = asked.serial) as parked
           from unnest($1::text[]) as asked (serial) left join drive using (serial)""",
        serials,
    )
    states = {
        row["serial"]: DriveState(Record(row["serial"]), parked=True) for row in drives if row["parked"]
    }
    drives = [row for row in drives if row["judged_at"] is not None]
    if not drives:
        return states
    serials = [row["serial"] for row in drives]
    facts: dict[str, list[Fact]] = {}
    for row in await connection.fetch("select * from fact where serial = any($1)", serials):
        facts.setdefault(row["serial"], []).append(fact_of(row, decode))
    flags: dict[str, dict[Any, StoredFlag]] = {}
    for row in await connection.fetch("select * from flag where serial = any($1)", serials):
        stored = stored_flag_of(row)
        flags.setdefault(row["serial"], {})[stored.flag.flag_id] = stored
    obligations: dict[str, dict[ObligationKey, Owed]] = {}
    # Drives that travelled together owe the same: what differs is the serial, which comes first.
    alike: dict[tuple[Any, ...], tuple[ObligationKey, Owed]] = {}
    for row in await connection.fetch("select * from obligation where serial = any($1)", serials):
        serial, *owes = row
        held = alike.get(terms := tuple(owes))
        if held is None:
            owed = owed_of(row)
            held = alike[terms] = ObligationKey(owed.cycle, owed.obligation, owed.subject), owed
        obligations.setdefault(serial, {})[held[0]] = held[1]
    for row in drives:
        serial = row["serial"]
        states[serial] = DriveState(
            Record(serial, tuple(sorted(facts[serial], key=by_occurrence))),
            flags.get(serial, {}),
            obligations.get(serial, {}),
            row["judged_at"],
            row["turns_at"],
            row["parked"],
        )
    return states


async def discarded(
    connection: Connection, partition: int, start: int, end: int
) -> frozenset[tuple[int, bytes | None]]:
    """The events at the offsets from `start` to before `end` that somebody has discarded: offset and fingerprint.

    A fingerprint that is not known, None, stands for whatever event is there.
    """
    rows = await connection.fetch(
        """select "offset", fingerprint from quarantine_decision
           where partition = $1 and "offset" >= $2 and "offset" < $3 and decision = 'discarded'""",
        partition,
        start,
        end,
    )
    return frozenset((row["offset"], row["fingerprint"]) for row in rows)


async def write_decisions(connection: Connection, decisions: Mapping[int, QuarantineDecided]) -> None:
    """Show decisions about events in quarantine, each by its offset in the reference log; those shown already stay."""
    await connection.executemany(
        """insert into quarantine_decision (reference_offset, partition, "offset", fingerprint, serial, decision,
               decided_by, why, decided_at, error, error_after)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing""",
        [
            (
                at,
                event.partition,
                event.offset,
                event.fingerprint,
                decision.serial,
                "discarded" if event.discarded else "retried",
                decision.decided_by,
                decision.why,
                decision.decided_at.ToDatetime(UTC),
                event.error,
                event.error_after,
            )
            for at, decision in sorted(decisions.items())
            for event in decision.events
        ],
    )


async def parked_though_decided(connection: Connection, partition: int, *, retried: bool) -> list[str]:
    """The drives of the partition of which an event waits that somebody has discarded.

    With `retried` also those of which one waits that was found sound when somebody took it up again.
    """
    rows = await connection.fetch(
        """select distinct q.serial from quarantine q join quarantine_decision d using (partition, "offset")
           where partition = $1
               and (d.fingerprint is null or d.fingerprint
                   = int8send((extract(epoch from q.recorded_at) * 1000)::bigint) || sha256(q.payload))
               and (d.decision = 'discarded'
                       and not exists (select from fact f where f.partition = $1 and f."offset" = q."offset")
                   or $2 and d.decision = 'retried' and d.error_after = '')
           order by q.serial""",
        partition,
        retried,
    )
    return [row["serial"] for row in rows]


async def due_serials(connection: Connection, partition: int, until: datetime, limit: int) -> list[str]:
    """The drives of the partition whose verdict turns by that moment, the earliest first."""
    rows = await connection.fetch(
        """select serial from drive where partition = $1 and turns_at <= $2 and not parked
           order by turns_at, serial limit $3""",
        partition,
        until,
        limit,
    )
    return [row["serial"] for row in rows]


async def set_turning_points(
    connection: Connection,
    partition: int,
    news: Iterable[tuple[int, ReferenceFact]],
    reference: Reference,
    *,
    after: timedelta,
    next_offset: int,
    last_message: bytes | None,
) -> set[str]:
    """Let each drive that a new reference fact concerns be judged again when the fact counts: one UPDATE a fact.

    `after` is by how much a reference fact counts later than it was recorded; `last_message` the fingerprint of
    the message before `next_offset`. The answer is the drives that were judged as of then or later already: each is
    judged again as of when it was, and what is remembered of it is no longer so.
    """
    judged_already: set[str] = set()
    for _, fact in news:
        contracts, shipments = reference.concerns(fact)
        for table, column, names in (
            ("drive_contract", "contract", contracts),
            ("shipment", "shipment", shipments),
        ):
            if names:
                rows = await connection.fetch(
                    f"""with concerned as (
                            update drive set turns_at = least(turns_at, greatest($3, judged_at)) from {table} named
                            where named.{column} = any($2) and named.partition = $1 and drive.serial = named.serial
                            returning drive.serial, judged_at)
                        select serial from concerned where judged_at >= $3""",
                    partition,
                    list(names),
                    fact.recorded_at + after,
                )
                judged_already.update(row["serial"] for row in rows)
    await connection.execute(
        "update progress set reference_offset = $2, reference_message = $3 where partition = $1",
        partition,
        next_offset,
        last_message,
    )
    return judged_already


async def write_reference(
    connection: Connection, news: Sequence[tuple[int, ReferenceFact]], reference: Reference
) -> None:
    """Show parties, contracts and closures as the reference log now has them."""
    contracts, closed = set[str](), set[tuple[str, str]]()
    for _, fact in news:
        match fact:
            case PartyRegistered():
                # By what counts last: an imported registration gives no later name back.
                party = reference.party(fact.party_id, END)
                await connection.execute(
                    """insert into party values ($1, $2)
                       on conflict (party_id) do update set name = excluded.name""",
                    fact.party_id,
                    fact.name if party is None else party.name,
                )
            case ContractRegistered() | ContractAmended() | PolicyPublished():
                contracts |= reference.concerns(fact)[0]
            case ShipmentClosed():
                closed.add((fact.shipment, fact.contract_id))
            case _:
                pass
    for shipment, contract_id in sorted(closed):
        closure = reference.closure(shipment, END, contract_id)
        if closure is None:
            continue
        await connection.execute(
            """insert into shipment_closure values ($1, $2, $3, $4)
               on conflict (shipment, contract) do update set party = excluded.party, closed_at = excluded.closed_at""",
            shipment,
            contract_id,
            closure.party,
            closure.known_at,
        )
    for contract_id in sorted(contracts):
        contract = reference.contract(contract_id, END)
        if contract is None:
            continue
        published = reference.policy(contract.policy_id, contract.policy_version, END)
        await connection.execute(
            """insert into contract values ($1, $2, $3, $4, $5, $6)
               on conflict (contract_id) do update set title = excluded.title, owner = excluded.owner,
               policy_id = excluded.policy_id, policy_version = excluded.policy_version,
               timezone = excluded.timezone""",
            contract_id,
            contract.title,
            contract.owner,
            contract.policy_id,
            contract.policy_version,
            published.policy.timezone.key if published else "UTC",
        )
        await connection.executemany(
            "insert into contract_party values ($1, $2) on conflict do nothing",
            [
                (contract_id, party)
                for party in sorted({contract.owner, *(a.party for a in contract.approvals)})
            ],
        )
