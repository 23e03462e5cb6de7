-- The roles stay: they belong to the cluster and other databases may use them.
DROP TABLE output_version, metric_latest, output_file, output_batch, scenario_event, run_attempt, scenario_run, scenario_version, scenario;
DROP FUNCTION setting_of(text, text, text);
DROP TABLE config_audit, setting;
DROP FUNCTION guard_run_state();
DROP TYPE uuidrange;
DROP FUNCTION protect_append_only(regclass);
DROP FUNCTION refuse_change();
DROP FUNCTION protect_tenant_table(regclass);
DROP FUNCTION current_tenant();
DROP FUNCTION enter_tenant(text);
REVOKE USAGE ON SCHEMA public FROM sextant_app, sextant_platform;
