-- End a run that will publish nothing: FAILED, TIMEOUT or CANCELLED, with its trail and its event. The caller
-- holds the row's lock and has checked that the move is allowed.
CREATE OR REPLACE FUNCTION end_run(p_run scenario_run, p_state text, p_error jsonb, p_actor text) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    ended scenario_run;
BEGIN
    UPDATE output_file f SET state = 'DISCARDED'
    WHERE f.tenant_id = p_run.tenant_id AND f.run_id = p_run.id AND f.state = 'WAITING';
    UPDATE run_attempt a SET outcome = p_state, error = p_error, ended_at = clock_timestamp()
    WHERE a.tenant_id = p_run.tenant_id AND a.run_id = p_run.id AND a.outcome IS NULL;
    UPDATE scenario_run r SET
        state = p_state, error = p_error, lease_until = NULL, completed_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE r.tenant_id = p_run.tenant_id AND r.id = p_run.id
    RETURNING * INTO ended;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (ended.tenant_id, ended.scenario_id, ended.id, 'RUN_' || p_state, p_actor, ended.correlation_id,
            jsonb_build_object('attempt', ended.attempt, 'error', p_error));
    PERFORM outbox_enqueue(
        ended.tenant_id, CASE WHEN p_state = 'CANCELLED' THEN 'run.cancelled' ELSE 'run.failed' END,
        format('run:%s:ended', ended.id),
        jsonb_build_object('run_id', ended.id, 'tenant_id', ended.tenant_id, 'scenario_id', ended.scenario_id,
                           'state', p_state, 'error', p_error),
        jsonb_build_object('correlation-id', ended.correlation_id), p_refusable => false);
    IF (p_error ->> 'poison')::boolean THEN
        -- A run that fails by itself each time is laid aside where an operator finds it, as its message would be.
        PERFORM outbox_enqueue(
            ended.tenant_id, 'run.poisoned', format('run:%s:poisoned', ended.id),
            jsonb_build_object('run_id', ended.id, 'tenant_id', ended.tenant_id, 'scenario_id', ended.scenario_id, 'error', p_error),
            jsonb_build_object('correlation-id', ended.correlation_id), p_refusable => false);
    END IF;
    IF p_run.state = 'RUNNING' AND p_run.lease_until IS NOT NULL THEN
        PERFORM wake_next_run(ended);
    END IF;
    RETURN ended;
END
$$;
GRANT EXECUTE ON FUNCTION end_run(scenario_run,text,jsonb,text) TO sextant_app, sextant_platform;
