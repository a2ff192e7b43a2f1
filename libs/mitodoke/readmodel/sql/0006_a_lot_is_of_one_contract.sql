-- A lot or shipment is one of a contract: two owners may give theirs the same name, and each sees only its own.
-- A drive that was told of under several contracts keeps its one row until more is told of it, or a rebuild.
alter table shipment drop constraint shipment_pkey, add primary key (shipment, contract, serial);
alter table shipment_closure drop constraint shipment_closure_pkey, add primary key (shipment, contract);
-- Of each name one closure alone was kept: the reference log, from its beginning on, has the others.
update progress set next_offset = 0, last_message = null where partition = -1;
