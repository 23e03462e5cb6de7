-- Run a run again that ended without success: an equal run, of the same version, with the same hash. `outcome` is
-- CREATED, EXISTING (an equal run lives or succeeded), NOT_ENDED, RUN_NOT_FOUND, PART_OF_ANOTHER (its parent alone is
-- repeated), SCENARIO_NOT_FOUND or NOT_ADMITTED.
CREATE OR REPLACE FUNCTION replay_run(
    p_tenant text, p_run uuid, p_new uuid, p_actor text, p_correlation_id text, p_action uuid
) RETURNS requested_run
    LANGUAGE plpgsql AS $$
DECLARE
    result  requested_run;
    old     scenario_run;
    run     scenario_run;
    fresh   scenario_run;
    refusal text;
BEGIN
    PERFORM enter_tenant(p_tenant);
    SELECT * INTO old FROM scenario_run r WHERE r.tenant_id = p_tenant AND r.id = p_run;
    IF NOT FOUND THEN
        result.outcome := 'RUN_NOT_FOUND';
        RETURN result;
    ELSIF to_jsonb(old) ->> 'parent_run_id' IS NOT NULL THEN
        result.outcome := 'PART_OF_ANOTHER';
        RETURN result;
    ELSIF old.state NOT IN ('FAILED', 'TIMEOUT', 'CANCELLED') THEN
        result.outcome := CASE WHEN old.state = 'SUCCEEDED' THEN 'EXISTING' ELSE 'NOT_ENDED' END;
        result.run := old;
        RETURN result;
    END IF;
    PERFORM FROM scenario s WHERE s.tenant_id = p_tenant AND s.id = old.scenario_id AND s.deleted_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        result.outcome := 'SCENARIO_NOT_FOUND';
        RETURN result;
    END IF;
    refusal := run_admission(p_tenant);
    IF refusal IS NOT NULL THEN
        result.run.tenant_id := p_tenant;
        result.run.error := refusal::jsonb;
        result.outcome := 'NOT_ADMITTED';
        RETURN result;
    END IF;
    run := old;
    run.id := p_new;
    run.idempotency_key := NULL;
    run.correlation_id := p_correlation_id;
    run.created_by := p_actor;
    FOR turn IN 1..5 LOOP
        fresh := queue_run(run, '', jsonb_build_object('replay_of', p_run));
        IF fresh.id IS NOT NULL THEN
            INSERT INTO run_replay (tenant_id, run_id, replays_id, root_id, generation, action_id)
            SELECT p_tenant, p_new, p_run, coalesce(p.root_id, p_run), coalesce(p.generation, 0) + 1, p_action
            FROM (SELECT) AS one LEFT JOIN run_replay p ON p.tenant_id = p_tenant AND p.run_id = p_run;
            result.run := fresh;
            result.outcome := 'CREATED';
            RETURN result;
        END IF;
        SELECT * INTO fresh FROM scenario_run r
        WHERE r.tenant_id = p_tenant AND r.scenario_id = old.scenario_id AND r.version_hash = old.version_hash
          AND r.state IN ('QUEUED', 'RUNNING', 'SUCCEEDED');
        IF FOUND THEN
            result.run := fresh;
            result.outcome := 'EXISTING';
            RETURN result;
        END IF;
    END LOOP;
    RAISE EXCEPTION 'the replay of run % kept colliding', p_run USING ERRCODE = 'serialization_failure';
END
$$;
GRANT EXECUTE ON FUNCTION replay_run(text,uuid,uuid,text,text,uuid) TO sextant_app, sextant_platform;
