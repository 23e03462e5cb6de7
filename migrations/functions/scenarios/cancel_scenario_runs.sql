-- Cancels the live runs of a scenario that is being deleted; how many they were. The caller has locked the scenario's row,
-- which request_run locks FOR SHARE: after this no new run can come. Refuses while a run is being published.
CREATE OR REPLACE FUNCTION cancel_scenario_runs(p_tenant text, p_scenario uuid, p_actor text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    live      scenario_run;
    cancelled integer := 0;
BEGIN
    PERFORM FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
    ORDER BY r.id FOR UPDATE;
    -- With every live run locked, none can be assigned to a commit any more; one may have been before.
    IF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.scenario_id = p_scenario AND f.state = 'ASSIGNED') THEN
        RAISE EXCEPTION 'a run of scenario % is being published', p_scenario
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'scenario_not_publishing', TABLE = 'scenario';
    END IF;
    FOR live IN
        SELECT r.* FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING')
        ORDER BY r.id
    LOOP
        PERFORM end_run(live, 'CANCELLED', NULL, p_actor);
        cancelled := cancelled + 1;
    END LOOP;
    RETURN cancelled;
END
$$;
