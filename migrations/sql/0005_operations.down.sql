-- Undoes 0005_operations.
DROP FUNCTION vendor_leave(text, uuid, bigint, uuid, boolean, text, text, text);
DROP FUNCTION vendor_enter(text, text, interval);
DROP TYPE vendor_admission;
DROP FUNCTION move_breaker(text, uuid, boolean, text, text, text);
DROP FUNCTION replay_run(text, uuid, uuid, text, text, uuid);
DROP FUNCTION ingest_event(text, uuid, uuid, uuid, uuid, uuid, text, text, text, jsonb, text, text, text, text, timestamptz, text, integer, text, interval, interval, integer, integer);
DROP FUNCTION count_failure(text, text, integer, text, uuid, uuid, text, timestamptz, text, interval, interval, integer, boolean);
DROP FUNCTION fingerprint_signature(text, text);
DROP FUNCTION set_kill_switch(text, text, text, boolean, text, text, boolean, text);
DROP FUNCTION resume_runs(text);
-- The admission of 0003 again.
DROP FUNCTION run_admission(text);
CREATE FUNCTION run_admission(p_tenant text) RETURNS text
    LANGUAGE sql STABLE AS $$ SELECT NULL::text $$;
DROP FUNCTION platform_workflow(text);
DROP FUNCTION kill_switch_over(text, uuid, uuid);
DROP INDEX scenario_run_failed;
DROP TABLE kill_switch_audit, kill_switch, run_replay, action, decision, incident_transition, event, incident, vendor_state, vendor, workflow, tenant,
    tenant_audit, workflow_audit, vendor_audit;
DROP FUNCTION guard_action_state();
DROP FUNCTION guard_incident_state();
