-- What people decided about events in quarantine. The log does not say it: a rebuild takes these rows over.
create table quarantine_decision (
    id          bigint generated always as identity primary key,
    partition   integer not null,
    "offset"    bigint not null,
    serial      text not null,
    -- discarded: the event counts for nothing, also in a rebuild. retried: it was taken up again.
    decision    text not null check (decision in ('discarded', 'retried')),
    decided_by  text not null,
    why         text not null,
    decided_at  timestamptz not null,
    -- What was wrong with it before.
    error       text not null,
    -- What is wrong with it still; empty where nothing is.
    error_after text not null
);
create unique index quarantine_discarded on quarantine_decision (partition, "offset") where decision = 'discarded';
