-- Cancels the live runs of a scenario that is being deleted: those in work, and the first 500 of those that wait. How many
-- they were. The rest is left to cancel_stranded_runs, and no claim takes one of them meanwhile. The caller has locked the
-- scenario's row, which request_run locks FOR SHARE: after this no new run can come. Refuses while a run is being published.
CREATE OR REPLACE FUNCTION cancel_scenario_runs(p_tenant text, p_scenario uuid, p_actor text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    live      scenario_run;
    in_work   uuid[];
    cancelled integer := 0;
    remaining integer;
BEGIN
    -- Before anybody can see that the scenario is gone, a claim may take one that waits: the second look finds it.
    FOR turn IN 1..2 LOOP
        SELECT array_agg(r.id) INTO in_work FROM (
            SELECT r.id FROM scenario_run r
            WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state = 'RUNNING'
            ORDER BY r.id FOR UPDATE
        ) AS r;
        -- With every run in work locked, none can be assigned to a commit any more; one may have been before.
        IF EXISTS (SELECT FROM output_file f WHERE f.tenant_id = p_tenant AND f.scenario_id = p_scenario AND f.state = 'ASSIGNED') THEN
            RAISE EXCEPTION 'a run of scenario % is being published', p_scenario
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'scenario_not_publishing', TABLE = 'scenario';
        END IF;
        FOR live IN
            SELECT r.* FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = ANY (in_work) AND r.state = 'RUNNING' ORDER BY r.id
        LOOP
            PERFORM end_run(live, 'CANCELLED', NULL, p_actor);
            cancelled := cancelled + 1;
        END LOOP;
        EXIT WHEN turn = 2;
        FOR live IN
            SELECT r.* FROM scenario_run r
            WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state = 'QUEUED'
            ORDER BY r.id LIMIT 500 FOR UPDATE
        LOOP
            PERFORM end_run(live, 'CANCELLED', NULL, p_actor);
            cancelled := cancelled + 1;
        END LOOP;
    END LOOP;
    SELECT count(*) INTO remaining FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.scenario_id = p_scenario AND r.state IN ('QUEUED', 'RUNNING');
    IF remaining > 0 THEN
        INSERT INTO run_cancellation (tenant_id, scenario_id, actor, cancelled, matching)
        VALUES (p_tenant, p_scenario, p_actor, cancelled, cancelled + remaining);
    END IF;
    RETURN cancelled;
END
$$;
GRANT EXECUTE ON FUNCTION cancel_scenario_runs(text,uuid,text) TO sextant_app, sextant_platform;
