-- The triage queue of one contract: without it, one of few open flags is looked for among those of all contracts.
create index flag_triage_contract on flag (contract, severity desc, raised_at, flag_id) where state <> 'resolved';
