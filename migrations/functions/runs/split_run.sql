-- Split a run that the caller holds into children, with their messages. False when its fencing token is stale. A run
-- is split once: were it split before, by an attempt that did not come to know of it, its children stay.
CREATE OR REPLACE FUNCTION split_run(p_tenant text, p_run uuid, p_fencing_token bigint, p_parts jsonb[], p_gb_seconds double precision, p_actor text)
    RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    held  scenario_run;
    child scenario_run;
BEGIN
    SELECT * INTO held FROM scenario_run r
    WHERE r.tenant_id = p_tenant AND r.id = p_run AND r.state = 'RUNNING' AND r.fencing_token = p_fencing_token FOR UPDATE;
    IF NOT FOUND OR held.parts IS NOT NULL THEN
        RETURN held.parts IS NOT NULL;
    END IF;
    FOR turn IN 1..cardinality(p_parts) LOOP
        child := unstarted_run(held);
        child.id := outbox_event_id();
        child.version_hash := encode(sha256(convert_to(held.id || ':' || turn, 'UTF8')), 'hex');
        child.idempotency_key := NULL;
        child.created_by := p_actor;
        child.parent_run_id := held.id;
        child.part := p_parts[turn] || jsonb_build_object('index', turn - 1);
        INSERT INTO scenario_run VALUES (child.*);
        PERFORM outbox_enqueue(
            p_tenant, 'run.requested', format('run:%s:0', child.id),
            jsonb_build_object('run_id', child.id, 'tenant_id', p_tenant, 'scenario_id', held.scenario_id),
            jsonb_build_object('correlation-id', held.correlation_id), p_refusable => false);
    END LOOP;
    -- The attempt goes on: the parts and their merge belong to it, and its outcome is theirs.
    UPDATE scenario_run r SET parts = cardinality(p_parts), lease_until = NULL, gb_seconds = r.gb_seconds + p_gb_seconds, updated_at = clock_timestamp()
    WHERE r.tenant_id = p_tenant AND r.id = p_run;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (p_tenant, held.scenario_id, p_run, 'RUN_SPLIT', p_actor, held.correlation_id, jsonb_build_object('parts', cardinality(p_parts)));
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION split_run(text,uuid,bigint,jsonb[],double precision,text) TO sextant_platform;
