-- Undoes 0006_platform.
DROP FUNCTION put_setting(text, text, text, jsonb, text, text, uuid);
DROP FUNCTION request_run_admitted(text[], text, uuid, uuid, text, text, text, bigint, text, integer, integer, text, text, text, text, text);
DROP TYPE admitted_run;
DROP FUNCTION admit_request(text, text[]);
DROP TYPE admission;
DROP TABLE rate_limit_counter;
DROP FUNCTION replay_runs(text, uuid[], text, text, text);
DROP FUNCTION matching_runs(text, text[], uuid, text, timestamptz, timestamptz);
DROP FUNCTION set_run_state(text, uuid, text, text, text);
DROP FUNCTION request_runs(text, uuid, jsonb, text, text, text);
DROP INDEX scenario_event_listing;
ALTER TABLE scenario_event ALTER COLUMN id SET DEFAULT gen_random_uuid();
DROP FUNCTION restore_scenario(text, uuid, text, text);
DROP FUNCTION update_scenario(text, uuid, integer, text, text, text, text, text, text[], text, text);
DROP FUNCTION advance_scenario(scenario, scenario, text, text, text, jsonb);
DROP TYPE changed_scenario;
DELETE FROM setting WHERE tenant_id = '*' AND updated_by = 'migration';
