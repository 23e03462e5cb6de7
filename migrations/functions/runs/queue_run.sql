-- Store a new run with its message and its trail; NULL where an equal run or one of its key is in the way.
CREATE OR REPLACE FUNCTION queue_run(p_run scenario_run, p_traceparent text, p_data jsonb DEFAULT '{}') RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    queued scenario_run;
BEGIN
    INSERT INTO scenario_run AS r (
        tenant_id, id, scenario_id, scenario_version, priority, version_hash, parameters, code_version, environment, seed,
        timeout_minutes, max_retries, idempotency_key, request_hash, correlation_id, created_by, claim_order)
    VALUES (
        p_run.tenant_id, p_run.id, p_run.scenario_id, p_run.scenario_version, p_run.priority, p_run.version_hash, p_run.parameters,
        p_run.code_version, p_run.environment, p_run.seed, p_run.timeout_minutes, p_run.max_retries, p_run.idempotency_key,
        p_run.request_hash, p_run.correlation_id, p_run.created_by, run_claim_order(p_run.priority, clock_timestamp()))
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
