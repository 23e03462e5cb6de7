-- Store a new run with its message and its entry in the audit log; NULL where an equal run or one of its key is in the way.
CREATE OR REPLACE FUNCTION queue_run(p_run scenario_run, p_traceparent text, p_data jsonb DEFAULT '{}') RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    fresh  scenario_run := unstarted_run(p_run);
    queued scenario_run;
BEGIN
    fresh.claim_order := run_claim_order(fresh.priority, clock_timestamp());
    INSERT INTO scenario_run VALUES (fresh.*)
    ON CONFLICT DO NOTHING
    RETURNING * INTO queued;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM outbox_enqueue(
        queued.tenant_id, 'run.requested', format('run:%s:0', queued.id),
        jsonb_build_object('run_id', queued.id, 'tenant_id', queued.tenant_id, 'scenario_id', queued.scenario_id),
        jsonb_build_object('correlation-id', queued.correlation_id, 'traceparent', p_traceparent));
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (queued.tenant_id, queued.scenario_id, queued.id, 'RUN_REQUESTED', queued.created_by, queued.correlation_id,
            jsonb_build_object('version_hash', queued.version_hash, 'priority', queued.priority) || p_data);
    RETURN queued;
END
$$;
GRANT EXECUTE ON FUNCTION queue_run(scenario_run,text,jsonb) TO sextant_app, sextant_platform;
