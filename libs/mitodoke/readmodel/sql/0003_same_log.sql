-- The last message that was read, by its append time and the sum of its value: whether a log is still the same one is
-- seen by whether it holds this message there. Null where it is not known: nothing was read, or by an earlier version.
alter table progress add column last_message bytea;
-- The same of the last reference message that has set turning points.
alter table progress add column reference_message bytea;
