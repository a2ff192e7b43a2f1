-- The read model: what the projection writes, and all that pages, queries and alerts read.
-- Every row but flag.detected_at is a function of the log: nothing here asks the time.

-- How far each partition of the drives topic has been read and judged. The fence of the projection.
create table progress (
    partition        integer primary key,
    next_offset      bigint not null,
    -- Counts the transactions that wrote drives: a worker's memory of them holds while nobody else has counted.
    version          bigint not null default 0,
    -- Reference facts before this offset have set the turning points of this partition's drives.
    reference_offset bigint not null default 0,
    -- Every fact recorded before this moment has been read, and every drive judged up to it.
    read_through     timestamptz not null default '-infinity'
);

-- The history, as it stands in the log.
create table fact (
    partition   integer not null,
    "offset"    bigint not null,
    event_id    uuid not null,
    kind        text not null,
    serial      text not null,
    contract    text not null,
    party       text not null,
    operator    text not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    backfilled  boolean not null,
    payload     bytea not null,
    primary key (partition, "offset")
);
create index fact_serial on fact (serial);

create table drive (
    serial       text primary key,
    partition    integer not null,
    -- The contract of its latest fact.
    contract     text not null,
    holder       text not null,
    holder_since timestamptz,
    destroyed    boolean not null,
    facts        integer not null,
    judged_at    timestamptz not null,
    -- The next moment at which the verdict can change without a new fact.
    turns_at     timestamptz,
    -- An event of it waits in quarantine: nothing more is judged until that is settled.
    parked       boolean not null
);
create index drive_turns_at on drive (partition, turns_at) where turns_at is not null and not parked;

-- Every contract under which a fact of the drive was reported.
create table drive_contract (
    contract  text not null,
    serial    text not null,
    partition integer not null,
    primary key (contract, serial)
);

create table obligation (
    serial     text not null,
    cycle      text not null,
    obligation text not null,
    subject    text not null,
    contract   text not null,
    state      text not null,
    after      text not null,
    expect     text not null,
    owed_by    text not null,
    parties    text not null,
    opened_at  timestamptz not null,
    due_at     timestamptz not null,
    decided_at timestamptz not null,
    met_at     timestamptz,
    primary key (serial, cycle, obligation, subject)
);
create index obligation_due on obligation (due_at, serial) where state in ('pending', 'overdue');
create index obligation_contract on obligation (contract, due_at);

create table flag (
    flag_id     uuid primary key,
    serial      text not null,
    contract    text not null,
    cycle       text not null,
    kind        text not null,
    subject     text not null,
    -- 1 warning, 2 major, 3 critical
    severity    smallint not null,
    party       text not null,
    message     text not null,
    raised_at   timestamptz not null,
    evident_at  timestamptz not null,
    -- When the system noticed; the one column that a rebuild does not repeat.
    detected_at timestamptz not null,
    state       text not null,
    resolved_at timestamptz,
    resolution  text,
    sequence    integer not null
);
create index flag_triage on flag (severity desc, raised_at, flag_id) where state <> 'resolved';
create index flag_contract on flag (contract, kind, subject);
create index flag_serial on flag (serial);

create table flag_history (
    flag_id    uuid not null,
    sequence   integer not null,
    state      text not null,
    severity   smallint not null,
    resolution text,
    changed_at timestamptz not null,
    primary key (flag_id, sequence)
);

-- A manifest: what was sent with a lot or shipment, and what its receiver scanned.
create table shipment (
    shipment    text not null,
    serial      text not null,
    partition   integer not null,
    contract    text not null,
    sent_at     timestamptz,
    received_at timestamptz,
    primary key (shipment, serial)
);

create table shipment_closure (
    shipment  text primary key,
    contract  text not null,
    party     text not null,
    closed_at timestamptz not null
);

create table party (
    party_id text primary key,
    name     text not null
);

create table contract (
    contract_id    text primary key,
    title          text not null,
    owner          text not null,
    policy_id      text not null,
    policy_version integer not null,
    timezone       text not null
);

-- Who may read what: the parties that a contract names, at any time.
create table contract_party (
    contract_id text not null,
    party_id    text not null,
    primary key (contract_id, party_id)
);

-- An event that could not be decoded or applied, and every later one of the same serial, in order.
create table quarantine (
    partition   integer not null,
    "offset"    bigint not null,
    serial      text not null,
    error       text not null,
    headers     jsonb not null,
    payload     bytea not null,
    recorded_at timestamptz not null,
    primary key (partition, "offset")
);
create index quarantine_serial on quarantine (serial);

-- Flag changes on their way to the flags topic; a row goes when it is acknowledged.
create table outbox (
    id        bigint generated always as identity primary key,
    partition integer not null,
    key       text not null,
    value     bytea not null
);
create index outbox_partition on outbox (partition, id);
