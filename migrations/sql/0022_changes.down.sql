DELETE FROM setting WHERE tenant_id = '*' AND kind = 'rate-limit' AND name = 'waits.changes' AND updated_by = 'migration';
DROP TRIGGER note_state ON incident;
DROP TRIGGER note_opened ON incident;
DROP TRIGGER note_state ON scenario_run;
DROP TRIGGER note_requested ON scenario_run;
DROP FUNCTION note_state_change();
DROP TABLE state_change;
