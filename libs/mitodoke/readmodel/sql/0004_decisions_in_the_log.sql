-- Decisions stand in the reference log, and these rows show them: which message, and which event was meant.
-- Rows of before have neither; a rebuild takes those over.
alter table quarantine_decision add column reference_offset bigint;
alter table quarantine_decision add column fingerprint bytea;
create unique index quarantine_decision_once on quarantine_decision (reference_offset, partition, "offset");
drop index quarantine_discarded;
create index quarantine_discarded on quarantine_decision (partition, "offset") where decision = 'discarded';
