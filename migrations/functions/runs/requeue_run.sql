-- Put a run back in the queue for another attempt, no sooner than after `p_delay`; without `p_attempt_outcome` for
-- the same attempt to go on. A run whose parts are computed keeps their progress.
CREATE OR REPLACE FUNCTION requeue_run(p_run scenario_run, p_error jsonb, p_attempt_outcome text, p_delay interval, p_actor text) RETURNS scenario_run
    LANGUAGE plpgsql AS $$
DECLARE
    queued scenario_run;
BEGIN
    UPDATE run_attempt a SET outcome = p_attempt_outcome, error = p_error, ended_at = clock_timestamp()
    WHERE a.tenant_id = p_run.tenant_id AND a.run_id = p_run.id AND a.outcome IS NULL AND p_attempt_outcome IS NOT NULL;
    UPDATE scenario_run r SET
        state = 'QUEUED', error = p_error, lease_until = NULL, updated_at = clock_timestamp(),
        progress_percent = CASE WHEN r.parts IS NULL THEN 0 ELSE r.progress_percent END,
        available_at = clock_timestamp() + coalesce(p_delay, interval '0')
    WHERE r.tenant_id = p_run.tenant_id AND r.id = p_run.id
    RETURNING * INTO queued;
    INSERT INTO scenario_event (tenant_id, scenario_id, run_id, event_type, actor, correlation_id, data)
    VALUES (queued.tenant_id, queued.scenario_id, queued.id, 'RUN_REQUEUED', p_actor, queued.correlation_id,
            jsonb_build_object('attempt', queued.attempt, 'error', p_error));
    PERFORM outbox_enqueue(
        queued.tenant_id, 'run.requested', format('run:%s:%s', queued.id, queued.fencing_token),
        jsonb_build_object('run_id', queued.id, 'tenant_id', queued.tenant_id, 'scenario_id', queued.scenario_id),
        jsonb_build_object('correlation-id', queued.correlation_id), p_delay, false);
    PERFORM wake_next_run(queued);
    RETURN queued;
END
$$;
GRANT EXECUTE ON FUNCTION requeue_run(scenario_run,jsonb,text,interval,text) TO sextant_app, sextant_platform;
